build2/obj/proxy/registry_blob.o: proxy/registry_blob.c base/banned.h \
 base/buf.h base/check.h base/clock.h base/memory.h proxy/absence.h \
 upstreams/fetch.h proxy/blob_fill.h base/digest.h proxy/fill.h \
 base/lock.h proxy/memcache.h proxy/stream.h storage/store.h \
 proxy/proxy.h base/config.h proxy/candidate_list.h base/arena.h \
 proxy/image_entries.h upstreams/manifest.h proxy/registry.h \
 proxy/document.h proxy/request.h proxy/target.h upstreams/image.h \
 proxy/respond.h
base/banned.h:
base/buf.h:
base/check.h:
base/clock.h:
base/memory.h:
proxy/absence.h:
upstreams/fetch.h:
proxy/blob_fill.h:
base/digest.h:
proxy/fill.h:
base/lock.h:
proxy/memcache.h:
proxy/stream.h:
storage/store.h:
proxy/proxy.h:
base/config.h:
proxy/candidate_list.h:
base/arena.h:
proxy/image_entries.h:
upstreams/manifest.h:
proxy/registry.h:
proxy/document.h:
proxy/request.h:
proxy/target.h:
upstreams/image.h:
proxy/respond.h:
