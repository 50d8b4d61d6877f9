/* Limits of size, time and number; pausing, cancelling and stopping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/check.h"
#include "base/memory.h"
#include "tests/unit/support/fetch_case.h"

#define MANY 12

/* ---- size ---- */

static void fetch_too_large_announced(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    c->options.max_bytes = CASE_BYTES - 1;
    assert_int_equal(case_run(c), FETCH_TOO_LARGE);
    assert_int_equal(c->sink.begins, 0);
    assert_int_equal(scripted_requests(c->servers[0]), 1);
}

static void fetch_exactly_as_large(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    c->options.max_bytes = CASE_BYTES;
    assert_int_equal(case_run(c), FETCH_OK);
}

static bool serve_endless(struct scripted_request *request)
{
    static const char zeros[16384];

    scripted_printf(request, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (scripted_printf(request, "%zx\r\n", sizeof(zeros)) &&
           scripted_send(request, zeros, sizeof(zeros)) && scripted_printf(request, "\r\n"))
        ;
    return false;
}

static void fetch_endless_body(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_endless);
    c->options.max_bytes = 1000000;
    assert_int_equal(case_run(c), FETCH_TOO_LARGE);
    assert_true(c->sink.data.len <= 1000000);
}

static void fetch_too_large_at_first_only(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_endless);
    case_add(c, serve_right);
    c->options.max_bytes = CASE_BYTES;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
}

/* 16 MiB of zeros in some 16 KiB of gzip. */
#define BOMB_BLOCKS 256
static bool serve_bomb(struct scripted_request *request)
{
    static const unsigned char zeros[65536];
    size_t room = 64 * 1024;
    unsigned char *CLEANUP_FREE packed = xmalloc(room);
    z_stream stream = {.next_out = packed, .avail_out = (uInt)room};

    CHECK(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
    for (int i = 0; i < BOMB_BLOCKS; i++) {
        stream.next_in = (unsigned char *)zeros;
        stream.avail_in = sizeof(zeros);
        CHECK(deflate(&stream, i == BOMB_BLOCKS - 1 ? Z_FINISH : Z_NO_FLUSH) >= 0);
    }
    scripted_reply(request, 200, "Content-Encoding: gzip\r\n", packed, room - stream.avail_out);
    deflateEnd(&stream);
    return true;
}

static void fetch_gzip_bomb(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_bomb);
    c->options.class = FETCH_DOCUMENT;
    c->options.max_bytes = 1024 * 1024;
    assert_int_equal(case_run(c), FETCH_TOO_LARGE);
    assert_true(c->sink.data.len <= 1024 * 1024);
}

static void fetch_gzip_decoded(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_bomb);
    c->options.class = FETCH_DOCUMENT;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(c->sink.data.len, BOMB_BLOCKS * 65536);
    assert_int_equal(c->sink.total_bytes, -1);
}

static bool serve_many_headers(struct scripted_request *request)
{
    scripted_printf(request, "HTTP/1.1 200 OK\r\n");
    while (scripted_printf(request, "X-Padding: 12345678901234567890\r\n"))
        ;
    return false;
}

static void fetch_endless_headers(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_many_headers);
    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
}

/* ---- time ---- */

static bool serve_silence(struct scripted_request *request)
{
    scripted_hold(request);
    return false;
}

static void fetch_first_byte_deadline(void **state)
{
    struct fetch_case *c = *state;

    c->timeout_s = 1;
    case_add(c, serve_silence);
    c->timeout_s = 30;
    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
    assert_int_equal(scripted_requests(c->servers[0]), 1);
}

/* The status line is there, the end of the head never comes. */
static bool serve_half_head(struct scripted_request *request)
{
    scripted_printf(request, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n");
    scripted_hold(request);
    return false;
}

static void fetch_head_deadline(void **state)
{
    struct fetch_case *c = *state;

    c->timeout_s = 1;
    case_add(c, serve_half_head);
    c->timeout_s = 30;
    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "second");
}

static bool serve_half_and_stall(struct scripted_request *request)
{
    serve_half(request);
    scripted_hold(request);
    return false;
}

static void fetch_stall_continued_elsewhere(void **state)
{
    struct fetch_case *c = *state;

    c->timeout_s = 1;
    case_add(c, serve_half_and_stall);
    c->timeout_s = 30;
    case_add(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_int_equal(c->sink.begins, 1);
    assert_non_null(strstr(scripted_head(c->servers[1], 0), "\r\nRange: bytes=150000-\r\n"));
}

/* What has come is handed over although the rest does not come. */
static void fetch_bytes_not_held_back(void **state)
{
    struct fetch_case *c = *state;
    bool all = false;

    case_add(c, serve_half_and_stall);
    struct fetch *fetch = case_start(c);
    for (int writes = 1; !all; writes++) {
        sink_wait_writes(&c->sink, writes);
        ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&c->sink.lock);
        all = c->sink.data.len == CASE_BYTES / 2;
    }
    fetch_cancel(fetch);
    assert_int_equal(sink_wait(&c->sink), FETCH_CANCELLED);
}

/* ---- number ---- */

static bool serve_held(struct scripted_request *request)
{
    scripted_hold(request);
    return serve_right(request);
}

static void run_many(struct fetch_case *c, int at_once)
{
    struct sink sinks[MANY];

    case_add(c, serve_held);
    for (int i = 0; i < MANY; i++) {
        sink_init(&sinks[i]);
        fetch_start(c->fetcher, &c->options, &sink_ops, &sinks[i]);
    }
    scripted_wait_held(c->servers[0], at_once);
    scripted_release(c->servers[0]);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(sink_wait(&sinks[i]), FETCH_OK);
        sink_release(&sinks[i]);
    }
    assert_int_equal(scripted_most_parallel(c->servers[0]), at_once);
    assert_int_equal(scripted_requests(c->servers[0]), MANY);
}

static void fetch_cap_of_blobs(void **state)
{
    run_many(*state, 4);
}

static void fetch_cap_of_documents(void **state)
{
    struct fetch_case *c = *state;

    c->options.class = FETCH_DOCUMENT;
    run_many(c, 6);
}

/* What came and waits to be decided on still has its place: a slow decision must not gather bodies. */
static void fetch_cap_counts_the_undecided(void **state)
{
    struct fetch_case *c = *state;
    struct sink sinks[5];
    struct fetch *fetches[5];

    case_add(c, serve_right);
    case_add(c, serve_right);
    c->options.candidate_count = 1;
    for (int i = 0; i < 5; i++) {
        sink_init(&sinks[i]);
        sinks[i].pending = true;
        fetches[i] = fetch_start(c->fetcher, &c->options, &sink_ops, &sinks[i]);
    }
    for (int i = 0; i < 4; i++)
        sink_wait_completes(&sinks[i], 1);
    c->options.candidates = c->candidates + 1;
    assert_int_equal(case_run(c), FETCH_OK); /* by now the fifth would have been asked for */
    assert_int_equal(scripted_requests(c->servers[0]), 4);
    fetch_decide(fetches[0], FETCH_ACCEPT);
    sink_wait_completes(&sinks[4], 1);
    for (int i = 1; i < 5; i++)
        fetch_decide(fetches[i], FETCH_ACCEPT);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(sink_wait(&sinks[i]), FETCH_OK);
        sink_release(&sinks[i]);
    }
}

static void fetch_documents_have_own_places(void **state)
{
    struct fetch_case *c = *state;
    struct sink sinks[MANY];
    struct sink document;

    case_add(c, serve_held);
    for (int i = 0; i < MANY; i++) {
        sink_init(&sinks[i]);
        fetch_start(c->fetcher, &c->options, &sink_ops, &sinks[i]);
    }
    scripted_wait_held(c->servers[0], 4);
    sink_init(&document);
    c->options.class = FETCH_DOCUMENT;
    fetch_start(c->fetcher, &c->options, &sink_ops, &document);
    scripted_wait_held(c->servers[0], 5);
    assert_non_null(strstr(scripted_head(c->servers[0], 4), "gzip"));
    scripted_release(c->servers[0]);
    assert_int_equal(sink_wait(&document), FETCH_OK);
    sink_release(&document);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(sink_wait(&sinks[i]), FETCH_OK);
        sink_release(&sinks[i]);
    }
}

/* ---- pause, cancel, stop ---- */

static void fetch_pause_and_resume(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    c->sink.pause_every = 1;
    struct fetch *fetch = case_start(c);
    bool ended = false;
    for (int pauses = 1; !ended; pauses++) {
        sink_wait_pauses(&c->sink, pauses);
        lock_acquire(&c->sink.lock);
        assert_int_equal(c->sink.writes, pauses);
        assert_int_equal(c->sink.completes, 0);
        ended = c->sink.data.len == CASE_BYTES;
        fetch_resume(fetch); /* under a lock that finish() takes */
        lock_release(&c->sink.lock);
    }
    assert_int_equal(sink_wait(&c->sink), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
}

/* A pause is not the upstream's fault: no stall, however long (here: as long as another fetch's stall). */
static void fetch_pause_is_no_stall(void **state)
{
    struct fetch_case *c = *state;
    struct sink other;

    c->timeout_s = 1;
    case_add(c, serve_right);
    case_add(c, serve_half_and_stall);
    c->sink.pause_every = 1;
    c->options.candidate_count = 1;
    struct fetch *fetch = case_start(c);
    sink_wait_pauses(&c->sink, 1);
    sink_init(&other);
    c->options.candidates = c->candidates + 1;
    struct fetch *stalling = fetch_start(c->fetcher, &c->options, &sink_ops, &other);
    scripted_wait_held(c->servers[1], 2); /* it was given up, and asked again */
    assert_int_equal(c->sink.finishes, 0);
    assert_true(upstream_healthy(c->upstreams[0]));
    fetch_cancel(stalling);
    fetch_cancel(fetch);
    assert_int_equal(sink_wait(&other), FETCH_CANCELLED);
    assert_int_equal(sink_wait(&c->sink), FETCH_CANCELLED);
    sink_release(&other);
}

static void fetch_cancel_running(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_half_and_stall);
    struct fetch *fetch = case_start(c);
    sink_wait_writes(&c->sink, 1);
    fetch_cancel(fetch);
    assert_int_equal(sink_wait(&c->sink), FETCH_CANCELLED);
    assert_int_equal(c->sink.finishes, 1);
    assert_false(c->sink.answered);
}

static void fetch_cancel_at_once(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_silence);
    fetch_cancel(case_start(c));
    assert_int_equal(sink_wait(&c->sink), FETCH_CANCELLED);
}

static void fetch_cancel_deciding(void **state)
{
    struct fetch_case *c = *state;

    case_add(c, serve_right);
    c->sink.pending = true;
    struct fetch *fetch = case_start(c);
    sink_wait_completes(&c->sink, 1);
    fetch_cancel(fetch);
    assert_int_equal(sink_wait(&c->sink), FETCH_CANCELLED);
}

/* Running, waiting in line, resting, deciding: all finish when the fetcher stops. */
static void fetch_stop_finishes_all(void **state)
{
    struct fetch_case *c = *state;
    struct sink sinks[MANY];
    struct sink resting;

    case_add(c, serve_silence);
    case_add(c, serve_500);
    c->options.candidate_count = 1;
    for (int i = 0; i < MANY; i++) {
        sink_init(&sinks[i]);
        fetch_start(c->fetcher, &c->options, &sink_ops, &sinks[i]);
    }
    sink_init(&resting);
    c->options.candidates = c->candidates + 1;
    fetch_start(c->fetcher, &c->options, &sink_ops, &resting);
    scripted_wait_held(c->servers[0], 4);
    fetcher_stop(&c->fetcher);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(sinks[i].finishes, 1);
        assert_int_equal(sinks[i].outcome, FETCH_CANCELLED);
        sink_release(&sinks[i]);
    }
    assert_int_equal(resting.finishes, 1);
    sink_release(&resting);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fetch_too_large_announced),
        TEST(fetch_exactly_as_large),
        TEST(fetch_endless_body),
        TEST(fetch_too_large_at_first_only),
        TEST(fetch_gzip_bomb),
        TEST(fetch_gzip_decoded),
        TEST(fetch_endless_headers),
        TEST(fetch_first_byte_deadline),
        TEST(fetch_head_deadline),
        TEST(fetch_stall_continued_elsewhere),
        TEST(fetch_bytes_not_held_back),
        TEST(fetch_cap_of_blobs),
        TEST(fetch_cap_of_documents),
        TEST(fetch_cap_counts_the_undecided),
        TEST(fetch_documents_have_own_places),
        TEST(fetch_pause_and_resume),
        TEST(fetch_pause_is_no_stall),
        TEST(fetch_cancel_running),
        TEST(fetch_cancel_at_once),
        TEST(fetch_cancel_deciding),
        TEST(fetch_stop_finishes_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
