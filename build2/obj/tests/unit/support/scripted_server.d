build2/obj/tests/unit/support/scripted_server.o: \
 tests/unit/support/scripted_server.c base/banned.h \
 tests/unit/support/scripted_server.h base/buf.h base/check.h base/lock.h \
 base/memory.h
base/banned.h:
tests/unit/support/scripted_server.h:
base/buf.h:
base/check.h:
base/lock.h:
base/memory.h:
