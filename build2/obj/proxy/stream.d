build2/obj/proxy/stream.o: proxy/stream.c base/banned.h proxy/stream.h \
 proxy/memcache.h storage/store.h base/digest.h base/check.h \
 base/counters.h base/log.h base/memory.h
base/banned.h:
proxy/stream.h:
proxy/memcache.h:
storage/store.h:
base/digest.h:
base/check.h:
base/counters.h:
base/log.h:
base/memory.h:
