build2/obj/upstreams/client_transfer.o: upstreams/client_transfer.c \
 base/banned.h base/check.h base/json.h base/memory.h base/text.h \
 upstreams/cache_status.h upstreams/client_private.h base/buf.h \
 upstreams/client.h upstreams/head.h upstreams/loop.h upstreams/url.h
base/banned.h:
base/check.h:
base/json.h:
base/memory.h:
base/text.h:
upstreams/cache_status.h:
upstreams/client_private.h:
base/buf.h:
upstreams/client.h:
upstreams/head.h:
upstreams/loop.h:
upstreams/url.h:
