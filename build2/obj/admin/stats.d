build2/obj/admin/stats.o: admin/stats.c base/banned.h admin/invocation.h \
 admin/command.h admin/operation.h base/buf.h admin/table.h base/clock.h \
 base/config.h base/counters.h base/json.h base/text.h proxy/proxy.h \
 base/lock.h proxy/memcache.h proxy/pypi.h proxy/document.h \
 proxy/request.h proxy/fill.h proxy/stream.h storage/store.h \
 base/digest.h upstreams/fetch.h proxy/target.h upstreams/page.h \
 base/arena.h proxy/registry.h upstreams/image.h upstreams/manifest.h \
 storage/keep.h upstreams/upstream.h
base/banned.h:
admin/invocation.h:
admin/command.h:
admin/operation.h:
base/buf.h:
admin/table.h:
base/clock.h:
base/config.h:
base/counters.h:
base/json.h:
base/text.h:
proxy/proxy.h:
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
storage/keep.h:
upstreams/upstream.h:
