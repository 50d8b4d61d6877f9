build2/obj/proxy/memcache.o: proxy/memcache.c base/banned.h \
 proxy/memcache.h base/check.h base/counters.h base/lock.h base/memory.h
base/banned.h:
proxy/memcache.h:
base/check.h:
base/counters.h:
base/lock.h:
base/memory.h:
