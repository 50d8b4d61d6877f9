build2/obj/admin/foreign_archive.o: admin/foreign_archive.c base/banned.h \
 admin/foreign_private.h admin/foreign.h base/digest.h base/arena.h \
 base/buf.h base/memory.h
base/banned.h:
admin/foreign_private.h:
admin/foreign.h:
base/digest.h:
base/arena.h:
base/buf.h:
base/memory.h:
