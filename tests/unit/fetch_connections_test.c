/* Connections that are used again, and names that are slow to resolve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counters.h"
#include "tests/unit/support/fetch_case.h"
#include "tests/unit/support/resolver.h"

static void fetch_connection_used_again(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    case_again(c);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(scripted_requests(c->servers[0]), 2);
    assert_int_equal(scripted_connections(c->servers[0]), 1);
}

/* Keeps the connection, and breaks it when the next request has come. */
static bool serve_dying(struct scripted_request *request)
{
    if (request->number == 1)
        return false;
    return serve_right(request);
}

static void fetch_dead_connection_retried(void **state)
{
    struct fetch_case *c = *state;
    int64_t errors = counter_get(COUNTER_UPSTREAM_ERRORS);

    case_add(c, serve_dying);
    assert_int_equal(case_run(c), FETCH_OK);
    case_again(c);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(scripted_requests(c->servers[0]), 3);
    assert_int_equal(scripted_connections(c->servers[0]), 2);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_ERRORS) - errors, 0);
}

#define DYING 6

/* The first six connections, opened side by side, each break at their second request. */
static bool serve_all_dying(struct scripted_request *request)
{
    if (request->number >= DYING)
        return request->connection >= DYING && serve_right(request);
    scripted_hold(request);
    return serve_right(request);
}

/* More of them than curl gets over by itself. */
static void fetch_many_dead_connections(void **state)
{
    struct fetch_case *c = *state;
    struct sink sinks[DYING];
    int64_t errors = counter_get(COUNTER_UPSTREAM_ERRORS);

    case_add(c, serve_all_dying);
    c->options.class = FETCH_DOCUMENT;
    for (int i = 0; i < DYING; i++) {
        sink_init(&sinks[i]);
        fetch_start(c->fetcher, &c->options, &sink_ops, &sinks[i]);
    }
    scripted_wait_held(c->servers[0], DYING);
    scripted_release(c->servers[0]);
    for (int i = 0; i < DYING; i++) {
        assert_int_equal(sink_wait(&sinks[i]), FETCH_OK);
        sink_release(&sinks[i]);
    }
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(scripted_connections(c->servers[0]), DYING + 1);
    assert_int_equal(scripted_requests(c->servers[0]), DYING + DYING + 1);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_ERRORS) - errors, 0);
}

/* Neither others, nor the end of the fetch itself, wait for the resolver. */
static void fetch_slow_resolver(void **state)
{
    struct fetch_case *c = *state;
    struct sink slow;

    case_add(c, serve_right);
    case_add(c, serve_right);
    sink_init(&slow);
    c->candidates[1].url = scripted_url(c->servers[1], "slow.test", "/object");
    c->options.candidates = c->candidates + 1;
    c->options.candidate_count = 1;
    struct fetch *fetch = fetch_start(c->fetcher, &c->options, &sink_ops, &slow);
    resolver_wait_asked();
    fetch_cancel(fetch);
    assert_int_equal(sink_wait(&slow), FETCH_CANCELLED);
    c->options.candidates = c->candidates;
    assert_int_equal(case_run(c), FETCH_OK);
    resolver_release();
    sink_release(&slow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fetch_connection_used_again),
        TEST(fetch_dead_connection_retried),
        TEST(fetch_many_dead_connections),
        TEST(fetch_slow_resolver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
