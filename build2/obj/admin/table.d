build2/obj/admin/table.o: admin/table.c base/banned.h admin/table.h \
 base/buf.h base/check.h base/clock.h base/memory.h base/text.h
base/banned.h:
admin/table.h:
base/buf.h:
base/check.h:
base/clock.h:
base/memory.h:
base/text.h:
