build2/obj/admin/export_output.o: admin/export_output.c base/banned.h \
 admin/export_output.h base/buf.h base/check.h base/file.h base/memory.h \
 storage/tar.h
base/banned.h:
admin/export_output.h:
base/buf.h:
base/check.h:
base/file.h:
base/memory.h:
storage/tar.h:
