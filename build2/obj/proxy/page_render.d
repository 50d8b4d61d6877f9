build2/obj/proxy/page_render.o: proxy/page_render.c base/banned.h \
 proxy/page_render.h base/digest.h base/buf.h base/check.h base/memory.h \
 base/text.h upstreams/page.h base/arena.h upstreams/project.h
base/banned.h:
proxy/page_render.h:
base/digest.h:
base/buf.h:
base/check.h:
base/memory.h:
base/text.h:
upstreams/page.h:
base/arena.h:
upstreams/project.h:
