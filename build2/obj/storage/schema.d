build2/obj/storage/schema.o: storage/schema.c base/banned.h \
 storage/schema.h base/buf.h base/check.h base/memory.h storage/layout.h \
 base/digest.h
base/banned.h:
storage/schema.h:
base/buf.h:
base/check.h:
base/memory.h:
storage/layout.h:
base/digest.h:
