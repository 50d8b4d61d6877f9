/* Time. TTLs use wall time, so that they survive a restart; durations use the monotonic clock.
 *
 * Tests move the clocks: where the environment names a file in YIZHAN_TEST_CLOCK, it is mapped as up to three signed
 * 64-bit numbers in host order; what the file lacks is 0. The first (seconds) is added to every clock_wall_s(), the
 * second (milliseconds, never less than before) to the monotonic clock. The third, unless 0, is the second since the
 * epoch at which the wall clock stands still but for the first. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

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
