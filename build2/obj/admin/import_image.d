build2/obj/admin/import_image.o: admin/import_image.c base/banned.h \
 admin/import_image.h admin/import_plan.h admin/foreign.h base/digest.h \
 storage/bundle.h base/arena.h storage/store.h base/buf.h base/config.h \
 base/digest_set.h base/memory.h base/text.h proxy/holding.h \
 proxy/holding_version.h upstreams/specifier.h upstreams/version.h \
 proxy/image_entries.h upstreams/manifest.h proxy/registry.h \
 proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 proxy/request.h proxy/fill.h proxy/stream.h upstreams/fetch.h \
 proxy/target.h upstreams/image.h upstreams/project.h
base/banned.h:
admin/import_image.h:
admin/import_plan.h:
admin/foreign.h:
base/digest.h:
storage/bundle.h:
base/arena.h:
storage/store.h:
base/buf.h:
base/config.h:
base/digest_set.h:
base/memory.h:
base/text.h:
proxy/holding.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
proxy/image_entries.h:
upstreams/manifest.h:
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
upstreams/project.h:
