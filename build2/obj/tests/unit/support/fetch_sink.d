build2/obj/tests/unit/support/fetch_sink.o: \
 tests/unit/support/fetch_sink.c base/banned.h \
 tests/unit/support/fetch_sink.h base/buf.h base/lock.h upstreams/fetch.h \
 upstreams/upstream.h base/check.h base/memory.h
base/banned.h:
tests/unit/support/fetch_sink.h:
base/buf.h:
base/lock.h:
upstreams/fetch.h:
upstreams/upstream.h:
base/check.h:
base/memory.h:
