build2/obj/admin/prefetch_pypi.o: admin/prefetch_pypi.c base/banned.h \
 admin/prefetch.h base/buf.h upstreams/list.h base/arena.h base/digest.h \
 upstreams/requirement.h upstreams/specifier.h upstreams/version.h \
 upstreams/python_target.h upstreams/marker.h base/memory.h base/text.h \
 upstreams/page.h upstreams/resolve.h
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
base/memory.h:
base/text.h:
upstreams/page.h:
upstreams/resolve.h:
