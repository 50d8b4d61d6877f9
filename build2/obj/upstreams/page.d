build2/obj/upstreams/page.o: upstreams/page.c base/banned.h \
 upstreams/page.h base/arena.h base/digest.h base/check.h base/memory.h \
 base/text.h upstreams/page_internal.h base/buf.h upstreams/project.h \
 upstreams/url.h
base/banned.h:
upstreams/page.h:
base/arena.h:
base/digest.h:
base/check.h:
base/memory.h:
base/text.h:
upstreams/page_internal.h:
base/buf.h:
upstreams/project.h:
upstreams/url.h:
