/* The table of fills: who shares one, and when it can be found. Waiting needs libmicrohttpd: see the feature
 * tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counters.h"
#include "proxy/fill.h"

static struct fills *fills;

static int setup(void **state)
{
    (void)state;
    fills = fills_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fills_free(fills);
    return 0;
}

static struct fill *join(const char *key, bool expect_new)
{
    bool created;
    struct fill *fill = fill_join(fills, key, &created);

    assert_int_equal(created, expect_new);
    return fill;
}

static void fill_join_shares_a_running_one(void **state)
{
    (void)state;
    struct fill *fill = join("a", true);
    struct fill *other = join("b", true);

    assert_ptr_equal(join("a", false), fill);
    shared_unref(&fill->shared);
    fill_end(fill, FETCH_OK, NULL, NULL);
    fill_end(other, FETCH_OK, NULL, NULL);
    shared_unref(&fill->shared);
    shared_unref(&other->shared);
}

static void fill_join_refuses_more_than_the_limit(void **state)
{
    (void)state;
    static struct fill *all[FILLS_MAX];
    char key[16];

    for (int i = 0; i < FILLS_MAX; i++) {
        snprintf(key, sizeof(key), "%d", i);
        all[i] = join(key, true);
    }
    assert_null(join("one more", false));
    assert_ptr_equal(join("0", false), all[0]);
    shared_unref(&all[0]->shared);
    for (int i = 0; i < FILLS_MAX; i++) {
        fill_end(all[i], FETCH_OK, NULL, NULL);
        shared_unref(&all[i]->shared);
    }
}

static void fill_settled_stays_until_it_leaves(void **state)
{
    (void)state;
    struct fill *fill = join("a", true);

    fill_settle(fill, FETCH_OK, NULL, NULL);
    assert_int_equal(fill->state, FILL_DONE);
    assert_ptr_equal(fill_find(fills, "a"), fill);
    shared_unref(&fill->shared);
    fill_leave_table(fill);
    assert_null(fill_find(fills, "a"));
    shared_unref(&fill->shared);
}

static void fill_end_settles_and_leaves(void **state)
{
    (void)state;
    struct fill *fill = join("a", true);
    int64_t running = counter_get(COUNTER_FILLS_RUNNING);

    fill_end(fill, FETCH_UNAVAILABLE, "all are down", NULL);
    assert_int_equal(fill->state, FILL_FAILED);
    assert_int_equal(fill->outcome, FETCH_UNAVAILABLE);
    assert_string_equal(fill->reason, "all are down");
    assert_int_equal(counter_get(COUNTER_FILLS_RUNNING), running - 1);
    struct fill *next = join("a", true);
    assert_ptr_not_equal(next, fill);
    fill_end(next, FETCH_OK, NULL, NULL);
    shared_unref(&next->shared);
    shared_unref(&fill->shared);
}

static void fill_does_not_wait_when_it_is_over(void **state)
{
    (void)state;
    struct fill *fill = join("a", true);
    struct waiter waiter = {.fd = -1};

    fill_end(fill, FETCH_OK, NULL, NULL);
    lock_acquire(&fill->lock);
    assert_false(fill_wait_locked(fill, &waiter, WAIT_FOR_START));
    assert_false(fill_wait_locked(fill, &waiter, WAIT_FOR_END));
    lock_release(&fill->lock);
    shared_unref(&fill->shared);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fill_join_shares_a_running_one),     TEST(fill_join_refuses_more_than_the_limit),
        TEST(fill_settled_stays_until_it_leaves), TEST(fill_end_settles_and_leaves),
        TEST(fill_does_not_wait_when_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
