build2/obj/storage/layout.o: storage/layout.c base/banned.h \
 storage/layout.h base/digest.h base/buf.h base/log.h base/memory.h \
 base/text.h
base/banned.h:
storage/layout.h:
base/digest.h:
base/buf.h:
base/log.h:
base/memory.h:
base/text.h:
