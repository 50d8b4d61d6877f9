build2/obj/upstreams/token_request.o: upstreams/token_request.c \
 base/banned.h upstreams/token_request.h base/buf.h base/counters.h \
 base/memory.h base/text.h upstreams/challenge.h upstreams/exchange.h \
 upstreams/head.h upstreams/upstream.h
base/banned.h:
upstreams/token_request.h:
base/buf.h:
base/counters.h:
base/memory.h:
base/text.h:
upstreams/challenge.h:
upstreams/exchange.h:
upstreams/head.h:
upstreams/upstream.h:
