build2/obj/upstreams/list_yaml_tree.o: upstreams/list_yaml_tree.c \
 base/banned.h base/check.h base/memory.h upstreams/list_yaml.h \
 upstreams/list_internal.h base/buf.h upstreams/list.h base/arena.h \
 base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/toml.h
base/banned.h:
base/check.h:
base/memory.h:
upstreams/list_yaml.h:
upstreams/list_internal.h:
base/buf.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/toml.h:
