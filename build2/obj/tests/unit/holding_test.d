build2/obj/tests/unit/holding_test.o: tests/unit/holding_test.c \
 base/banned.h tests/unit/store_fixture.h base/buf.h base/check.h \
 base/clock.h base/counters.h base/log.h base/memory.h base/text.h \
 storage/layout.h base/digest.h storage/store.h base/config.h \
 base/digest_set.h proxy/holding.h proxy/holding_version.h \
 upstreams/specifier.h upstreams/version.h proxy/prefetch_record.h \
 storage/keep.h
base/banned.h:
tests/unit/store_fixture.h:
base/buf.h:
base/check.h:
base/clock.h:
base/counters.h:
base/log.h:
base/memory.h:
base/text.h:
storage/layout.h:
base/digest.h:
storage/store.h:
base/config.h:
base/digest_set.h:
proxy/holding.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
proxy/prefetch_record.h:
storage/keep.h:
