build2/obj/admin/export_operation.o: admin/export_operation.c \
 base/banned.h admin/bundle_names.h admin/operation.h base/buf.h \
 base/clock.h base/digest_set.h base/digest.h base/json.h base/memory.h \
 base/text.h proxy/holding.h proxy/holding_version.h \
 upstreams/specifier.h upstreams/version.h proxy/prefetch_record.h \
 proxy/pypi.h proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h upstreams/fetch.h proxy/target.h upstreams/page.h \
 base/arena.h proxy/registry.h upstreams/image.h upstreams/manifest.h \
 storage/bundle.h storage/keep.h
base/banned.h:
admin/bundle_names.h:
admin/operation.h:
base/buf.h:
base/clock.h:
base/digest_set.h:
base/digest.h:
base/json.h:
base/memory.h:
base/text.h:
proxy/holding.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
proxy/prefetch_record.h:
proxy/pypi.h:
proxy/document.h:
base/lock.h:
proxy/memcache.h:
proxy/proxy.h:
base/config.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
storage/store.h:
upstreams/fetch.h:
proxy/target.h:
upstreams/page.h:
base/arena.h:
proxy/registry.h:
upstreams/image.h:
upstreams/manifest.h:
storage/bundle.h:
storage/keep.h:
