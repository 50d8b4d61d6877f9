build2/obj/admin/export_pick.o: admin/export_pick.c base/banned.h \
 admin/export_pick.h storage/bundle.h base/arena.h base/digest.h \
 storage/store.h upstreams/manifest.h admin/image_platform.h base/buf.h \
 base/digest_set.h base/memory.h base/text.h proxy/document_fill.h \
 proxy/absence.h upstreams/fetch.h proxy/document.h base/lock.h \
 proxy/memcache.h proxy/proxy.h base/config.h proxy/request.h \
 proxy/fill.h proxy/stream.h proxy/target.h proxy/registry.h \
 upstreams/image.h
base/banned.h:
admin/export_pick.h:
storage/bundle.h:
base/arena.h:
base/digest.h:
storage/store.h:
upstreams/manifest.h:
admin/image_platform.h:
base/buf.h:
base/digest_set.h:
base/memory.h:
base/text.h:
proxy/document_fill.h:
proxy/absence.h:
upstreams/fetch.h:
proxy/document.h:
base/lock.h:
proxy/memcache.h:
proxy/proxy.h:
base/config.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
proxy/target.h:
proxy/registry.h:
upstreams/image.h:
