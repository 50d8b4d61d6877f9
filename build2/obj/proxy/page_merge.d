build2/obj/proxy/page_merge.o: proxy/page_merge.c base/banned.h \
 proxy/page_merge.h proxy/image_entries.h base/digest.h storage/store.h \
 upstreams/manifest.h base/buf.h base/digest_set.h base/memory.h \
 base/text.h proxy/document_fill.h proxy/absence.h upstreams/fetch.h \
 proxy/document.h base/lock.h proxy/memcache.h proxy/proxy.h \
 base/config.h proxy/request.h proxy/fill.h proxy/stream.h proxy/target.h \
 proxy/page_render.h proxy/pypi.h upstreams/page.h base/arena.h \
 upstreams/project.h
base/banned.h:
proxy/page_merge.h:
proxy/image_entries.h:
base/digest.h:
storage/store.h:
upstreams/manifest.h:
base/buf.h:
base/digest_set.h:
base/memory.h:
base/text.h:
proxy/document_fill.h:
proxy/absence.h:
upstreams/fetch.h:
proxy/document.h:
base/lock.h:
proxy/memcache.h:
proxy/proxy.h:
base/config.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
proxy/target.h:
proxy/page_render.h:
proxy/pypi.h:
upstreams/page.h:
base/arena.h:
upstreams/project.h:
