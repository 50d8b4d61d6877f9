build2/obj/admin/bundle_names.o: admin/bundle_names.c base/banned.h \
 admin/bundle_names.h base/buf.h base/memory.h base/text.h proxy/pypi.h \
 proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h base/digest.h upstreams/fetch.h proxy/target.h \
 upstreams/page.h base/arena.h proxy/registry.h upstreams/image.h \
 upstreams/manifest.h upstreams/project.h
base/banned.h:
admin/bundle_names.h:
base/buf.h:
base/memory.h:
base/text.h:
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
base/digest.h:
upstreams/fetch.h:
proxy/target.h:
upstreams/page.h:
base/arena.h:
proxy/registry.h:
upstreams/image.h:
upstreams/manifest.h:
upstreams/project.h:
