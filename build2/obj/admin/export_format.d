build2/obj/admin/export_format.o: admin/export_format.c base/banned.h \
 admin/export_format.h storage/bundle.h base/arena.h base/digest.h \
 storage/store.h admin/export_output.h base/buf.h base/memory.h
base/banned.h:
admin/export_format.h:
storage/bundle.h:
base/arena.h:
base/digest.h:
storage/store.h:
admin/export_output.h:
base/buf.h:
base/memory.h:
