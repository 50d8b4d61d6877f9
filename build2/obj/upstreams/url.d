build2/obj/upstreams/url.o: upstreams/url.c base/banned.h upstreams/url.h \
 base/buf.h base/text.h
base/banned.h:
upstreams/url.h:
base/buf.h:
base/text.h:
