build2/obj/storage/bundle_manifest.o: storage/bundle_manifest.c \
 base/banned.h storage/bundle_manifest.h base/buf.h base/check.h \
 base/json.h storage/bundle.h base/arena.h base/digest.h storage/store.h
base/banned.h:
storage/bundle_manifest.h:
base/buf.h:
base/check.h:
base/json.h:
storage/bundle.h:
base/arena.h:
base/digest.h:
storage/store.h:
