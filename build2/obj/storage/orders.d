build2/obj/storage/orders.o: storage/orders.c base/banned.h \
 storage/orders.h storage/store.h base/digest.h base/check.h \
 base/counters.h base/lock.h base/memory.h
base/banned.h:
storage/orders.h:
storage/store.h:
base/digest.h:
base/check.h:
base/counters.h:
base/lock.h:
base/memory.h:
