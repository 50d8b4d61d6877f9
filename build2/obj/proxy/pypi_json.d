build2/obj/proxy/pypi_json.o: proxy/pypi_json.c base/banned.h base/buf.h \
 base/check.h base/digest.h base/json.h base/memory.h \
 proxy/candidate_list.h base/arena.h upstreams/fetch.h proxy/pypi.h \
 proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h proxy/target.h upstreams/page.h proxy/respond.h \
 upstreams/project.h
base/banned.h:
base/buf.h:
base/check.h:
base/digest.h:
base/json.h:
base/memory.h:
proxy/candidate_list.h:
base/arena.h:
upstreams/fetch.h:
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
proxy/target.h:
upstreams/page.h:
proxy/respond.h:
upstreams/project.h:
