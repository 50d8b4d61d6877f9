build2/obj/upstreams/page_json.o: upstreams/page_json.c base/banned.h \
 base/text.h upstreams/page_internal.h base/buf.h upstreams/page.h \
 base/arena.h base/digest.h
base/banned.h:
base/text.h:
upstreams/page_internal.h:
base/buf.h:
upstreams/page.h:
base/arena.h:
base/digest.h:
