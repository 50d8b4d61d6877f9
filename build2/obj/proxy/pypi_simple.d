build2/obj/proxy/pypi_simple.o: proxy/pypi_simple.c base/banned.h \
 base/buf.h base/memory.h proxy/candidate_list.h base/arena.h \
 upstreams/fetch.h proxy/negotiate.h proxy/page_render.h base/digest.h \
 proxy/pypi.h proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h proxy/target.h upstreams/page.h proxy/respond.h \
 upstreams/project.h upstreams/upstream.h
base/banned.h:
base/buf.h:
base/memory.h:
proxy/candidate_list.h:
base/arena.h:
upstreams/fetch.h:
proxy/negotiate.h:
proxy/page_render.h:
base/digest.h:
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
upstreams/upstream.h:
