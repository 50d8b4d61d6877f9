build2/obj/proxy/fill.o: proxy/fill.c base/banned.h proxy/fill.h \
 base/lock.h proxy/memcache.h proxy/stream.h storage/store.h \
 base/digest.h upstreams/fetch.h base/check.h base/clock.h \
 base/counters.h base/memory.h proxy/connections.h
base/banned.h:
proxy/fill.h:
base/lock.h:
proxy/memcache.h:
proxy/stream.h:
storage/store.h:
base/digest.h:
upstreams/fetch.h:
base/check.h:
base/clock.h:
base/counters.h:
base/memory.h:
proxy/connections.h:
