build2/obj/admin/invocation.o: admin/invocation.c base/banned.h \
 admin/invocation.h admin/command.h admin/control.h admin/operation.h \
 base/buf.h base/config.h base/log.h base/memory.h base/text.h \
 proxy/holding.h proxy/holding_version.h upstreams/specifier.h \
 upstreams/version.h proxy/image_unit.h storage/store.h base/digest.h \
 storage/keep.h
base/banned.h:
admin/invocation.h:
admin/command.h:
admin/control.h:
admin/operation.h:
base/buf.h:
base/config.h:
base/log.h:
base/memory.h:
base/text.h:
proxy/holding.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
proxy/image_unit.h:
storage/store.h:
base/digest.h:
storage/keep.h:
