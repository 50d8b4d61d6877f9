build2/obj/proxy/pypi_files.o: proxy/pypi_files.c base/banned.h \
 proxy/pypi_files.h proxy/file_lookup.h base/buf.h proxy/pypi.h \
 proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h base/digest.h upstreams/fetch.h proxy/target.h \
 upstreams/page.h base/arena.h upstreams/project.h base/memory.h \
 base/text.h proxy/absence.h proxy/blob_fill.h proxy/candidate_list.h \
 proxy/respond.h upstreams/cache_status.h
base/banned.h:
proxy/pypi_files.h:
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
base/memory.h:
base/text.h:
proxy/absence.h:
proxy/blob_fill.h:
proxy/candidate_list.h:
proxy/respond.h:
upstreams/cache_status.h:
