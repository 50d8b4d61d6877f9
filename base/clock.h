/* Time. TTLs use wall time, so that they survive a restart; durations use the monotonic clock.
 *
 * Tests move the clocks, by a file that the environment names in YIZHAN_TEST_CLOCK. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What YIZHAN_TEST_CLOCK's file holds, in host order; mapped, so that a write counts at once. A file may end behind any
 * of the numbers: what it lacks is 0. */
struct test_clock {
    /* Added to clock_wall_s(). */
    int64_t wall_moved_s;
    /* Added to the monotonic clock; never less than before. */
    int64_t mono_moved_ms;
    /* Unless 0, the second since the epoch at which the wall clock stands until it is moved. */
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
/* Microseconds of processor time that the calling thread has had. */
int64_t clock_thread_us(void);
/* Reads an IMF-fixdate of RFC 9110 section 5.6.7, "Sun, 06 Nov 1994 08:49:37 GMT"; -1 if it is none. */
int64_t clock_parse_http_date(const char *text);

#endif
