build2/obj/proxy/file_lookup.o: proxy/file_lookup.c base/banned.h \
 proxy/file_lookup.h base/buf.h proxy/pypi.h proxy/document.h base/lock.h \
 proxy/memcache.h proxy/proxy.h base/config.h proxy/request.h \
 proxy/fill.h proxy/stream.h storage/store.h base/digest.h \
 upstreams/fetch.h proxy/target.h upstreams/page.h base/arena.h \
 upstreams/project.h base/clock.h base/memory.h base/text.h \
 proxy/candidate_list.h proxy/respond.h upstreams/upstream.h
base/banned.h:
proxy/file_lookup.h:
base/buf.h:
proxy/pypi.h:
proxy/document.h:
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
upstreams/page.h:
base/arena.h:
upstreams/project.h:
base/clock.h:
base/memory.h:
base/text.h:
proxy/candidate_list.h:
proxy/respond.h:
upstreams/upstream.h:
