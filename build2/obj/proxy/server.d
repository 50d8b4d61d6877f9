build2/obj/proxy/server.o: proxy/server.c base/banned.h proxy/server.h \
 base/buf.h base/check.h base/clock.h base/config.h base/counters.h \
 base/log.h base/memory.h base/version.h proxy/access_log.h \
 proxy/connections.h proxy/fill.h base/lock.h proxy/memcache.h \
 proxy/stream.h storage/store.h base/digest.h upstreams/fetch.h \
 proxy/holding.h proxy/holding_version.h upstreams/specifier.h \
 upstreams/version.h proxy/image_unit.h proxy/jobs.h proxy/listener.h \
 proxy/proxy.h proxy/request.h proxy/target.h
base/banned.h:
proxy/server.h:
base/buf.h:
base/check.h:
base/clock.h:
base/config.h:
base/counters.h:
base/log.h:
base/memory.h:
base/version.h:
proxy/access_log.h:
proxy/connections.h:
proxy/fill.h:
base/lock.h:
proxy/memcache.h:
proxy/stream.h:
storage/store.h:
base/digest.h:
upstreams/fetch.h:
proxy/holding.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
proxy/image_unit.h:
proxy/jobs.h:
proxy/listener.h:
proxy/proxy.h:
proxy/request.h:
proxy/target.h:
