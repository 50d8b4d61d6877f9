build2/obj/upstreams/upstream.o: upstreams/upstream.c base/banned.h \
 upstreams/upstream.h base/check.h base/clock.h base/lock.h base/memory.h
base/banned.h:
upstreams/upstream.h:
base/check.h:
base/clock.h:
base/lock.h:
base/memory.h:
