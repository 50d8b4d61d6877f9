build2/obj/admin/ls.o: admin/ls.c base/banned.h admin/invocation.h \
 admin/command.h admin/list_status.h admin/operation.h base/buf.h \
 admin/table.h base/json.h base/memory.h proxy/prefetch_record.h \
 base/digest.h proxy/pypi.h proxy/document.h base/lock.h proxy/memcache.h \
 proxy/proxy.h base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h upstreams/fetch.h proxy/target.h upstreams/page.h \
 base/arena.h proxy/registry.h upstreams/image.h upstreams/manifest.h \
 storage/keep.h
base/banned.h:
admin/invocation.h:
admin/command.h:
admin/list_status.h:
admin/operation.h:
base/buf.h:
admin/table.h:
base/json.h:
base/memory.h:
proxy/prefetch_record.h:
base/digest.h:
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
upstreams/fetch.h:
proxy/target.h:
upstreams/page.h:
base/arena.h:
proxy/registry.h:
upstreams/image.h:
upstreams/manifest.h:
storage/keep.h:
