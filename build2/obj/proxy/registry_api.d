build2/obj/proxy/registry_api.o: proxy/registry_api.c base/banned.h \
 base/buf.h base/memory.h proxy/registry.h proxy/document.h base/lock.h \
 proxy/memcache.h proxy/proxy.h base/config.h proxy/request.h \
 proxy/fill.h proxy/stream.h storage/store.h base/digest.h \
 upstreams/fetch.h proxy/target.h upstreams/image.h upstreams/manifest.h \
 proxy/respond.h
base/banned.h:
base/buf.h:
base/memory.h:
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
base/digest.h:
upstreams/fetch.h:
proxy/target.h:
upstreams/image.h:
upstreams/manifest.h:
proxy/respond.h:
