build2/obj/proxy/image_entries.o: proxy/image_entries.c base/banned.h \
 proxy/image_entries.h base/digest.h storage/store.h upstreams/manifest.h \
 base/buf.h base/clock.h base/memory.h proxy/document_fill.h \
 proxy/absence.h upstreams/fetch.h proxy/document.h base/lock.h \
 proxy/memcache.h proxy/proxy.h base/config.h proxy/request.h \
 proxy/fill.h proxy/stream.h proxy/target.h proxy/registry.h \
 upstreams/image.h
base/banned.h:
proxy/image_entries.h:
base/digest.h:
storage/store.h:
upstreams/manifest.h:
base/buf.h:
base/clock.h:
base/memory.h:
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
