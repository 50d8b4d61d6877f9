build2/obj/upstreams/client.o: upstreams/client.c base/banned.h \
 upstreams/client.h base/check.h base/memory.h base/text.h \
 upstreams/client_private.h base/buf.h upstreams/head.h upstreams/loop.h \
 upstreams/url.h
base/banned.h:
upstreams/client.h:
base/check.h:
base/memory.h:
base/text.h:
upstreams/client_private.h:
base/buf.h:
upstreams/head.h:
upstreams/loop.h:
upstreams/url.h:
