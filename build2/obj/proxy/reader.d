build2/obj/proxy/reader.o: proxy/reader.c base/banned.h proxy/reader.h \
 base/check.h base/clock.h base/counters.h base/memory.h proxy/request.h \
 proxy/fill.h base/lock.h proxy/memcache.h proxy/stream.h storage/store.h \
 base/digest.h upstreams/fetch.h proxy/proxy.h base/config.h \
 proxy/target.h
base/banned.h:
proxy/reader.h:
base/check.h:
base/clock.h:
base/counters.h:
base/memory.h:
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
