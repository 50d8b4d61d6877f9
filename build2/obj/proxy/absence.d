build2/obj/proxy/absence.o: proxy/absence.c base/banned.h proxy/absence.h \
 upstreams/fetch.h base/check.h base/clock.h base/memory.h \
 proxy/memcache.h proxy/proxy.h base/config.h base/lock.h
base/banned.h:
proxy/absence.h:
upstreams/fetch.h:
base/check.h:
base/clock.h:
base/memory.h:
proxy/memcache.h:
proxy/proxy.h:
base/config.h:
base/lock.h:
