/* Health of an upstream, its trusted hosts, its slots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "upstreams/slots.h"
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

/* ---- slots ---- */

static void slots_first_come_first_served(void **state)
{
    struct slot blobs[4] = {0};
    struct slot documents[3] = {0};
    struct slots all;

    slots_init(&all);
    assert_true(slots_take(&all, &blobs[0], *state, false, false));
    assert_true(slots_take(&all, &blobs[1], *state, false, false));
    assert_false(slots_take(&all, &blobs[2], *state, false, false));
    assert_false(slots_take(&all, &blobs[3], *state, false, false));
    assert_true(slots_take(&all, &documents[0], *state, true, false));
    assert_true(slots_take(&all, &documents[1], *state, true, false));
    assert_false(slots_take(&all, &documents[2], *state, true, false));
    assert_null(slots_next(&all));

    slots_give_back(&all, &blobs[0]); /* 3 are held: only a document may have the next */
    assert_ptr_equal(slots_next(&all), &documents[2]);
    assert_null(slots_next(&all));
    slots_give_back(&all, &documents[0]);
    slots_give_back(&all, &documents[1]);
    assert_null(slots_next(&all)); /* 2 are held */
    slots_give_back(&all, &documents[2]);
    assert_ptr_equal(slots_next(&all), &blobs[2]);
    slots_give_back(&all, &blobs[3]); /* from the queue */
    slots_give_back(&all, &blobs[1]);
    assert_null(slots_next(&all));
    slots_give_back(&all, &blobs[2]);
    assert_true(LIST_EMPTY(&all.pools));
}

/* A request that lent its slot is the next to get one, but takes none that is held. */
static void slots_taken_again_in_front(void **state)
{
    struct slot slots[4] = {0};
    struct slots all;

    slots_init(&all);
    for (int i = 0; i < 3; i++)
        assert_int_equal(slots_take(&all, &slots[i], *state, false, false), i < 2);
    assert_false(slots_take(&all, &slots[3], *state, false, true));
    slots_give_back(&all, &slots[0]);
    assert_ptr_equal(slots_next(&all), &slots[3]);
    assert_null(slots_next(&all));
    slots_give_back(&all, &slots[1]);
    assert_ptr_equal(slots_next(&all), &slots[2]);
    slots_give_back(&all, &slots[2]);
    assert_true(slots_take(&all, &slots[0], *state, false, true));
    slots_give_back(&all, &slots[0]);
    slots_give_back(&all, &slots[3]);
    assert_true(LIST_EMPTY(&all.pools));
}

/* A slot that is granted but given back before it is handed out goes to the next. */
static void slots_given_back_when_granted(void **state)
{
    struct slot slots[4] = {0};
    struct slots all;

    slots_init(&all);
    for (int i = 0; i < 4; i++)
        assert_int_equal(slots_take(&all, &slots[i], *state, false, false), i < 2);
    slots_give_back(&all, &slots[0]);
    slots_give_back(&all, &slots[2]);
    assert_ptr_equal(slots_next(&all), &slots[3]);
    assert_null(slots_next(&all));
    slots_give_back(&all, &slots[1]);
    slots_give_back(&all, &slots[3]);
    slots_give_back(&all, &slots[3]); /* already NONE */
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
        TEST(slots_first_come_first_served),
        TEST(slots_given_back_when_granted),
        TEST(slots_taken_again_in_front),
        TEST(upstream_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
