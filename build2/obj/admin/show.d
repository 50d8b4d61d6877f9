build2/obj/admin/show.o: admin/show.c base/banned.h admin/invocation.h \
 admin/command.h admin/list_status.h admin/operation.h base/buf.h \
 admin/table.h base/digest_set.h base/digest.h base/json.h base/memory.h \
 base/text.h proxy/holding.h proxy/holding_version.h \
 upstreams/specifier.h upstreams/version.h proxy/prefetch_record.h \
 storage/keep.h storage/store.h
base/banned.h:
admin/invocation.h:
admin/command.h:
admin/list_status.h:
admin/operation.h:
base/buf.h:
admin/table.h:
base/digest_set.h:
base/digest.h:
base/json.h:
base/memory.h:
base/text.h:
proxy/holding.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
proxy/prefetch_record.h:
storage/keep.h:
storage/store.h:
