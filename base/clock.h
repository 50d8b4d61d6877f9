/* Time. TTLs use wall time, so that they survive a restart; durations use the monotonic clock.
 *
 * Tests move the clocks, by a file that the environment names in YIZHAN_TEST_CLOCK. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* The content of YIZHAN_TEST_CLOCK's file, in host order. It is mapped, so a write takes effect at once. The
 * file may end after any of the numbers; missing ones are 0. */
struct test_clock {
    /* Added to clock_wall_s(). */
    int64_t wall_moved_s;
    /* Added to the monotonic clock; never less than before. */
    int64_t mono_moved_ms;
    /* Unless 0: the wall clock is frozen at this second since the epoch, plus wall_moved_s. */
    int64_t wall_stands_at_s;
};

/* Call once at start, before threads. Returns 0, or -1 when YIZHAN_TEST_CLOCK names a file that cannot be
 * mapped. */
int clock_init(void);
/* Seconds since the epoch, moved by the test clock. */
int64_t clock_wall_s(void);
/* Milliseconds and microseconds of the monotonic clock, moved by the test clock. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* How long to wait at a time where wait_ms of the monotonic clock are to pass: all of it, but a little where
 * tests may move that clock meanwhile. Negative is for ever, and stays so. */
int64_t clock_wait_ms(int64_t wait_ms);
/* Microseconds of processor time that the calling thread has had. */
int64_t clock_thread_us(void);
/* Reads an IMF-fixdate (RFC 9110 section 5.6.7), "Sun, 06 Nov 1994 08:49:37 GMT". Returns -1 for anything
 * else. */
int64_t clock_parse_http_date(const char *text);

#endif
