build2/obj/admin/schedule.o: admin/schedule.c base/banned.h \
 admin/schedule.h admin/prefetch.h base/buf.h upstreams/list.h \
 base/arena.h base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/python_target.h upstreams/marker.h \
 admin/prefetch_options.h base/config.h upstreams/word_list.h \
 admin/prefetch_report.h admin/server_url.h base/check.h base/clock.h \
 base/json.h base/log.h base/memory.h proxy/prefetch_record.h \
 proxy/proxy.h base/lock.h proxy/memcache.h proxy/registry.h \
 proxy/document.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h upstreams/fetch.h proxy/target.h upstreams/image.h \
 upstreams/manifest.h upstreams/client.h
base/banned.h:
admin/schedule.h:
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
admin/prefetch_options.h:
base/config.h:
upstreams/word_list.h:
admin/prefetch_report.h:
admin/server_url.h:
base/check.h:
base/clock.h:
base/json.h:
base/log.h:
base/memory.h:
proxy/prefetch_record.h:
proxy/proxy.h:
base/lock.h:
proxy/memcache.h:
proxy/registry.h:
proxy/document.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
storage/store.h:
upstreams/fetch.h:
proxy/target.h:
upstreams/image.h:
upstreams/manifest.h:
upstreams/client.h:
