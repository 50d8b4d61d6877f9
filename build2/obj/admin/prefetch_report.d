build2/obj/admin/prefetch_report.o: admin/prefetch_report.c base/banned.h \
 admin/prefetch_report.h admin/prefetch.h base/buf.h upstreams/list.h \
 base/arena.h base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/python_target.h upstreams/marker.h \
 admin/operation.h admin/progress.h admin/table.h base/clock.h \
 base/memory.h base/text.h
base/banned.h:
admin/prefetch_report.h:
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
admin/operation.h:
admin/progress.h:
admin/table.h:
base/clock.h:
base/memory.h:
base/text.h:
