build2/obj/admin/pieces.o: admin/pieces.c base/banned.h admin/pieces.h \
 base/buf.h base/check.h base/file.h base/memory.h base/text.h
base/banned.h:
admin/pieces.h:
base/buf.h:
base/check.h:
base/file.h:
base/memory.h:
base/text.h:
