build2/obj/upstreams/fetch.o: upstreams/fetch.c base/banned.h \
 upstreams/fetch.h base/check.h base/clock.h base/memory.h \
 upstreams/fetch_private.h base/buf.h base/lock.h upstreams/answer.h \
 upstreams/candidates.h upstreams/exchange.h upstreams/judge.h \
 upstreams/lanes.h upstreams/tokens.h
base/banned.h:
upstreams/fetch.h:
base/check.h:
base/clock.h:
base/memory.h:
upstreams/fetch_private.h:
base/buf.h:
base/lock.h:
upstreams/answer.h:
upstreams/candidates.h:
upstreams/exchange.h:
upstreams/judge.h:
upstreams/lanes.h:
upstreams/tokens.h:
