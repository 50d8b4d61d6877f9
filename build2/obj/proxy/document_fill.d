build2/obj/proxy/document_fill.o: proxy/document_fill.c base/banned.h \
 proxy/document_fill.h proxy/absence.h upstreams/fetch.h proxy/document.h \
 base/buf.h base/lock.h proxy/memcache.h proxy/proxy.h base/config.h \
 proxy/request.h proxy/fill.h proxy/stream.h storage/store.h \
 base/digest.h proxy/target.h base/check.h base/clock.h base/log.h \
 base/memory.h base/text.h proxy/candidate_list.h base/arena.h \
 proxy/jobs.h proxy/respond.h upstreams/link.h upstreams/upstream.h
base/banned.h:
proxy/document_fill.h:
proxy/absence.h:
upstreams/fetch.h:
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
proxy/target.h:
base/check.h:
base/clock.h:
base/log.h:
base/memory.h:
base/text.h:
proxy/candidate_list.h:
base/arena.h:
proxy/jobs.h:
proxy/respond.h:
upstreams/link.h:
upstreams/upstream.h:
