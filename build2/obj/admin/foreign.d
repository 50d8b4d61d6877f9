build2/obj/admin/foreign.o: admin/foreign.c base/banned.h admin/foreign.h \
 base/digest.h admin/foreign_private.h base/arena.h base/buf.h \
 base/memory.h
base/banned.h:
admin/foreign.h:
base/digest.h:
admin/foreign_private.h:
base/arena.h:
base/buf.h:
base/memory.h:
