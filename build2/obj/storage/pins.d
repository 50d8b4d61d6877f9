build2/obj/storage/pins.o: storage/pins.c base/banned.h storage/pins.h \
 base/digest.h base/check.h base/lock.h base/memory.h
base/banned.h:
storage/pins.h:
base/digest.h:
base/check.h:
base/lock.h:
base/memory.h:
