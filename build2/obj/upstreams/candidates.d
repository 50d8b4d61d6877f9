build2/obj/upstreams/candidates.o: upstreams/candidates.c base/banned.h \
 upstreams/candidates.h base/buf.h base/memory.h upstreams/fetch.h \
 upstreams/hop.h upstreams/upstream.h
base/banned.h:
upstreams/candidates.h:
base/buf.h:
base/memory.h:
upstreams/fetch.h:
upstreams/hop.h:
upstreams/upstream.h:
