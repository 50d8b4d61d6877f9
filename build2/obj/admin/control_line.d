build2/obj/admin/control_line.o: admin/control_line.c base/banned.h \
 admin/control_line.h base/buf.h base/clock.h base/json.h base/memory.h
base/banned.h:
admin/control_line.h:
base/buf.h:
base/clock.h:
base/json.h:
base/memory.h:
