build2/obj/admin/import_plan.o: admin/import_plan.c base/banned.h \
 admin/import_plan.h admin/foreign.h base/digest.h storage/bundle.h \
 base/arena.h storage/store.h base/buf.h base/digest_set.h base/memory.h
base/banned.h:
admin/import_plan.h:
admin/foreign.h:
base/digest.h:
storage/bundle.h:
base/arena.h:
storage/store.h:
base/buf.h:
base/digest_set.h:
base/memory.h:
