build2/obj/proxy/registry_image.o: proxy/registry_image.c base/banned.h \
 base/buf.h base/memory.h base/text.h proxy/registry.h proxy/document.h \
 base/lock.h proxy/memcache.h proxy/proxy.h base/config.h proxy/request.h \
 proxy/fill.h proxy/stream.h storage/store.h base/digest.h \
 upstreams/fetch.h proxy/target.h upstreams/image.h upstreams/manifest.h \
 proxy/respond.h
base/banned.h:
base/buf.h:
base/memory.h:
base/text.h:
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
