build2/obj/admin/export.o: admin/export.c base/banned.h \
 admin/bundle_names.h admin/export_format.h storage/bundle.h base/arena.h \
 base/digest.h storage/store.h admin/invocation.h admin/command.h \
 admin/operation.h base/buf.h admin/pieces.h admin/prefetch_options.h \
 admin/prefetch.h upstreams/list.h upstreams/requirement.h \
 upstreams/specifier.h upstreams/version.h upstreams/python_target.h \
 upstreams/marker.h base/config.h upstreams/word_list.h \
 admin/prefetch_report.h admin/server_url.h base/clock.h base/json.h \
 base/log.h base/memory.h base/text.h upstreams/client.h
base/banned.h:
admin/bundle_names.h:
admin/export_format.h:
storage/bundle.h:
base/arena.h:
base/digest.h:
storage/store.h:
admin/invocation.h:
admin/command.h:
admin/operation.h:
base/buf.h:
admin/pieces.h:
admin/prefetch_options.h:
admin/prefetch.h:
upstreams/list.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/python_target.h:
upstreams/marker.h:
base/config.h:
upstreams/word_list.h:
admin/prefetch_report.h:
admin/server_url.h:
base/clock.h:
base/json.h:
base/log.h:
base/memory.h:
base/text.h:
upstreams/client.h:
