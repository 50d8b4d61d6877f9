build2/obj/upstreams/resolve_project.o: upstreams/resolve_project.c \
 base/banned.h base/check.h base/memory.h base/text.h upstreams/marker.h \
 upstreams/project.h base/digest.h upstreams/resolve_private.h base/buf.h \
 upstreams/metadata.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/page.h base/arena.h \
 upstreams/python_target.h upstreams/resolve.h upstreams/wheel_tag.h \
 upstreams/word_list.h
base/banned.h:
base/check.h:
base/memory.h:
base/text.h:
upstreams/marker.h:
upstreams/project.h:
base/digest.h:
upstreams/resolve_private.h:
base/buf.h:
upstreams/metadata.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/page.h:
base/arena.h:
upstreams/python_target.h:
upstreams/resolve.h:
upstreams/wheel_tag.h:
upstreams/word_list.h:
