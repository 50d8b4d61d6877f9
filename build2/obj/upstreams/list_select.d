build2/obj/upstreams/list_select.o: upstreams/list_select.c base/banned.h \
 base/memory.h upstreams/list_lock.h upstreams/list_internal.h base/buf.h \
 upstreams/list.h base/arena.h base/digest.h upstreams/requirement.h \
 upstreams/specifier.h upstreams/version.h upstreams/toml.h \
 upstreams/marker.h
base/banned.h:
base/memory.h:
upstreams/list_lock.h:
upstreams/list_internal.h:
base/buf.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/toml.h:
upstreams/marker.h:
