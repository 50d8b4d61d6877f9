build2/obj/upstreams/requirement.o: upstreams/requirement.c base/banned.h \
 upstreams/requirement.h upstreams/specifier.h upstreams/version.h \
 base/buf.h base/memory.h upstreams/marker.h upstreams/project.h \
 base/digest.h upstreams/scan.h
base/banned.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
base/buf.h:
base/memory.h:
upstreams/marker.h:
upstreams/project.h:
base/digest.h:
upstreams/scan.h:
