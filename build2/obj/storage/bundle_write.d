build2/obj/storage/bundle_write.o: storage/bundle_write.c base/banned.h \
 base/buf.h base/check.h base/memory.h storage/bundle.h base/arena.h \
 base/digest.h storage/store.h storage/bundle_manifest.h \
 storage/bundle_private.h storage/bundle_stream.h storage/tar.h
base/banned.h:
base/buf.h:
base/check.h:
base/memory.h:
storage/bundle.h:
base/arena.h:
base/digest.h:
storage/store.h:
storage/bundle_manifest.h:
storage/bundle_private.h:
storage/bundle_stream.h:
storage/tar.h:
