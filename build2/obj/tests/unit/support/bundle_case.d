build2/obj/tests/unit/support/bundle_case.o: \
 tests/unit/support/bundle_case.c base/banned.h \
 tests/unit/support/bundle_case.h base/buf.h storage/bundle.h \
 base/arena.h base/digest.h storage/store.h base/memory.h
base/banned.h:
tests/unit/support/bundle_case.h:
base/buf.h:
storage/bundle.h:
base/arena.h:
base/digest.h:
storage/store.h:
base/memory.h:
