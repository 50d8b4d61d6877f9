build2/obj/admin/export_wheels.o: admin/export_wheels.c base/banned.h \
 admin/export_format.h storage/bundle.h base/arena.h base/digest.h \
 storage/store.h admin/export_output.h base/buf.h base/memory.h \
 proxy/pypi.h proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 upstreams/fetch.h proxy/target.h upstreams/page.h upstreams/project.h
base/banned.h:
admin/export_format.h:
storage/bundle.h:
base/arena.h:
base/digest.h:
storage/store.h:
admin/export_output.h:
base/buf.h:
base/memory.h:
proxy/pypi.h:
proxy/document.h:
base/lock.h:
proxy/memcache.h:
proxy/proxy.h:
base/config.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
upstreams/fetch.h:
proxy/target.h:
upstreams/page.h:
upstreams/project.h:
