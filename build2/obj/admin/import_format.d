build2/obj/admin/import_format.o: admin/import_format.c base/banned.h \
 admin/import_format.h admin/import_image.h admin/import_plan.h \
 admin/foreign.h base/digest.h storage/bundle.h base/arena.h \
 storage/store.h admin/import_wheels.h base/buf.h base/file.h \
 base/memory.h base/text.h
base/banned.h:
admin/import_format.h:
admin/import_image.h:
admin/import_plan.h:
admin/foreign.h:
base/digest.h:
storage/bundle.h:
base/arena.h:
storage/store.h:
admin/import_wheels.h:
base/buf.h:
base/file.h:
base/memory.h:
base/text.h:
