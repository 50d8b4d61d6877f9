/* State: the map of the test clock's file, set once before there are threads and only read after that. Every
 * clock of the program is read here, so that a test moves all of them together. */
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"

/* How often those look at a clock that may be moved who wait for it. */
#define MOVED_LOOK_MS 20

static const volatile struct test_clock *test_clock; /* set once by clock_init */

int clock_init(void)
{
    const char *path = getenv("YIZHAN_TEST_CLOCK");

    if (!path)
        return 0;
    int CLEANUP_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    /* Bytes after the end of the file but in its last page read as 0, so the file may be shorter than the
     * struct. */
    void *map = mmap(NULL, sizeof(*test_clock), PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return -1;
    test_clock = map;
    return 0;
}

int64_t clock_wall_s(void)
{
    int64_t now_s = (int64_t)time(NULL);

    if (!test_clock)
        return now_s;
    /* Volatile, as the test writes while we run; each number is read once. */
    int64_t stands_at_s = test_clock->wall_stands_at_s;
    return (stands_at_s ? stands_at_s : now_s) + test_clock->wall_moved_s;
}

int64_t clock_mono_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t moved_ms = test_clock ? test_clock->mono_moved_ms : 0;
    return ((int64_t)now.tv_sec * 1000 + moved_ms) * 1000 + now.tv_nsec / 1000;
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

int64_t clock_wait_ms(int64_t wait_ms)
{
    return test_clock && wait_ms > MOVED_LOOK_MS ? MOVED_LOOK_MS : wait_ms;
}

int64_t clock_thread_us(void)
{
    struct timespec used;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Not strptime(): it reads names of months in the locale's language. */
int64_t clock_parse_http_date(const char *text)
{
    struct tm p = {0};
    char month[4];
    char zone[4];

    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3s", &p.tm_mday, month, &p.tm_year,
               &p.tm_hour, &p.tm_min, &p.tm_sec, zone) != 7 ||
        strcmp(zone, "GMT") != 0)
        return -1;
    for (p.tm_mon = 0; p.tm_mon < 12; p.tm_mon++)
        if (strcmp(months[p.tm_mon], month) == 0)
            break;
    if (p.tm_mon == 12)
        return -1;
    p.tm_year -= 1900;
    return (int64_t)timegm(&p);
}
