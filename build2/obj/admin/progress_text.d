build2/obj/admin/progress_text.o: admin/progress_text.c base/banned.h \
 admin/progress_text.h base/buf.h base/text.h
base/banned.h:
admin/progress_text.h:
base/buf.h:
base/text.h:
