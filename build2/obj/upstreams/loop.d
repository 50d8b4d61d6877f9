build2/obj/upstreams/loop.o: upstreams/loop.c base/banned.h \
 upstreams/loop.h base/buf.h base/check.h base/clock.h base/memory.h \
 base/version.h
base/banned.h:
upstreams/loop.h:
base/buf.h:
base/check.h:
base/clock.h:
base/memory.h:
base/version.h:
