build2/obj/upstreams/tokens.o: upstreams/tokens.c base/banned.h \
 upstreams/tokens.h base/buf.h base/check.h base/clock.h base/memory.h \
 upstreams/challenge.h upstreams/lanes.h upstreams/token_request.h \
 upstreams/upstream.h upstreams/url.h
base/banned.h:
upstreams/tokens.h:
base/buf.h:
base/check.h:
base/clock.h:
base/memory.h:
upstreams/challenge.h:
upstreams/lanes.h:
upstreams/token_request.h:
upstreams/upstream.h:
upstreams/url.h:
