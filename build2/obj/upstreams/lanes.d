build2/obj/upstreams/lanes.o: upstreams/lanes.c base/banned.h \
 upstreams/lanes.h base/check.h base/memory.h upstreams/upstream.h
base/banned.h:
upstreams/lanes.h:
base/check.h:
base/memory.h:
upstreams/upstream.h:
