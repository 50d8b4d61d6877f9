build2/obj/storage/blob.o: storage/blob.c base/banned.h base/buf.h \
 base/check.h base/clock.h base/counters.h base/memory.h \
 storage/index_read.h storage/store.h base/digest.h storage/keep.h \
 storage/orders.h storage/pins.h storage/room.h storage/evict.h \
 storage/layout.h
base/banned.h:
base/buf.h:
base/check.h:
base/clock.h:
base/counters.h:
base/memory.h:
storage/index_read.h:
storage/store.h:
base/digest.h:
storage/keep.h:
storage/orders.h:
storage/pins.h:
storage/room.h:
storage/evict.h:
storage/layout.h:
