build2/obj/upstreams/page_list.o: upstreams/page_list.c base/banned.h \
 base/memory.h base/text.h upstreams/html.h upstreams/page_internal.h \
 base/buf.h upstreams/page.h base/arena.h base/digest.h \
 upstreams/project.h
base/banned.h:
base/memory.h:
base/text.h:
upstreams/html.h:
upstreams/page_internal.h:
base/buf.h:
upstreams/page.h:
base/arena.h:
base/digest.h:
upstreams/project.h:
