build2/obj/upstreams/resolve_explain.o: upstreams/resolve_explain.c \
 base/banned.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/resolve_private.h base/buf.h \
 upstreams/metadata.h upstreams/page.h base/arena.h base/digest.h \
 upstreams/python_target.h upstreams/marker.h upstreams/resolve.h
base/banned.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/resolve_private.h:
base/buf.h:
upstreams/metadata.h:
upstreams/page.h:
base/arena.h:
base/digest.h:
upstreams/python_target.h:
upstreams/marker.h:
upstreams/resolve.h:
