build2/obj/tests/unit/support/test_clock.o: \
 tests/unit/support/test_clock.c base/banned.h \
 tests/unit/support/test_clock.h base/check.h base/clock.h
base/banned.h:
tests/unit/support/test_clock.h:
base/check.h:
base/clock.h:
