build2/obj/storage/index.o: storage/index.c base/banned.h storage/index.h \
 storage/store.h base/digest.h base/buf.h base/check.h base/clock.h \
 base/log.h base/memory.h storage/schema.h
base/banned.h:
storage/index.h:
storage/store.h:
base/digest.h:
base/buf.h:
base/check.h:
base/clock.h:
base/log.h:
base/memory.h:
storage/schema.h:
