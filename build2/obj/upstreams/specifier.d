build2/obj/upstreams/specifier.o: upstreams/specifier.c base/banned.h \
 upstreams/specifier.h upstreams/version.h base/buf.h base/check.h \
 base/memory.h upstreams/scan.h
base/banned.h:
upstreams/specifier.h:
upstreams/version.h:
base/buf.h:
base/check.h:
base/memory.h:
upstreams/scan.h:
