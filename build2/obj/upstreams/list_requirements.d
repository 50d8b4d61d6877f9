build2/obj/upstreams/list_requirements.o: upstreams/list_requirements.c \
 base/banned.h base/memory.h base/text.h upstreams/list_lines.h \
 upstreams/list_internal.h base/buf.h upstreams/list.h base/arena.h \
 base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/toml.h upstreams/list_options.h \
 upstreams/project.h upstreams/word_list.h
base/banned.h:
base/memory.h:
base/text.h:
upstreams/list_lines.h:
upstreams/list_internal.h:
base/buf.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/toml.h:
upstreams/list_options.h:
upstreams/project.h:
upstreams/word_list.h:
