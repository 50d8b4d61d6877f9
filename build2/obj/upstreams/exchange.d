build2/obj/upstreams/exchange.o: upstreams/exchange.c base/banned.h \
 upstreams/exchange.h base/check.h base/clock.h base/memory.h \
 upstreams/exchange_private.h base/buf.h upstreams/head.h upstreams/hop.h \
 upstreams/loop.h upstreams/upstream.h
base/banned.h:
upstreams/exchange.h:
base/check.h:
base/clock.h:
base/memory.h:
upstreams/exchange_private.h:
base/buf.h:
upstreams/head.h:
upstreams/hop.h:
upstreams/loop.h:
upstreams/upstream.h:
