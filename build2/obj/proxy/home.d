build2/obj/proxy/home.o: proxy/home.c base/banned.h proxy/home.h \
 proxy/request.h proxy/fill.h base/lock.h proxy/memcache.h proxy/stream.h \
 storage/store.h base/digest.h upstreams/fetch.h proxy/proxy.h \
 base/config.h proxy/target.h base/buf.h base/clock.h base/counters.h \
 base/memory.h proxy/respond.h proxy/status.h upstreams/upstream.h
base/banned.h:
proxy/home.h:
proxy/request.h:
proxy/fill.h:
base/lock.h:
proxy/memcache.h:
proxy/stream.h:
storage/store.h:
base/digest.h:
upstreams/fetch.h:
proxy/proxy.h:
base/config.h:
proxy/target.h:
base/buf.h:
base/clock.h:
base/counters.h:
base/memory.h:
proxy/respond.h:
proxy/status.h:
upstreams/upstream.h:
