build2/obj/upstreams/request.o: upstreams/request.c base/banned.h \
 base/check.h base/clock.h base/counters.h base/memory.h \
 upstreams/address.h upstreams/exchange_private.h base/buf.h \
 upstreams/exchange.h upstreams/head.h upstreams/hop.h upstreams/loop.h \
 upstreams/upstream.h
base/banned.h:
base/check.h:
base/clock.h:
base/counters.h:
base/memory.h:
upstreams/address.h:
upstreams/exchange_private.h:
base/buf.h:
upstreams/exchange.h:
upstreams/head.h:
upstreams/hop.h:
upstreams/loop.h:
upstreams/upstream.h:
