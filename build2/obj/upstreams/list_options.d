build2/obj/upstreams/list_options.o: upstreams/list_options.c \
 base/banned.h upstreams/list_options.h upstreams/list_internal.h \
 base/buf.h base/memory.h upstreams/list.h base/arena.h base/digest.h \
 upstreams/requirement.h upstreams/specifier.h upstreams/version.h \
 upstreams/toml.h base/text.h upstreams/project.h
base/banned.h:
upstreams/list_options.h:
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
base/text.h:
upstreams/project.h:
