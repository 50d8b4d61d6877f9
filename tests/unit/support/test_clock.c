#include "tests/unit/support/test_clock.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"

static int clock_fd = -1;
static struct test_clock moved;

static void write_clock(void)
{
    CHECK(pwrite(clock_fd, &moved, sizeof(moved), 0) == sizeof(moved));
}

void test_clock_start(void)
{
    static char path[] = "/tmp/yizhan-clock-XXXXXX";

    clock_fd = mkstemp(path);
    CHECK(clock_fd >= 0);
    moved.wall_stands_at_s = clock_wall_s();
    write_clock();
    CHECK(setenv("YIZHAN_TEST_CLOCK", path, 1) == 0 && clock_init() == 0);
    unlink(path);
}

void test_clock_pass(int64_t wall_s, int64_t mono_ms)
{
    moved.wall_moved_s += wall_s;
    moved.mono_moved_ms += mono_ms;
    write_clock();
}
