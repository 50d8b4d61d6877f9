build2/obj/upstreams/link.o: upstreams/link.c base/banned.h \
 upstreams/link.h base/buf.h base/text.h upstreams/field.h \
 upstreams/url.h
base/banned.h:
upstreams/link.h:
base/buf.h:
base/text.h:
upstreams/field.h:
upstreams/url.h:
