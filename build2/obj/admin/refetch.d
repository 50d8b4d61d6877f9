build2/obj/admin/refetch.o: admin/refetch.c base/banned.h admin/refetch.h \
 admin/server_url.h base/buf.h base/clock.h base/memory.h base/text.h \
 base/version.h proxy/proxy.h base/config.h base/lock.h proxy/memcache.h \
 proxy/pypi.h proxy/document.h proxy/request.h proxy/fill.h \
 proxy/stream.h storage/store.h base/digest.h upstreams/fetch.h \
 proxy/target.h upstreams/page.h base/arena.h proxy/registry.h \
 upstreams/image.h upstreams/manifest.h upstreams/client.h
base/banned.h:
admin/refetch.h:
admin/server_url.h:
base/buf.h:
base/clock.h:
base/memory.h:
base/text.h:
base/version.h:
proxy/proxy.h:
base/config.h:
base/lock.h:
proxy/memcache.h:
proxy/pypi.h:
proxy/document.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
storage/store.h:
base/digest.h:
upstreams/fetch.h:
proxy/target.h:
upstreams/page.h:
base/arena.h:
proxy/registry.h:
upstreams/image.h:
upstreams/manifest.h:
upstreams/client.h:
