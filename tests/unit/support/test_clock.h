/* Moves the clocks of base/clock.h in the program that is the test. The wall clock moves by test_clock_pass() alone, so
 * that tests may compare seconds; the monotonic one goes on by itself, too, for what waits. */
#ifndef TESTS_TEST_CLOCK_H
#define TESTS_TEST_CLOCK_H

#include <stdint.h>

/* Once, before there are threads. */
void test_clock_start(void);
/* From then on, for all threads. */
void test_clock_pass(int64_t wall_s, int64_t mono_ms);

#endif
