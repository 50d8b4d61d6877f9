build2/obj/admin/foreign_folder.o: admin/foreign_folder.c base/banned.h \
 admin/foreign_private.h admin/foreign.h base/digest.h base/arena.h \
 base/buf.h base/memory.h
base/banned.h:
admin/foreign_private.h:
admin/foreign.h:
base/digest.h:
base/arena.h:
base/buf.h:
base/memory.h:
