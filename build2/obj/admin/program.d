build2/obj/admin/program.o: admin/program.c base/banned.h admin/program.h \
 base/buf.h base/clock.h base/memory.h base/text.h
base/banned.h:
admin/program.h:
base/buf.h:
base/clock.h:
base/memory.h:
base/text.h:
