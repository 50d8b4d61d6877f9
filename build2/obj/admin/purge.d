build2/obj/admin/purge.o: admin/purge.c base/banned.h admin/invocation.h \
 admin/command.h admin/operation.h base/buf.h base/clock.h base/config.h \
 base/digest_set.h base/digest.h base/json.h base/memory.h base/text.h \
 proxy/forget.h proxy/holding.h proxy/holding_version.h \
 upstreams/specifier.h upstreams/version.h proxy/image_unit.h \
 storage/store.h proxy/registry.h proxy/document.h base/lock.h \
 proxy/memcache.h proxy/proxy.h proxy/request.h proxy/fill.h \
 proxy/stream.h upstreams/fetch.h proxy/target.h upstreams/image.h \
 upstreams/manifest.h storage/keep.h
base/banned.h:
admin/invocation.h:
admin/command.h:
admin/operation.h:
base/buf.h:
base/clock.h:
base/config.h:
base/digest_set.h:
base/digest.h:
base/json.h:
base/memory.h:
base/text.h:
proxy/forget.h:
proxy/holding.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
proxy/image_unit.h:
storage/store.h:
proxy/registry.h:
proxy/document.h:
base/lock.h:
proxy/memcache.h:
proxy/proxy.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
upstreams/fetch.h:
proxy/target.h:
upstreams/image.h:
upstreams/manifest.h:
storage/keep.h:
