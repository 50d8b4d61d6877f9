build2/obj/storage/bundle_stream.o: storage/bundle_stream.c base/banned.h \
 storage/bundle_stream.h storage/bundle.h base/arena.h base/digest.h \
 storage/store.h base/check.h base/memory.h
base/banned.h:
storage/bundle_stream.h:
storage/bundle.h:
base/arena.h:
base/digest.h:
storage/store.h:
base/check.h:
base/memory.h:
