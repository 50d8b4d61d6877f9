build2/obj/upstreams/metadata.o: upstreams/metadata.c base/banned.h \
 upstreams/metadata.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h base/buf.h base/memory.h base/text.h \
 upstreams/project.h base/digest.h
base/banned.h:
upstreams/metadata.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
base/buf.h:
base/memory.h:
base/text.h:
upstreams/project.h:
base/digest.h:
