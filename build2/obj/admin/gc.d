build2/obj/admin/gc.o: admin/gc.c base/banned.h admin/invocation.h \
 admin/command.h admin/operation.h base/buf.h admin/table.h base/config.h \
 base/json.h base/text.h storage/keep.h storage/store.h base/digest.h
base/banned.h:
admin/invocation.h:
admin/command.h:
admin/operation.h:
base/buf.h:
admin/table.h:
base/config.h:
base/json.h:
base/text.h:
storage/keep.h:
storage/store.h:
base/digest.h:
