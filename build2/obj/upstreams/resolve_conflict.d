build2/obj/upstreams/resolve_conflict.o: upstreams/resolve_conflict.c \
 base/banned.h base/memory.h upstreams/resolve_private.h base/buf.h \
 upstreams/metadata.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/page.h base/arena.h base/digest.h \
 upstreams/python_target.h upstreams/marker.h upstreams/resolve.h
base/banned.h:
base/memory.h:
upstreams/resolve_private.h:
base/buf.h:
upstreams/metadata.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/page.h:
base/arena.h:
base/digest.h:
upstreams/python_target.h:
upstreams/marker.h:
upstreams/resolve.h:
