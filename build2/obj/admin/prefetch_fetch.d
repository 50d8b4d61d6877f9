build2/obj/admin/prefetch_fetch.o: admin/prefetch_fetch.c base/banned.h \
 admin/prefetch.h base/buf.h upstreams/list.h base/arena.h base/digest.h \
 upstreams/requirement.h upstreams/specifier.h upstreams/version.h \
 upstreams/python_target.h upstreams/marker.h base/clock.h base/json.h \
 base/memory.h base/text.h upstreams/client.h
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
base/clock.h:
base/json.h:
base/memory.h:
base/text.h:
upstreams/client.h:
