build2/obj/proxy/rendition.o: proxy/rendition.c base/banned.h base/check.h \
 base/digest.h base/memory.h proxy/document.h base/buf.h base/lock.h \
 proxy/memcache.h proxy/proxy.h base/config.h proxy/request.h \
 proxy/fill.h proxy/stream.h storage/store.h upstreams/fetch.h \
 proxy/target.h proxy/jobs.h proxy/respond.h
base/banned.h:
base/check.h:
base/digest.h:
base/memory.h:
proxy/document.h:
base/buf.h:
base/lock.h:
proxy/memcache.h:
proxy/proxy.h:
base/config.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
storage/store.h:
upstreams/fetch.h:
proxy/target.h:
proxy/jobs.h:
proxy/respond.h:
