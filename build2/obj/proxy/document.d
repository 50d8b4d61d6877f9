build2/obj/proxy/document.o: proxy/document.c base/banned.h \
 proxy/document.h base/buf.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h base/digest.h upstreams/fetch.h proxy/target.h \
 base/clock.h base/memory.h proxy/document_fill.h proxy/absence.h \
 proxy/respond.h
base/banned.h:
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
base/digest.h:
upstreams/fetch.h:
proxy/target.h:
base/clock.h:
base/memory.h:
proxy/document_fill.h:
proxy/absence.h:
proxy/respond.h:
