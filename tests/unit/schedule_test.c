/* When the server's own prefetching is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "admin/schedule.h"
#include "base/config.h"

#define HOUR 3600
#define DAY 86400
/* 2026-03-10 00:00 UTC */
#define MIDNIGHT INT64_C(1773100800)

static int use_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC0", 1);
    tzset();
    return 0;
}

static void schedule_without_a_time_of_day(void **state)
{
    (void)state;
    const struct prefetch_config config = {.every_s = 6 * HOUR};
    assert_int_equal(schedule_due_s(&config, 0, MIDNIGHT + 100), MIDNIGHT + 100);
    assert_int_equal(schedule_due_s(&config, MIDNIGHT, MIDNIGHT + 100), MIDNIGHT + 6 * HOUR);
}

static void schedule_at_a_time_of_day(void **state)
{
    (void)state;
    const struct prefetch_config config = {.every_s = DAY, .at = "03:30"};
    int64_t at = MIDNIGHT + 3 * HOUR + 1800;
    assert_int_equal(schedule_due_s(&config, 0, MIDNIGHT), at);
    assert_int_equal(schedule_due_s(&config, 0, at), at + DAY);
    assert_int_equal(schedule_due_s(&config, 0, MIDNIGHT + 23 * HOUR), at + DAY);
    /* A run that was late does not move those that follow. */
    assert_int_equal(schedule_due_s(&config, at + HOUR, MIDNIGHT), at + DAY);
    /* One that was missed is made up for. */
    assert_int_equal(schedule_due_s(&config, at - 3 * DAY, MIDNIGHT), at - 2 * DAY);
}

static void schedule_more_than_once_a_day(void **state)
{
    (void)state;
    const struct prefetch_config config = {.every_s = 8 * HOUR, .at = "22:00"};
    assert_int_equal(schedule_due_s(&config, 0, MIDNIGHT), MIDNIGHT + 6 * HOUR);
    assert_int_equal(schedule_due_s(&config, MIDNIGHT + 6 * HOUR, MIDNIGHT), MIDNIGHT + 14 * HOUR);
    assert_int_equal(schedule_due_s(&config, MIDNIGHT + 15 * HOUR, MIDNIGHT), MIDNIGHT + 22 * HOUR);
}

static void schedule_where_clocks_are_changed(void **state)
{
    (void)state;
    const struct prefetch_config config = {.every_s = DAY, .at = "03:30"};
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    /* The 29th of March has 23 hours, the 25th of October 25. */
    int64_t before = MIDNIGHT + 18 * DAY + 2 * HOUR + 1800;
    assert_int_equal(schedule_due_s(&config, before, MIDNIGHT), before + 23 * HOUR);
    assert_int_equal(schedule_due_s(&config, before + 23 * HOUR, MIDNIGHT), before + 47 * HOUR);
    before = MIDNIGHT + 228 * DAY + HOUR + 1800;
    assert_int_equal(schedule_due_s(&config, before, MIDNIGHT), before + 25 * HOUR);
    assert_int_equal(schedule_due_s(&config, before + 25 * HOUR, MIDNIGHT), before + 49 * HOUR);
    const struct prefetch_config weekly = {.every_s = 7 * DAY, .at = "03:30"};
    assert_int_equal(schedule_due_s(&weekly, before, MIDNIGHT), before + 7 * DAY + HOUR);
    use_utc(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedule_without_a_time_of_day),
        cmocka_unit_test(schedule_at_a_time_of_day),
        cmocka_unit_test(schedule_more_than_once_a_day),
        cmocka_unit_test(schedule_where_clocks_are_changed),
    };

    return cmocka_run_group_tests(tests, use_utc, NULL);
}
