build2/obj/upstreams/sdist.o: upstreams/sdist.c base/banned.h \
 upstreams/sdist.h base/buf.h base/memory.h base/text.h \
 upstreams/metadata.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/project.h base/digest.h upstreams/toml.h
base/banned.h:
upstreams/sdist.h:
base/buf.h:
base/memory.h:
base/text.h:
upstreams/metadata.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/project.h:
base/digest.h:
upstreams/toml.h:
