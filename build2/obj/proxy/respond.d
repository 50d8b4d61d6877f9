build2/obj/proxy/respond.o: proxy/respond.c base/banned.h proxy/respond.h \
 proxy/memcache.h proxy/request.h proxy/fill.h base/lock.h proxy/stream.h \
 storage/store.h base/digest.h upstreams/fetch.h proxy/proxy.h \
 base/config.h proxy/target.h base/buf.h base/check.h base/memory.h \
 base/text.h proxy/range.h proxy/reader.h upstreams/cache_status.h
base/banned.h:
proxy/respond.h:
proxy/memcache.h:
proxy/request.h:
proxy/fill.h:
base/lock.h:
proxy/stream.h:
storage/store.h:
base/digest.h:
upstreams/fetch.h:
proxy/proxy.h:
base/config.h:
proxy/target.h:
base/buf.h:
base/check.h:
base/memory.h:
base/text.h:
proxy/range.h:
proxy/reader.h:
upstreams/cache_status.h:
