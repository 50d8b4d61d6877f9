build2/obj/proxy/pypi_metadata.o: proxy/pypi_metadata.c base/banned.h \
 base/clock.h base/log.h base/memory.h base/text.h proxy/blob_fill.h \
 base/digest.h proxy/fill.h base/lock.h proxy/memcache.h proxy/stream.h \
 storage/store.h upstreams/fetch.h proxy/proxy.h base/config.h \
 proxy/candidate_list.h base/arena.h proxy/jobs.h proxy/pypi.h \
 proxy/document.h base/buf.h proxy/request.h proxy/target.h \
 upstreams/page.h proxy/pypi_files.h proxy/file_lookup.h \
 upstreams/project.h proxy/respond.h proxy/wheel.h \
 upstreams/cache_status.h
base/banned.h:
base/clock.h:
base/log.h:
base/memory.h:
base/text.h:
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
proxy/candidate_list.h:
base/arena.h:
proxy/jobs.h:
proxy/pypi.h:
proxy/document.h:
base/buf.h:
proxy/request.h:
proxy/target.h:
upstreams/page.h:
proxy/pypi_files.h:
proxy/file_lookup.h:
upstreams/project.h:
proxy/respond.h:
proxy/wheel.h:
upstreams/cache_status.h:
