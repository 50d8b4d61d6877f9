build2/obj/upstreams/html.o: upstreams/html.c base/banned.h \
 upstreams/html.h base/buf.h base/text.h
base/banned.h:
upstreams/html.h:
base/buf.h:
base/text.h:
