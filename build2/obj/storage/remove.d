build2/obj/storage/remove.o: storage/remove.c base/banned.h base/memory.h \
 storage/index.h storage/store.h base/digest.h storage/keep.h \
 storage/pins.h storage/room.h storage/evict.h storage/layout.h
base/banned.h:
base/memory.h:
storage/index.h:
storage/store.h:
base/digest.h:
storage/keep.h:
storage/pins.h:
storage/room.h:
storage/evict.h:
storage/layout.h:
