build2/obj/upstreams/list_lines.o: upstreams/list_lines.c base/banned.h \
 upstreams/list_lines.h upstreams/list_internal.h base/buf.h \
 base/memory.h upstreams/list.h base/arena.h base/digest.h \
 upstreams/requirement.h upstreams/specifier.h upstreams/version.h \
 upstreams/toml.h base/text.h
base/banned.h:
upstreams/list_lines.h:
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
