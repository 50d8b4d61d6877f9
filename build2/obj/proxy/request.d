build2/obj/proxy/request.o: proxy/request.c base/banned.h proxy/request.h \
 proxy/fill.h base/lock.h proxy/memcache.h proxy/stream.h storage/store.h \
 base/digest.h upstreams/fetch.h proxy/proxy.h base/config.h \
 proxy/target.h base/buf.h base/clock.h base/counters.h base/memory.h \
 base/text.h proxy/access_log.h proxy/connections.h proxy/document.h \
 proxy/reader.h proxy/respond.h proxy/route.h
base/banned.h:
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
base/text.h:
proxy/access_log.h:
proxy/connections.h:
proxy/document.h:
proxy/reader.h:
proxy/respond.h:
proxy/route.h:
