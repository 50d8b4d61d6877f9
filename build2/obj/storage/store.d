build2/obj/storage/store.o: storage/store.c base/banned.h storage/store.h \
 base/digest.h base/buf.h base/check.h base/clock.h base/counters.h \
 base/log.h base/memory.h storage/batch.h storage/index.h \
 storage/index_read.h storage/orders.h storage/pins.h storage/recover.h \
 storage/room.h storage/evict.h storage/layout.h
base/banned.h:
storage/store.h:
base/digest.h:
base/buf.h:
base/check.h:
base/clock.h:
base/counters.h:
base/log.h:
base/memory.h:
storage/batch.h:
storage/index.h:
storage/index_read.h:
storage/orders.h:
storage/pins.h:
storage/recover.h:
storage/room.h:
storage/evict.h:
storage/layout.h:
