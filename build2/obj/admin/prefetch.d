build2/obj/admin/prefetch.o: admin/prefetch.c base/banned.h \
 admin/prefetch.h base/buf.h upstreams/list.h base/arena.h base/digest.h \
 upstreams/requirement.h upstreams/specifier.h upstreams/version.h \
 upstreams/python_target.h upstreams/marker.h admin/command.h \
 admin/prefetch_options.h base/config.h upstreams/word_list.h \
 admin/prefetch_report.h admin/server_url.h base/log.h base/memory.h \
 base/text.h upstreams/client.h
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
admin/command.h:
admin/prefetch_options.h:
base/config.h:
upstreams/word_list.h:
admin/prefetch_report.h:
admin/server_url.h:
base/log.h:
base/memory.h:
base/text.h:
upstreams/client.h:
