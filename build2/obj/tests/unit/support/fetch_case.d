build2/obj/tests/unit/support/fetch_case.o: \
 tests/unit/support/fetch_case.c base/banned.h \
 tests/unit/support/fetch_case.h tests/unit/support/fetch_sink.h \
 base/buf.h base/lock.h upstreams/fetch.h upstreams/upstream.h \
 tests/unit/support/scripted_server.h base/check.h base/log.h \
 base/memory.h
base/banned.h:
tests/unit/support/fetch_case.h:
tests/unit/support/fetch_sink.h:
base/buf.h:
base/lock.h:
upstreams/fetch.h:
upstreams/upstream.h:
tests/unit/support/scripted_server.h:
base/check.h:
base/log.h:
base/memory.h:
