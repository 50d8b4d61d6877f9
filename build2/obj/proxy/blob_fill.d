build2/obj/proxy/blob_fill.o: proxy/blob_fill.c base/banned.h \
 proxy/blob_fill.h base/digest.h proxy/fill.h base/lock.h \
 proxy/memcache.h proxy/stream.h storage/store.h upstreams/fetch.h \
 proxy/proxy.h base/config.h base/check.h base/clock.h base/counters.h \
 base/log.h base/memory.h proxy/candidate_list.h base/arena.h \
 proxy/jobs.h upstreams/upstream.h
base/banned.h:
proxy/blob_fill.h:
base/digest.h:
proxy/fill.h:
base/lock.h:
proxy/memcache.h:
proxy/stream.h:
storage/store.h:
upstreams/fetch.h:
proxy/proxy.h:
base/config.h:
base/check.h:
base/clock.h:
base/counters.h:
base/log.h:
base/memory.h:
proxy/candidate_list.h:
base/arena.h:
proxy/jobs.h:
upstreams/upstream.h:
