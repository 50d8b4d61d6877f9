build2/obj/upstreams/list_interpolate.o: upstreams/list_interpolate.c \
 base/banned.h base/memory.h upstreams/list_yaml.h \
 upstreams/list_internal.h base/buf.h upstreams/list.h base/arena.h \
 base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/toml.h upstreams/scan.h
base/banned.h:
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
upstreams/scan.h:
