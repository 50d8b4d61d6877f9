build2/obj/proxy/holding.o: proxy/holding.c base/banned.h proxy/holding.h \
 proxy/holding_version.h upstreams/specifier.h upstreams/version.h \
 base/buf.h base/config.h base/digest_set.h base/digest.h base/memory.h \
 base/text.h proxy/image_parts.h upstreams/manifest.h \
 proxy/prefetch_record.h proxy/pypi.h proxy/document.h base/lock.h \
 proxy/memcache.h proxy/proxy.h proxy/request.h proxy/fill.h \
 proxy/stream.h storage/store.h upstreams/fetch.h proxy/target.h \
 upstreams/page.h base/arena.h proxy/registry.h upstreams/image.h \
 storage/keep.h upstreams/project.h
base/banned.h:
proxy/holding.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
base/buf.h:
base/config.h:
base/digest_set.h:
base/digest.h:
base/memory.h:
base/text.h:
proxy/image_parts.h:
upstreams/manifest.h:
proxy/prefetch_record.h:
proxy/pypi.h:
proxy/document.h:
base/lock.h:
proxy/memcache.h:
proxy/proxy.h:
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
storage/keep.h:
upstreams/project.h:
