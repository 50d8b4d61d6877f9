build2/obj/admin/import.o: admin/import.c base/banned.h \
 admin/import_format.h admin/invocation.h admin/command.h \
 admin/operation.h base/buf.h admin/pieces.h base/config.h base/json.h \
 base/memory.h base/text.h
base/banned.h:
admin/import_format.h:
admin/invocation.h:
admin/command.h:
admin/operation.h:
base/buf.h:
admin/pieces.h:
base/config.h:
base/json.h:
base/memory.h:
base/text.h:
