build2/obj/upstreams/list_pipfile.o: upstreams/list_pipfile.c \
 base/banned.h base/json.h base/text.h upstreams/list_lock.h \
 upstreams/list_internal.h base/buf.h base/memory.h upstreams/list.h \
 base/arena.h base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/toml.h upstreams/marker.h \
 upstreams/project.h
base/banned.h:
base/json.h:
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
upstreams/marker.h:
upstreams/project.h:
