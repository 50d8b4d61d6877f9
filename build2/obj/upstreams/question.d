build2/obj/upstreams/question.o: upstreams/question.c base/banned.h \
 base/check.h base/counters.h base/memory.h upstreams/fetch_private.h \
 base/buf.h base/lock.h upstreams/answer.h upstreams/fetch.h \
 upstreams/candidates.h upstreams/exchange.h upstreams/judge.h \
 upstreams/lanes.h upstreams/tokens.h upstreams/head.h upstreams/hop.h \
 upstreams/upstream.h
base/banned.h:
base/check.h:
base/counters.h:
base/memory.h:
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
upstreams/head.h:
upstreams/hop.h:
upstreams/upstream.h:
