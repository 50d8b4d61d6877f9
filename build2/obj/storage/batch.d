build2/obj/storage/batch.o: storage/batch.c base/banned.h storage/batch.h \
 base/clock.h base/counters.h base/log.h base/memory.h storage/index.h \
 storage/store.h base/digest.h storage/orders.h storage/room.h \
 storage/evict.h storage/layout.h
base/banned.h:
storage/batch.h:
base/clock.h:
base/counters.h:
base/log.h:
base/memory.h:
storage/index.h:
storage/store.h:
base/digest.h:
storage/orders.h:
storage/room.h:
storage/evict.h:
storage/layout.h:
