/* Redirects, and where requests may go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counters.h"
#include "tests/unit/support/fetch_case.h"

static const char *location; /* set by the test before it starts the fetch */

static bool serve_redirect(struct scripted_request *request)
{
    struct buf CLEANUP_BUF headers = BUF_INIT;

    if (strcmp(request->target, "/moved") == 0)
        return serve_right(request);
    buf_printf(&headers, "Location: %s\r\n", location);
    return scripted_reply(request, 302, headers.data, "moved", 5);
}

static void redirect_relative(void **state)
{
    struct fetch_case *c = *state;
    int64_t requests = counter_get(COUNTER_UPSTREAM_REQUESTS);

    case_add(c, serve_redirect);
    location = "moved";
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_string_equal(c->sink.url, scripted_url(c->servers[0], "127.0.0.1", "/moved"));
    assert_int_equal(scripted_requests(c->servers[0]), 2);
    assert_int_equal(scripted_connections(c->servers[0]), 1);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_REQUESTS) - requests, 2);
}

static void redirect_loop(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_redirect);
    case_add(c, serve_right);
    location = "/again";
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
    assert_int_equal(scripted_requests(c->servers[0]), 11);
}

/* Runs a redirect of the first upstream that must not be followed; the second serves. `goal` is where it
 * would lead. */
static void assert_refused(struct fetch_case *c, const char *to, struct scripted_server *goal)
{
    location = to;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
    assert_int_equal(scripted_requests(c->servers[0]), 1);
    if (goal)
        assert_int_equal(scripted_connections(goal), 0);
}

static void redirect_to_private_literal(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_redirect);
    case_add(c, serve_right);
    assert_refused(c, "http://127.0.0.2:1/", NULL);
    assert_false(upstream_healthy(c->upstreams[0]));
}

/* The name looks harmless; only its address tells. */
static void redirect_to_private_name(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_redirect);
    case_add(c, serve_right);
    case_add(c, serve_right);
    c->options.candidate_count = 2;
    assert_refused(c, scripted_url(c->servers[2], "inside.test", "/moved"), c->servers[2]);
}

static void redirect_to_other_scheme(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_redirect);
    case_add(c, serve_right);
    assert_refused(c, "file:///etc/passwd", NULL);
}

/* A URL of a page is no better than a redirect. */
static void redirect_candidate_url_private(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    case_add(c, serve_right);
    c->candidates[0].url = scripted_url(c->servers[0], "inside.test", "/object");
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
    assert_int_equal(scripted_connections(c->servers[0]), 0);
}

/* A connection that a trusted upstream has opened is no way around the policy for another. */
static void redirect_private_on_open_connection(void **state)
{
    struct fetch_case *c = *state;
    struct upstream *outside = test_upstream("outside", "http://mirror.example/", c->timeout_s);
    const char *url;

    case_add(c, serve_right);
    url = scripted_url(c->servers[0], "inside.test", "/object");
    struct upstream *inside = test_upstream("inside", url, c->timeout_s);
    c->candidates[0] = (struct fetch_candidate){.upstream = inside, .url = url};
    assert_int_equal(case_run(c), FETCH_OK);
    case_again(c);
    c->candidates[0].upstream = outside;
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_non_null(strstr(c->sink.reason, "private network"));
    assert_int_equal(scripted_requests(c->servers[0]), 1);
    upstream_unref(inside);
    upstream_unref(outside);
}

static bool serve_big_redirect(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    if (strcmp(request->target, "/moved") == 0)
        return serve_right(request);
    return scripted_reply(request, 301, "Location: /moved\r\n", c->bytes, CASE_BYTES);
}

static void redirect_with_long_body(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_big_redirect);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_int_equal(scripted_requests(c->servers[0]), 2);
}

static bool serve_no_location(struct scripted_request *request)
{
    return scripted_reply(request, 302, "", "", 0);
}

static void redirect_without_location(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_no_location);
    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
}

/* The Range goes along, so a continued transfer may be redirected too. */
static bool serve_moved_half(struct scripted_request *request)
{
    if (strcmp(request->target, "/moved") != 0)
        return scripted_reply(request, 307, "Location: /moved\r\n", "", 0);
    return request->range_from > 0 ? serve_right(request) : serve_half(request);
}

static void redirect_while_continuing(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_moved_half);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_int_equal(c->sink.begins, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(redirect_relative),
        TEST(redirect_loop),
        TEST(redirect_to_private_literal),
        TEST(redirect_to_private_name),
        TEST(redirect_to_other_scheme),
        TEST(redirect_candidate_url_private),
        TEST(redirect_private_on_open_connection),
        TEST(redirect_with_long_body),
        TEST(redirect_without_location),
        TEST(redirect_while_continuing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
