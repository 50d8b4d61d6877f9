build2/obj/upstreams/list_uv_lock.o: upstreams/list_uv_lock.c \
 base/banned.h base/text.h upstreams/list_lock.h \
 upstreams/list_internal.h base/buf.h base/memory.h upstreams/list.h \
 base/arena.h base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/toml.h upstreams/project.h
base/banned.h:
base/text.h:
upstreams/list_lock.h:
upstreams/list_internal.h:
base/buf.h:
base/memory.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/toml.h:
upstreams/project.h:
