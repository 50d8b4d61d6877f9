/* What upstreams' answers mean, and the fail-over before the first byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <strings.h>

#include "base/counters.h"
#include "base/memory.h"
#include "base/version.h"
#include "tests/unit/support/fetch_case.h"

static void fetch_whole(void **state)
{
    struct fetch_case *c = *state;
    int64_t requests = counter_get(COUNTER_UPSTREAM_REQUESTS);
    int64_t bytes = counter_get(COUNTER_UPSTREAM_BYTES);

    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_int_equal(c->sink.begins, 1);
    assert_int_equal(c->sink.total_bytes, CASE_BYTES);
    assert_int_equal(c->sink.finishes, 1);
    assert_true(c->sink.answered);
    assert_string_equal(c->sink.url, c->candidates[0].url);
    assert_int_equal(scripted_requests(c->servers[0]), 1);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_REQUESTS) - requests, 1);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_BYTES) - bytes, CASE_BYTES);
}

static void fetch_request_headers(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    c->options.accept = "text/x-test";
    assert_int_equal(case_run(c), FETCH_OK);
    const char *head = scripted_head(c->servers[0], 0);
    assert_non_null(strstr(head, "GET /object HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "\r\nUser-Agent: yizhan/" YIZHAN_VERSION "\r\n"));
    assert_non_null(strstr(head, "\r\nAccept-Encoding: identity\r\n"));
    assert_non_null(strstr(head, "\r\nAccept: text/x-test\r\n"));
    assert_null(strcasestr(head, "\r\nRange:"));
    assert_null(strcasestr(head, "\r\nCookie:"));
    assert_null(strcasestr(head, "\r\nAuthorization:"));
}

static void fetch_document_asks_gzip(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    c->options.class = FETCH_DOCUMENT;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_non_null(strstr(scripted_head(c->servers[0], 0), "\r\nAccept-Encoding: gzip\r\n"));
    assert_null(strcasestr(scripted_head(c->servers[0], 0), "\r\nAccept:"));
}

static bool serve_empty(struct scripted_request *request)
{
    return scripted_reply(request, 200, "", "", 0);
}

static void fetch_empty_body(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_empty);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(c->sink.begins, 1);
    assert_int_equal(c->sink.writes, 0);
    assert_int_equal(c->sink.completes, 1);
}

static void fetch_head_request(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    c->options.head = true;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_non_null(strstr(scripted_head(c->servers[0], 0), "HEAD /object "));
    assert_int_equal(c->sink.total_bytes, CASE_BYTES);
    assert_int_equal(c->sink.writes, 0);
    assert_int_equal(c->sink.completes, 1);
}

static void fetch_failover_before_start(void **state)
{
    struct fetch_case *c = *state;
    int64_t errors = counter_get(COUNTER_UPSTREAM_ERRORS);

    case_add(c, serve_500);
    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_string_equal(c->sink.upstream, "second");
    assert_int_equal(c->sink.begins, 1);
    assert_int_equal(scripted_requests(c->servers[0]), 1);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_ERRORS) - errors, 1);
    assert_false(upstream_healthy(c->upstreams[0]));
    assert_true(upstream_healthy(c->upstreams[1]));
}

static void fetch_failover_refused_connection(void **state)
{
    struct fetch_case *c = *state;
    struct scripted_server *gone = scripted_start(serve_right, c);
    char *CLEANUP_FREE dead_url = xstrdup(scripted_url(gone, "127.0.0.1", "/object"));

    scripted_stop(gone);
    case_add(c, serve_404);
    case_add(c, serve_right);
    c->candidates[0].url = dead_url;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
    assert_false(upstream_healthy(c->upstreams[0]));
}

static void fetch_healthy_first(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    case_add(c, serve_right);
    upstream_note_failure(c->upstreams[0]);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
    assert_int_equal(scripted_requests(c->servers[0]), 0);
}

static bool serve_second_time(struct scripted_request *request)
{
    return request->number == 0 ? serve_500(request) : serve_right(request);
}

static void fetch_transient_error_retried(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_second_time);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(scripted_requests(c->servers[0]), 2);
    assert_true(upstream_healthy(c->upstreams[0]));
}

static void fetch_three_rounds(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_500);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_int_equal(scripted_requests(c->servers[0]), 3);
    assert_int_equal(c->sink.begins, 0);
    assert_false(c->sink.answered);
    assert_non_null(strstr(c->sink.reason, "first: answered 500"));
}

static void fetch_no_candidates(void **state)
{
    struct fetch_case *c = *state;

    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_true(*c->sink.reason);
}

static bool serve_403(struct scripted_request *request)
{
    return scripted_reply(request, 403, "", "", 0);
}

static void fetch_forbidden_not_repeated(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_403);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_int_equal(scripted_requests(c->servers[0]), 1);
    assert_false(upstream_healthy(c->upstreams[0]));
}

static void fetch_absent_everywhere(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_404);
    case_add(c, serve_404);
    assert_int_equal(case_run(c), FETCH_NOT_FOUND);
    assert_int_equal(scripted_requests(c->servers[0]), 1);
    assert_int_equal(scripted_requests(c->servers[1]), 1);
    assert_true(upstream_healthy(c->upstreams[0]));
    assert_false(c->sink.answered);
}

static void fetch_absent_at_first_only(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_404);
    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
}

/* The upstream that fails might have it; once it is known to be ill, the healthy ones' word counts. */
static void fetch_absent_and_failing(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_404);
    case_add(c, serve_500);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_int_equal(scripted_requests(c->servers[0]), 1);
    case_again(c);
    assert_int_equal(case_run(c), FETCH_NOT_FOUND);
    assert_int_equal(scripted_requests(c->servers[1]), 3);
}

static bool serve_304(struct scripted_request *request)
{
    return scripted_printf(request, "HTTP/1.1 304 Not Modified\r\nETag: \"new\"\r\n\r\n");
}

static void fetch_not_modified(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_304);
    c->candidates[0].if_none_match = "\"old\"";
    c->candidates[0].if_modified_since = "Sun, 06 Nov 1994 08:49:37 GMT";
    c->options.class = FETCH_DOCUMENT;
    assert_int_equal(case_run(c), FETCH_NOT_MODIFIED);
    assert_non_null(strstr(scripted_head(c->servers[0], 0), "\r\nIf-None-Match: \"old\"\r\n"));
    assert_non_null(
        strstr(scripted_head(c->servers[0], 0), "\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    assert_true(c->sink.answered);
    assert_string_equal(c->sink.etag, "\"new\"");
    assert_int_equal(c->sink.begins, 0);
    assert_int_equal(c->sink.completes, 0);
}

static void fetch_not_modified_unasked(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_304);
    case_add(c, serve_right);
    c->candidates[1].if_none_match = "\"old\"";
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
    assert_null(strstr(scripted_head(c->servers[0], 0), "If-None-Match"));
}

static bool serve_busy(struct scripted_request *request)
{
    return scripted_reply(request, 429, "Retry-After: 100\r\n", "", 0);
}

static void fetch_retry_after(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_busy);
    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    int64_t resting_ms = upstream_resting_ms(c->upstreams[0]);
    assert_in_range(resting_ms, 80000, 100000);
    assert_int_equal(scripted_requests(c->servers[0]), 1);
}

static bool serve_shorter(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    return scripted_file(request, "Content-Type: text/html\r\n", c->bytes, 100);
}

static void fetch_wrong_length_at_begin(void **state)
{
    struct fetch_case *c = *state;
    int64_t mismatches = counter_get(COUNTER_UPSTREAM_MISMATCHES);

    case_add(c, serve_shorter);
    case_add(c, serve_right);
    c->options.expected_bytes = CASE_BYTES;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(c->sink.begins, 1);
    assert_string_equal(c->sink.upstream, "second");
    assert_int_equal(counter_get(COUNTER_UPSTREAM_MISMATCHES) - mismatches, 1);
    assert_false(upstream_healthy(c->upstreams[0]));
}

static bool serve_gzip_blob(struct scripted_request *request)
{
    return scripted_reply(request, 200, "Content-Encoding: gzip\r\n", "abc", 3);
}

static void fetch_blob_encoded(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_gzip_blob);
    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
    assert_int_equal(c->sink.begins, 1);
}

/* ---- the decision of the sink ---- */

static bool serve_wrong(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;
    char *CLEANUP_FREE wrong = xmalloc(CASE_BYTES);

    memcpy(wrong, c->bytes, CASE_BYTES);
    wrong[CASE_BYTES - 1] ^= 1;
    return scripted_file(request, "", wrong, CASE_BYTES);
}

static void fetch_rejected_elsewhere(void **state)
{
    struct fetch_case *c = *state;
    int64_t mismatches = counter_get(COUNTER_UPSTREAM_MISMATCHES);

    case_add(c, serve_wrong);
    case_add(c, serve_right);
    c->sink.want = c->bytes;
    c->sink.want_len = CASE_BYTES;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(c->sink.begins, 2);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_int_equal(counter_get(COUNTER_UPSTREAM_MISMATCHES) - mismatches, 1);
    assert_false(upstream_healthy(c->upstreams[0]));
    assert_null(strcasestr(scripted_head(c->servers[1], 0), "\r\nRange:"));
}

static void fetch_rejected_everywhere(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_wrong);
    case_add(c, serve_wrong);
    c->sink.want = c->bytes;
    c->sink.want_len = CASE_BYTES;
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_int_equal(c->sink.completes, 2);
    assert_non_null(strstr(c->sink.reason, "first: sent wrong content"));
    assert_non_null(strstr(c->sink.reason, "second: sent wrong content"));
}

static void fetch_rejected_empty(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_empty);
    c->sink.want = c->bytes;
    c->sink.want_len = CASE_BYTES;
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_int_equal(c->sink.completes, 1);
}

/* A wrong length without anybody's word for it must not keep the right one out. */
static bool serve_short_twice(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    if (request->range_from > 0)
        return scripted_file(request, "", c->bytes, 100);
    scripted_printf(request, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    scripted_send(request, c->bytes, 50);
    return false;
}

static void fetch_rejected_other_length(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_short_twice);
    case_add(c, serve_right);
    c->sink.want = c->bytes;
    c->sink.want_len = CASE_BYTES;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(c->sink.completes, 2);
    assert_string_equal(c->sink.upstream, "second");
}

static void fetch_decided_later(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    case_add(c, serve_right);
    c->sink.pending = true;
    struct fetch *fetch = case_start(c);
    sink_wait_completes(&c->sink, 1);
    fetch_decide(fetch, FETCH_REJECT);
    sink_wait_completes(&c->sink, 2);
    assert_int_equal(c->sink.finishes, 0);
    fetch_decide(fetch, FETCH_ACCEPT);
    assert_int_equal(sink_wait(&c->sink), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
    assert_int_equal(c->sink.begins, 2);
}

static void fetch_sink_refuses_begin(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    c->sink.begin_fails = true;
    assert_int_equal(case_run(c), FETCH_REFUSED);
    assert_int_equal(c->sink.writes, 0);
}

static void fetch_sink_refuses_write(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    c->sink.fail_write = 1;
    assert_int_equal(case_run(c), FETCH_REFUSED);
    assert_int_equal(c->sink.writes, 1);
    assert_int_equal(c->sink.finishes, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fetch_whole),
        TEST(fetch_request_headers),
        TEST(fetch_document_asks_gzip),
        TEST(fetch_empty_body),
        TEST(fetch_head_request),
        TEST(fetch_failover_before_start),
        TEST(fetch_failover_refused_connection),
        TEST(fetch_healthy_first),
        TEST(fetch_transient_error_retried),
        TEST(fetch_three_rounds),
        TEST(fetch_no_candidates),
        TEST(fetch_forbidden_not_repeated),
        TEST(fetch_absent_everywhere),
        TEST(fetch_absent_at_first_only),
        TEST(fetch_absent_and_failing),
        TEST(fetch_not_modified),
        TEST(fetch_not_modified_unasked),
        TEST(fetch_retry_after),
        TEST(fetch_wrong_length_at_begin),
        TEST(fetch_blob_encoded),
        TEST(fetch_rejected_elsewhere),
        TEST(fetch_rejected_everywhere),
        TEST(fetch_rejected_empty),
        TEST(fetch_rejected_other_length),
        TEST(fetch_decided_later),
        TEST(fetch_sink_refuses_begin),
        TEST(fetch_sink_refuses_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
