build2/obj/storage/evict.o: storage/evict.c base/banned.h storage/evict.h \
 base/digest.h base/clock.h base/counters.h base/digest_set.h base/log.h \
 base/memory.h storage/index.h storage/store.h storage/pins.h \
 storage/room.h storage/layout.h
base/banned.h:
storage/evict.h:
base/digest.h:
base/clock.h:
base/counters.h:
base/digest_set.h:
base/log.h:
base/memory.h:
storage/index.h:
storage/store.h:
storage/pins.h:
storage/room.h:
storage/layout.h:
