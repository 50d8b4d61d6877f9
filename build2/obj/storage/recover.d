build2/obj/storage/recover.o: storage/recover.c base/banned.h \
 storage/recover.h base/log.h base/memory.h storage/index.h \
 storage/store.h base/digest.h storage/room.h storage/evict.h \
 storage/layout.h
base/banned.h:
storage/recover.h:
base/log.h:
base/memory.h:
storage/index.h:
storage/store.h:
base/digest.h:
storage/room.h:
storage/evict.h:
storage/layout.h:
