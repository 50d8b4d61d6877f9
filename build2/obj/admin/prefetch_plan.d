build2/obj/admin/prefetch_plan.o: admin/prefetch_plan.c base/banned.h \
 admin/prefetch.h base/buf.h upstreams/list.h base/arena.h base/digest.h \
 upstreams/requirement.h upstreams/specifier.h upstreams/version.h \
 upstreams/python_target.h upstreams/marker.h base/config.h base/json.h \
 base/memory.h proxy/holding.h proxy/holding_version.h proxy/pypi.h \
 proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 proxy/request.h proxy/fill.h proxy/stream.h storage/store.h \
 upstreams/fetch.h proxy/target.h upstreams/page.h proxy/registry.h \
 upstreams/image.h upstreams/manifest.h upstreams/client.h \
 upstreams/project.h
base/banned.h:
admin/prefetch.h:
base/buf.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/python_target.h:
upstreams/marker.h:
base/config.h:
base/json.h:
base/memory.h:
proxy/holding.h:
proxy/holding_version.h:
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
proxy/registry.h:
upstreams/image.h:
upstreams/manifest.h:
upstreams/client.h:
upstreams/project.h:
