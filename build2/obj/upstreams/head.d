build2/obj/upstreams/head.o: upstreams/head.c base/banned.h \
 upstreams/head.h base/buf.h base/clock.h base/memory.h base/text.h
base/banned.h:
upstreams/head.h:
base/buf.h:
base/clock.h:
base/memory.h:
base/text.h:
