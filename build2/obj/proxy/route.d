build2/obj/proxy/route.o: proxy/route.c base/banned.h proxy/route.h \
 proxy/request.h proxy/fill.h base/lock.h proxy/memcache.h proxy/stream.h \
 storage/store.h base/digest.h upstreams/fetch.h proxy/proxy.h \
 base/config.h proxy/target.h proxy/home.h proxy/pypi.h proxy/document.h \
 base/buf.h upstreams/page.h base/arena.h proxy/registry.h \
 upstreams/image.h upstreams/manifest.h proxy/respond.h
base/banned.h:
proxy/route.h:
proxy/request.h:
proxy/fill.h:
base/lock.h:
proxy/memcache.h:
proxy/stream.h:
storage/store.h:
base/digest.h:
upstreams/fetch.h:
proxy/proxy.h:
base/config.h:
proxy/target.h:
proxy/home.h:
proxy/pypi.h:
proxy/document.h:
base/buf.h:
upstreams/page.h:
base/arena.h:
proxy/registry.h:
upstreams/image.h:
upstreams/manifest.h:
proxy/respond.h:
