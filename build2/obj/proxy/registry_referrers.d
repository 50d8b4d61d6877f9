build2/obj/proxy/registry_referrers.o: proxy/registry_referrers.c \
 base/banned.h base/buf.h base/check.h base/memory.h \
 proxy/candidate_list.h base/arena.h upstreams/fetch.h proxy/registry.h \
 proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h base/digest.h proxy/target.h upstreams/image.h \
 upstreams/manifest.h proxy/respond.h
base/banned.h:
base/buf.h:
base/check.h:
base/memory.h:
proxy/candidate_list.h:
base/arena.h:
upstreams/fetch.h:
proxy/registry.h:
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
proxy/target.h:
upstreams/image.h:
upstreams/manifest.h:
proxy/respond.h:
