build2/obj/upstreams/page_html.o: upstreams/page_html.c base/banned.h \
 base/text.h upstreams/html.h upstreams/page_internal.h base/buf.h \
 upstreams/page.h base/arena.h base/digest.h upstreams/project.h \
 upstreams/url.h
base/banned.h:
base/text.h:
upstreams/html.h:
upstreams/page_internal.h:
base/buf.h:
upstreams/page.h:
base/arena.h:
base/digest.h:
upstreams/project.h:
upstreams/url.h:
