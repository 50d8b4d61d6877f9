build2/obj/admin/image_platform.o: admin/image_platform.c base/banned.h \
 admin/image_platform.h base/text.h
base/banned.h:
admin/image_platform.h:
base/text.h:
