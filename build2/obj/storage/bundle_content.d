build2/obj/storage/bundle_content.o: storage/bundle_content.c \
 base/banned.h base/check.h base/clock.h base/digest_set.h base/digest.h \
 base/memory.h base/text.h storage/bundle.h base/arena.h storage/store.h
base/banned.h:
base/check.h:
base/clock.h:
base/digest_set.h:
base/digest.h:
base/memory.h:
base/text.h:
storage/bundle.h:
base/arena.h:
storage/store.h:
