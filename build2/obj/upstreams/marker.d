build2/obj/upstreams/marker.o: upstreams/marker.c base/banned.h \
 upstreams/marker.h base/arena.h base/buf.h base/memory.h base/text.h \
 upstreams/project.h base/digest.h upstreams/scan.h upstreams/specifier.h \
 upstreams/version.h
base/banned.h:
upstreams/marker.h:
base/arena.h:
base/buf.h:
base/memory.h:
base/text.h:
upstreams/project.h:
base/digest.h:
upstreams/scan.h:
upstreams/specifier.h:
upstreams/version.h:
