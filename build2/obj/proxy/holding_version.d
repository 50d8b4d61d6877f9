build2/obj/proxy/holding_version.o: proxy/holding_version.c base/banned.h \
 proxy/holding_version.h upstreams/specifier.h upstreams/version.h \
 base/buf.h base/memory.h base/text.h upstreams/project.h base/digest.h
base/banned.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
base/buf.h:
base/memory.h:
base/text.h:
upstreams/project.h:
base/digest.h:
