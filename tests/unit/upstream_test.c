/* Health of an upstream, its trusted hosts, its lane. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "upstreams/lanes.h"
#include "upstreams/upstream.h"

static int setup(void **state)
{
    static const char *const realms[] = {"auth.example"};
    struct upstream_options options = {.name = "tuna",
                                       .base_url = "https://Mirror.example:8443/simple/",
                                       .files_url = "http://[::1]:80/files/",
                                       .connections = 2,
                                       .username = "joe",
                                       .password = "secret",
                                       .realms = realms,
                                       .realm_count = 1};
    *state = upstream_new(&options);
    return 0;
}

static int teardown(void **state)
{
    upstream_unref(*state);
    return 0;
}

static void upstream_copies_options(void **state)
{
    assert_string_equal(upstream_name(*state), "tuna");
    assert_string_equal(upstream_get_options(*state)->base_url, "https://Mirror.example:8443/simple/");
    assert_int_equal(upstream_get_options(*state)->connections, 2);
    assert_string_equal(upstream_get_options(*state)->username, "joe");
    assert_string_equal(upstream_get_options(*state)->password, "secret");
    assert_int_equal(upstream_get_options(*state)->realm_count, 1);
    assert_string_equal(upstream_get_options(*state)->realms[0], "auth.example");
}

static void upstream_rest_doubles(void **state)
{
    (void)state;
    assert_int_equal(upstream_rest_after_ms(1), 1000);
    assert_int_equal(upstream_rest_after_ms(2), 2000);
    assert_int_equal(upstream_rest_after_ms(9), 256000);
    assert_int_equal(upstream_rest_after_ms(10), 300000);
    assert_int_equal(upstream_rest_after_ms(4000000000u), 300000);
}

static void upstream_failure_and_success(void **state)
{
    assert_true(upstream_healthy(*state));
    upstream_note_failure(*state);
    assert_false(upstream_healthy(*state));
    assert_in_range(upstream_resting_ms(*state), 1, 1000);
    upstream_note_success(*state);
    assert_true(upstream_healthy(*state));
}

/* Many transfers break when an upstream goes away: that is one failure. */
static void upstream_failures_at_once(void **state)
{
    for (int i = 0; i < 50; i++)
        upstream_note_failure(*state);
    assert_in_range(upstream_resting_ms(*state), 1, 1000);
}

static void upstream_busy_is_bounded(void **state)
{
    upstream_note_busy(*state, 100);
    assert_in_range(upstream_resting_ms(*state), 90000, 100000);
    upstream_note_busy(*state, 10); /* does not shorten */
    assert_in_range(upstream_resting_ms(*state), 90000, 100000);
    upstream_note_busy(*state, INT64_MAX);
    assert_in_range(upstream_resting_ms(*state), 290000, 300000);
}

static void upstream_learns_files_base(void **state)
{
    assert_null(upstream_files_base(*state));
    assert_true(upstream_set_files_base(*state, "https://mirror.example/packages/"));
    assert_false(upstream_set_files_base(*state, "https://mirror.example/packages/"));
    assert_true(upstream_set_files_base(*state, "https://files.example/packages/"));
    char *CLEANUP_FREE base = upstream_files_base(*state);
    assert_string_equal(base, "https://files.example/packages/");
}

static void upstream_trusted_hosts(void **state)
{
    assert_true(upstream_trusts_host(*state, "mirror.example"));
    assert_true(upstream_trusts_host(*state, "::1"));
    assert_true(upstream_trusts_host(*state, "[::1]"));
    assert_false(upstream_trusts_host(*state, "127.0.0.1"));
    assert_false(upstream_trusts_host(*state, "example"));
    assert_true(upstream_trusts_host(*state, "Auth.example"));
    assert_false(upstream_trusts_host(*state, "x.auth.example"));
    assert_false(upstream_trusts_host(*state, "a.mirror.example"));
    assert_false(upstream_trusts_host(*state, "mirror.example.evil"));
    assert_false(upstream_trusts_host(*state, ""));
}

static void upstream_quota(void **state)
{
    assert_int_equal(upstream_get_quota(*state).limit, -1);
    assert_int_equal(upstream_get_quota(*state).remaining, -1);
    upstream_note_quota(*state, &(struct upstream_quota){100, 98});
    upstream_note_quota(*state, &(struct upstream_quota){-1, 97});
    assert_int_equal(upstream_get_quota(*state).limit, 100);
    assert_int_equal(upstream_get_quota(*state).remaining, 97);
}

/* ---- lanes ---- */

static void lanes_first_come_first_served(void **state)
{
    struct ticket blobs[4] = {0};
    struct ticket documents[3] = {0};
    struct lanes lanes;

    lanes_init(&lanes);
    assert_true(lanes_enter(&lanes, &blobs[0], *state, false));
    assert_true(lanes_enter(&lanes, &blobs[1], *state, false));
    assert_false(lanes_enter(&lanes, &blobs[2], *state, false));
    assert_false(lanes_enter(&lanes, &blobs[3], *state, false));
    assert_true(lanes_enter(&lanes, &documents[0], *state, true));
    assert_true(lanes_enter(&lanes, &documents[1], *state, true));
    assert_false(lanes_enter(&lanes, &documents[2], *state, true));
    assert_null(lanes_next(&lanes));

    lanes_leave(&lanes, &blobs[0]); /* 3 run: room for a document only */
    assert_ptr_equal(lanes_next(&lanes), &documents[2]);
    assert_null(lanes_next(&lanes));
    lanes_leave(&lanes, &documents[0]);
    lanes_leave(&lanes, &documents[1]);
    assert_null(lanes_next(&lanes)); /* 2 run */
    lanes_leave(&lanes, &documents[2]);
    assert_ptr_equal(lanes_next(&lanes), &blobs[2]);
    lanes_leave(&lanes, &blobs[3]); /* from the line */
    lanes_leave(&lanes, &blobs[1]);
    assert_null(lanes_next(&lanes));
    lanes_leave(&lanes, &blobs[2]);
    assert_true(LIST_EMPTY(&lanes.lanes));
}

/* Who had a place is the next to get one, but takes nobody's away. */
static void lanes_return_in_front(void **state)
{
    struct ticket tickets[4] = {0};
    struct lanes lanes;

    lanes_init(&lanes);
    for (int i = 0; i < 3; i++)
        assert_int_equal(lanes_enter(&lanes, &tickets[i], *state, false), i < 2);
    assert_false(lanes_return(&lanes, &tickets[3], *state, false));
    lanes_leave(&lanes, &tickets[0]);
    assert_ptr_equal(lanes_next(&lanes), &tickets[3]);
    assert_null(lanes_next(&lanes));
    lanes_leave(&lanes, &tickets[1]);
    assert_ptr_equal(lanes_next(&lanes), &tickets[2]);
    lanes_leave(&lanes, &tickets[2]);
    assert_true(lanes_return(&lanes, &tickets[0], *state, false));
    lanes_leave(&lanes, &tickets[0]);
    lanes_leave(&lanes, &tickets[3]);
    assert_true(LIST_EMPTY(&lanes.lanes));
}

/* Who was called but left before it ran gives its place on. */
static void lanes_leave_when_called(void **state)
{
    struct ticket tickets[4] = {0};
    struct lanes lanes;

    lanes_init(&lanes);
    for (int i = 0; i < 4; i++)
        assert_int_equal(lanes_enter(&lanes, &tickets[i], *state, false), i < 2);
    lanes_leave(&lanes, &tickets[0]);
    lanes_leave(&lanes, &tickets[2]);
    assert_ptr_equal(lanes_next(&lanes), &tickets[3]);
    assert_null(lanes_next(&lanes));
    lanes_leave(&lanes, &tickets[1]);
    lanes_leave(&lanes, &tickets[3]);
    lanes_leave(&lanes, &tickets[3]); /* nowhere already */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(upstream_copies_options),
        TEST(upstream_rest_doubles),
        TEST(upstream_failure_and_success),
        TEST(upstream_failures_at_once),
        TEST(upstream_busy_is_bounded),
        TEST(upstream_learns_files_base),
        TEST(upstream_trusted_hosts),
        TEST(lanes_first_come_first_served),
        TEST(lanes_leave_when_called),
        TEST(lanes_return_in_front),
        TEST(upstream_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
