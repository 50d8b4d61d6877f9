build2/obj/admin/prefetch_source.o: admin/prefetch_source.c base/banned.h \
 admin/prefetch.h base/buf.h upstreams/list.h base/arena.h base/digest.h \
 upstreams/requirement.h upstreams/specifier.h upstreams/version.h \
 upstreams/python_target.h upstreams/marker.h base/json.h base/memory.h \
 base/text.h proxy/pypi.h proxy/document.h base/lock.h proxy/memcache.h \
 proxy/proxy.h base/config.h proxy/request.h proxy/fill.h proxy/stream.h \
 storage/store.h upstreams/fetch.h proxy/target.h upstreams/page.h \
 proxy/pypi_files.h proxy/file_lookup.h upstreams/project.h \
 upstreams/client.h upstreams/metadata.h upstreams/resolve.h \
 upstreams/sdist.h
base/banned.h:
admin/prefetch.h:
base/buf.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/python_target.h:
upstreams/marker.h:
base/json.h:
base/memory.h:
base/text.h:
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
upstreams/fetch.h:
proxy/target.h:
upstreams/page.h:
proxy/pypi_files.h:
proxy/file_lookup.h:
upstreams/project.h:
upstreams/client.h:
upstreams/metadata.h:
upstreams/resolve.h:
upstreams/sdist.h:
