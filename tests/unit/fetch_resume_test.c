/* Transfers that break in the middle, and how they are continued. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <strings.h>

#include "base/counters.h"
#include "tests/unit/support/fetch_case.h"

#define HALF (CASE_BYTES / 2)

static void assert_right(struct fetch_case *c)
{
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_int_equal(c->sink.begins, 1);
    assert_int_equal(c->sink.completes, 1);
}

static void fetch_continued_elsewhere(void **state)
{
    struct fetch_case *c = *state;
    int64_t resumed = counter_get(COUNTER_UPSTREAM_RESUMED);

    case_add(c, serve_half);
    case_add(c, serve_right);
    assert_right(c);
    assert_int_equal(scripted_requests(c->servers[0]), 1);
    assert_int_equal(scripted_requests(c->servers[1]), 1);
    assert_non_null(strstr(scripted_head(c->servers[1], 0), "\r\nRange: bytes=150000-\r\n"));
    assert_null(strstr(scripted_head(c->servers[1], 0), "If-Range"));
    assert_int_equal(counter_get(COUNTER_UPSTREAM_RESUMED) - resumed, 1);
    assert_false(upstream_healthy(c->upstreams[0]));
}

static bool serve_half_then_rest(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    if (request->range_from > 0)
        return scripted_file(request, "ETag: \"v1\"\r\n", c->bytes, CASE_BYTES);
    scripted_printf(request, "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: %d\r\n\r\n", CASE_BYTES);
    scripted_send(request, c->bytes, HALF);
    return false;
}

static void fetch_continued_same_upstream(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_half_then_rest);
    assert_right(c);
    assert_non_null(strstr(scripted_head(c->servers[0], 1), "\r\nRange: bytes=150000-\r\n"));
    assert_non_null(strstr(scripted_head(c->servers[0], 1), "\r\nIf-Range: \"v1\"\r\n"));
    assert_true(upstream_healthy(c->upstreams[0]));
}

static bool serve_weak_half(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    if (request->range_from > 0)
        return scripted_file(request, "ETag: W/\"v1\"\r\n", c->bytes, CASE_BYTES);
    scripted_printf(request, "HTTP/1.1 200 OK\r\nETag: W/\"v1\"\r\nContent-Length: %d\r\n\r\n", CASE_BYTES);
    scripted_send(request, c->bytes, HALF);
    return false;
}

static void fetch_weak_etag_no_if_range(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_weak_half);
    assert_right(c);
    assert_null(strstr(scripted_head(c->servers[0], 1), "If-Range"));
}

static bool serve_without_ranges(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    return scripted_reply(request, 200, "", c->bytes, CASE_BYTES);
}

static void fetch_range_ignored(void **state)
{
    struct fetch_case *c = *state;
    int64_t resumed = counter_get(COUNTER_UPSTREAM_RESUMED);

    case_add(c, serve_half);
    case_add(c, serve_without_ranges);
    assert_right(c);
    assert_int_equal(scripted_requests(c->servers[1]), 1);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_RESUMED) - resumed, 0);
}

/* From another byte than asked for, with the right length of the rest. */
static bool serve_wrong_start(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    scripted_printf(request,
                    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\n"
                    "Content-Length: %d\r\n\r\n",
                    HALF - 1, CASE_BYTES - 1, CASE_BYTES, HALF + 1);
    scripted_send(request, c->bytes + HALF - 1, HALF + 1);
    return true;
}

static void fetch_206_wrong_start(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_half);
    case_add(c, serve_wrong_start);
    case_add(c, serve_right);
    assert_right(c);
    assert_int_equal(scripted_requests(c->servers[2]), 1);
}

static bool serve_wrong_total(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    scripted_printf(request,
                    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\n"
                    "Content-Length: %d\r\n\r\n",
                    HALF, CASE_BYTES - 2, CASE_BYTES - 1, HALF - 1);
    scripted_send(request, c->bytes + HALF, HALF - 1);
    return true;
}

static void fetch_206_wrong_total(void **state)
{
    struct fetch_case *c = *state;
    int64_t mismatches = counter_get(COUNTER_UPSTREAM_MISMATCHES);

    case_add(c, serve_half);
    case_add(c, serve_wrong_total);
    case_add(c, serve_right);
    assert_right(c);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_MISMATCHES) - mismatches, 1);
}

static bool serve_416(struct scripted_request *request)
{
    if (request->range_from < 0)
        return serve_without_ranges(request);
    return scripted_reply(request, 416, "", "", 0);
}

/* Asked for the whole once it has said no to the range. */
static void fetch_416_then_whole(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_half);
    case_add(c, serve_416);
    upstream_note_busy(c->upstreams[1], 60); /* stands behind the first one */
    assert_right(c);
    assert_int_equal(scripted_requests(c->servers[1]), 2);
    assert_null(strstr(scripted_head(c->servers[1], 1), "Range:"));
}

static void fetch_404_while_continuing(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_half_then_rest);
    case_add(c, serve_404);
    assert_right(c);
    assert_int_equal(scripted_requests(c->servers[1]), 1);
    assert_int_equal(scripted_requests(c->servers[0]), 2);
}

/* A byte at a time is no progress. */
static bool serve_one_byte(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;
    int from = request->range_from > 0 ? (int)request->range_from : 0;

    if (from)
        scripted_printf(request, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\n", from,
                        CASE_BYTES - 1, CASE_BYTES);
    else
        scripted_printf(request, "HTTP/1.1 200 OK\r\n");
    scripted_printf(request, "Content-Length: %d\r\n\r\n", CASE_BYTES - from);
    scripted_send(request, c->bytes + from, 1);
    return false;
}

static void fetch_fruitless_attempts_end(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_one_byte);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_int_equal(scripted_requests(c->servers[0]), 5);
    assert_int_equal(c->sink.data.len, 5);
    assert_int_equal(c->sink.begins, 1);
    assert_int_equal(c->sink.completes, 0);
}

/* A tenth at a time is: more breaks than fruitless attempts are allowed. */
static bool serve_tenth(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;
    int from = request->range_from > 0 ? (int)request->range_from : 0;

    if (from)
        scripted_printf(request, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-%d/%d\r\n", from,
                        CASE_BYTES - 1, CASE_BYTES);
    else
        scripted_printf(request, "HTTP/1.1 200 OK\r\n");
    scripted_printf(request, "Content-Length: %d\r\n\r\n", CASE_BYTES - from);
    scripted_send(request, c->bytes + from, CASE_BYTES / 10);
    return false;
}

static void fetch_progress_goes_on(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_tenth);
    assert_right(c);
    assert_int_equal(scripted_requests(c->servers[0]), 10);
}

static bool serve_chunks(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    scripted_printf(request, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", HALF);
    scripted_send(request, c->bytes, HALF);
    scripted_printf(request, "\r\n%x\r\n", CASE_BYTES - HALF);
    scripted_send(request, c->bytes + HALF, CASE_BYTES - HALF);
    return scripted_printf(request, "\r\n0\r\n\r\n");
}

static void fetch_chunked(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_chunks);
    assert_right(c);
    assert_int_equal(c->sink.total_bytes, -1);
}

static bool serve_cut_chunks(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    scripted_printf(request, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", HALF);
    scripted_send(request, c->bytes, HALF);
    scripted_printf(request, "\r\n");
    return false;
}

static void fetch_chunked_cut(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_cut_chunks);
    case_add(c, serve_right);
    assert_right(c);
    assert_int_equal(scripted_requests(c->servers[1]), 1);
}

static void fetch_chunked_too_long(void **state)
{
    struct fetch_case *c = *state;
    int64_t mismatches = counter_get(COUNTER_UPSTREAM_MISMATCHES);

    case_add(c, serve_chunks);
    c->options.expected_bytes = CASE_BYTES - 1;
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_int_equal(c->sink.completes, 0);
    assert_true(c->sink.data.len <= CASE_BYTES - 1);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_MISMATCHES) - mismatches, 1);
}

static void fetch_chunked_too_short(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_chunks);
    c->options.expected_bytes = CASE_BYTES + 1;
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_int_equal(c->sink.completes, 0);
}

/* ---- bodies that end with the connection ---- */

static bool serve_until_close(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    scripted_printf(request, "HTTP/1.0 200 OK\r\n\r\n");
    scripted_send(request, c->bytes, CASE_BYTES);
    return false;
}

static void fetch_close_delimited_blob_unknown(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_until_close);
    case_add(c, serve_right);
    assert_right(c);
    assert_string_equal(c->sink.upstream, "second");
}

static void fetch_close_delimited_blob_known(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_until_close);
    c->options.expected_bytes = CASE_BYTES;
    assert_right(c);
    assert_int_equal(c->sink.total_bytes, CASE_BYTES);
}

static void fetch_close_delimited_document(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_until_close);
    c->options.class = FETCH_DOCUMENT;
    assert_right(c);
}

/* Nothing proves that two halves of a document belong together. */
static void fetch_document_begins_again(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_half);
    case_add(c, serve_right);
    c->options.class = FETCH_DOCUMENT;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_int_equal(c->sink.begins, 2);
    assert_null(strcasestr(scripted_head(c->servers[1], 0), "\r\nRange:"));
}

static bool serve_half_wrong(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;
    char bytes[HALF] = {0};

    (void)c;
    scripted_printf(request, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", CASE_BYTES);
    scripted_send(request, bytes, HALF);
    return false;
}

/* Of two that had a part in wrong content, the innocent one is asked again, for all of it. */
static void fetch_rejected_mixture(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_half_wrong);
    case_add(c, serve_right);
    c->sink.want = c->bytes;
    c->sink.want_len = CASE_BYTES;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_true(c->sink.completes >= 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fetch_continued_elsewhere),
        TEST(fetch_continued_same_upstream),
        TEST(fetch_weak_etag_no_if_range),
        TEST(fetch_range_ignored),
        TEST(fetch_206_wrong_start),
        TEST(fetch_206_wrong_total),
        TEST(fetch_416_then_whole),
        TEST(fetch_404_while_continuing),
        TEST(fetch_fruitless_attempts_end),
        TEST(fetch_progress_goes_on),
        TEST(fetch_chunked),
        TEST(fetch_chunked_cut),
        TEST(fetch_chunked_too_long),
        TEST(fetch_chunked_too_short),
        TEST(fetch_close_delimited_blob_unknown),
        TEST(fetch_close_delimited_blob_known),
        TEST(fetch_close_delimited_document),
        TEST(fetch_document_begins_again),
        TEST(fetch_rejected_mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
