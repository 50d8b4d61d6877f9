build2/obj/storage/entries.o: storage/entries.c base/banned.h base/check.h \
 base/memory.h storage/index_read.h storage/store.h base/digest.h \
 storage/orders.h storage/room.h storage/evict.h storage/layout.h
base/banned.h:
base/check.h:
base/memory.h:
storage/index_read.h:
storage/store.h:
base/digest.h:
storage/orders.h:
storage/room.h:
storage/evict.h:
storage/layout.h:
