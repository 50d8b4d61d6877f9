build2/obj/admin/operation.o: admin/operation.c base/banned.h \
 admin/operation.h base/buf.h base/check.h base/memory.h base/text.h \
 storage/store.h base/digest.h
base/banned.h:
admin/operation.h:
base/buf.h:
base/check.h:
base/memory.h:
base/text.h:
storage/store.h:
base/digest.h:
