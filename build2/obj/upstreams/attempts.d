build2/obj/upstreams/attempts.o: upstreams/attempts.c base/banned.h \
 base/clock.h base/counters.h base/log.h base/memory.h base/text.h \
 upstreams/fetch_private.h base/buf.h base/lock.h upstreams/answer.h \
 upstreams/fetch.h upstreams/candidates.h upstreams/exchange.h \
 upstreams/judge.h upstreams/lanes.h upstreams/tokens.h \
 upstreams/upstream.h
base/banned.h:
base/clock.h:
base/counters.h:
base/log.h:
base/memory.h:
base/text.h:
upstreams/fetch_private.h:
base/buf.h:
base/lock.h:
upstreams/answer.h:
upstreams/fetch.h:
upstreams/candidates.h:
upstreams/exchange.h:
upstreams/judge.h:
upstreams/lanes.h:
upstreams/tokens.h:
upstreams/upstream.h:
