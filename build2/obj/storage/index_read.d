build2/obj/storage/index_read.o: storage/index_read.c base/banned.h \
 storage/index_read.h storage/store.h base/digest.h base/check.h \
 base/lock.h base/log.h base/memory.h storage/room.h storage/evict.h \
 storage/layout.h storage/schema.h
base/banned.h:
storage/index_read.h:
storage/store.h:
base/digest.h:
base/check.h:
base/lock.h:
base/log.h:
base/memory.h:
storage/room.h:
storage/evict.h:
storage/layout.h:
storage/schema.h:
