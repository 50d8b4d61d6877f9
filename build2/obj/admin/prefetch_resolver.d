build2/obj/admin/prefetch_resolver.o: admin/prefetch_resolver.c \
 base/banned.h admin/prefetch.h base/buf.h upstreams/list.h base/arena.h \
 base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/python_target.h upstreams/marker.h \
 admin/program.h base/json.h base/memory.h base/text.h \
 upstreams/wheel_tag.h upstreams/project.h upstreams/word_list.h
base/banned.h:
admin/prefetch.h:
base/buf.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/python_target.h:
upstreams/marker.h:
admin/program.h:
base/json.h:
base/memory.h:
base/text.h:
upstreams/wheel_tag.h:
upstreams/project.h:
upstreams/word_list.h:
