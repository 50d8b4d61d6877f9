build2/obj/proxy/registry_manifest.o: proxy/registry_manifest.c \
 base/banned.h base/buf.h base/clock.h base/memory.h proxy/image_parts.h \
 base/digest.h upstreams/manifest.h proxy/jobs.h proxy/registry.h \
 proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h upstreams/fetch.h proxy/target.h upstreams/image.h \
 proxy/respond.h
base/banned.h:
base/buf.h:
base/clock.h:
base/memory.h:
proxy/image_parts.h:
base/digest.h:
upstreams/manifest.h:
proxy/jobs.h:
proxy/registry.h:
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
upstreams/image.h:
proxy/respond.h:
