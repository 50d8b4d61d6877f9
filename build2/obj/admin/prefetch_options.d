build2/obj/admin/prefetch_options.o: admin/prefetch_options.c \
 base/banned.h admin/prefetch_options.h admin/prefetch.h base/buf.h \
 upstreams/list.h base/arena.h base/digest.h upstreams/requirement.h \
 upstreams/specifier.h upstreams/version.h upstreams/python_target.h \
 upstreams/marker.h base/config.h upstreams/word_list.h \
 admin/image_platform.h admin/program.h base/memory.h base/text.h
base/banned.h:
admin/prefetch_options.h:
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
base/config.h:
upstreams/word_list.h:
admin/image_platform.h:
admin/program.h:
base/memory.h:
base/text.h:
