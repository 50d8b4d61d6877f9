build2/obj/proxy/image_unit.o: proxy/image_unit.c base/banned.h \
 proxy/image_unit.h storage/store.h base/digest.h base/digest_set.h \
 base/memory.h proxy/image_parts.h upstreams/manifest.h proxy/registry.h \
 proxy/document.h base/buf.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 upstreams/fetch.h proxy/target.h upstreams/image.h storage/keep.h
base/banned.h:
proxy/image_unit.h:
storage/store.h:
base/digest.h:
base/digest_set.h:
base/memory.h:
proxy/image_parts.h:
upstreams/manifest.h:
proxy/registry.h:
proxy/document.h:
base/buf.h:
base/lock.h:
proxy/memcache.h:
proxy/proxy.h:
base/config.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
upstreams/fetch.h:
proxy/target.h:
upstreams/image.h:
storage/keep.h:
