build2/obj/admin/control_client.o: admin/control_client.c base/banned.h \
 admin/control.h admin/control_line.h base/buf.h base/json.h \
 base/memory.h
base/banned.h:
admin/control.h:
admin/control_line.h:
base/buf.h:
base/json.h:
base/memory.h:
