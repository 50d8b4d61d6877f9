build2/obj/upstreams/resolve.o: upstreams/resolve.c base/banned.h \
 upstreams/resolve.h base/arena.h base/digest.h base/check.h \
 base/memory.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/resolve_private.h base/buf.h \
 upstreams/metadata.h upstreams/page.h upstreams/python_target.h \
 upstreams/marker.h
base/banned.h:
upstreams/resolve.h:
base/arena.h:
base/digest.h:
base/check.h:
base/memory.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/resolve_private.h:
base/buf.h:
upstreams/metadata.h:
upstreams/page.h:
upstreams/python_target.h:
upstreams/marker.h:
