build2/obj/admin/progress.o: admin/progress.c base/banned.h \
 admin/progress.h admin/progress_text.h base/buf.h base/check.h \
 base/memory.h base/text.h
base/banned.h:
admin/progress.h:
admin/progress_text.h:
base/buf.h:
base/check.h:
base/memory.h:
base/text.h:
