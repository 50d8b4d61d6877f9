build2/obj/storage/verify.o: storage/verify.c base/banned.h base/memory.h \
 storage/index.h storage/store.h base/digest.h storage/index_read.h \
 storage/keep.h storage/pins.h storage/room.h storage/evict.h \
 storage/layout.h
base/banned.h:
base/memory.h:
storage/index.h:
storage/store.h:
base/digest.h:
storage/index_read.h:
storage/keep.h:
storage/pins.h:
storage/room.h:
storage/evict.h:
storage/layout.h:
