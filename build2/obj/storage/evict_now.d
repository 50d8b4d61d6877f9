build2/obj/storage/evict_now.o: storage/evict_now.c base/banned.h \
 base/clock.h base/digest_set.h base/digest.h base/memory.h \
 storage/evict.h storage/keep.h storage/store.h storage/orders.h \
 storage/pins.h storage/room.h storage/layout.h
base/banned.h:
base/clock.h:
base/digest_set.h:
base/digest.h:
base/memory.h:
storage/evict.h:
storage/keep.h:
storage/store.h:
storage/orders.h:
storage/pins.h:
storage/room.h:
storage/layout.h:
