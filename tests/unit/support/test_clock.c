#include "tests/unit/support/test_clock.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"

static int clock_fd = -1;
static int64_t offsets[3]; /* as base/clock.h maps them */

static void write_offsets(void)
{
    CHECK(pwrite(clock_fd, offsets, sizeof(offsets), 0) == sizeof(offsets));
}

void test_clock_start(void)
{
    static char path[] = "/tmp/yizhan-clock-XXXXXX";

    clock_fd = mkstemp(path);
    CHECK(clock_fd >= 0);
    offsets[2] = clock_wall_s();
    write_offsets();
    CHECK(setenv("YIZHAN_TEST_CLOCK", path, 1) == 0 && clock_init() == 0);
    unlink(path);
}

void test_clock_pass(int64_t wall_s, int64_t mono_ms)
{
    offsets[0] += wall_s;
    offsets[1] += mono_ms;
    write_offsets();
}
