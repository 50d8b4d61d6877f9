build2/obj/storage/look.o: storage/look.c base/banned.h base/memory.h \
 storage/index_read.h storage/store.h base/digest.h storage/keep.h \
 storage/orders.h storage/room.h storage/evict.h storage/layout.h
base/banned.h:
base/memory.h:
storage/index_read.h:
storage/store.h:
base/digest.h:
storage/keep.h:
storage/orders.h:
storage/room.h:
storage/evict.h:
storage/layout.h:
