build2/obj/upstreams/list.o: upstreams/list.c base/banned.h \
 upstreams/list.h base/arena.h base/digest.h upstreams/requirement.h \
 upstreams/specifier.h upstreams/version.h base/file.h base/memory.h \
 base/text.h upstreams/list_lock.h upstreams/list_internal.h base/buf.h \
 upstreams/toml.h
base/banned.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
base/file.h:
base/memory.h:
base/text.h:
upstreams/list_lock.h:
upstreams/list_internal.h:
base/buf.h:
upstreams/toml.h:
