/* Asking a Yizhan over HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include <cmocka.h>
#include <strings.h>
#include <sys/socket.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/version.h"
#include "formats/cache_status.h"
#include "tests/unit/support/scripted_server.h"
#include "tests/unit/support/test_clock.h"
#include "upstreams/http_client.h"

/* What came for the last request, and how many answers came. */
struct got {
    int answers;
    int status;
    struct buf body;
    int64_t size_bytes;
    char *content_type;
    char *digest;
    bool stored;
    char *trouble;
};

struct fixture {
    struct scripted_server *server;
    struct http_client *client;
    struct got got;
};

static void on_answer(void *arg, const struct http_client_answer *answer)
{
    struct got *got = arg;

    got->answers++;
    got->status = answer->status;
    buf_reset(&got->body);
    buf_add(&got->body, answer->body, answer->len);
    assert_int_equal(answer->body[answer->len], 0);
    got->size_bytes = answer->size_bytes;
    got->stored = answer->stored;
    free(got->content_type);
    free(got->digest);
    free(got->trouble);
    got->content_type = xstrdup(answer->content_type);
    got->digest = xstrdup(answer->digest);
    got->trouble = xstrdup(answer->trouble);
}

static void connect_to(struct fixture *f, const char *url, size_t parallel)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    const struct http_client_options options = {.parallel = parallel};

    if (http_client_new(url, &options, &f->client, &error) < 0)
        fail_msg("%s", error.data);
}

static void serve(struct fixture *f, scripted_answer *answer)
{
    f->server = scripted_start(answer, f);
    connect_to(f, scripted_url(f->server, "127.0.0.1", ""), 0);
}

static void finish(struct fixture *f)
{
    while (http_client_busy(f->client))
        http_client_step(f->client, 1000);
}

static void ask(struct fixture *f, const struct http_client_request *request)
{
    http_client_ask(f->client, request, on_answer, &f->got);
    finish(f);
}

static void ask_body(struct fixture *f, const char *path)
{
    ask(f, &(struct http_client_request){.path = path, .want = HTTP_CLIENT_BODY, .max_bytes = 100000});
}

static void ask_touch(struct fixture *f)
{
    ask(f, &(struct http_client_request){.path = "/file", .want = HTTP_CLIENT_TOUCH});
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    buf_init(&f->got.body);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    http_client_free(&f->client);
    if (f->server)
        scripted_stop(f->server);
    buf_release(&f->got.body);
    free(f->got.content_type);
    free(f->got.digest);
    free(f->got.trouble);
    free(f);
    return 0;
}

/* ---- whole bodies ---- */

static bool answer_page(struct scripted_request *request)
{
    return scripted_reply(request, 200, "Content-Type: text/x-page\r\nDocker-Content-Digest: sha256:ab\r\n",
                          "page", 4);
}

static void body_whole(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_page);
    ask(f, &(struct http_client_request){
               .path = "/simple/flask/", .accept = "text/x-page", .want = HTTP_CLIENT_BODY, .max_bytes = 4});
    assert_int_equal(f->got.answers, 1);
    assert_int_equal(f->got.status, 200);
    assert_string_equal(f->got.body.data, "page");
    assert_int_equal(f->got.size_bytes, 4);
    assert_string_equal(f->got.content_type, "text/x-page");
    assert_string_equal(f->got.digest, "sha256:ab");
    assert_false(f->got.stored);
    assert_string_equal(f->got.trouble, "");
    const char *head = scripted_head(f->server, 0);
    assert_non_null(strstr(head, "GET /simple/flask/ HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "\r\nUser-Agent: yizhan/" YIZHAN_VERSION "\r\n"));
    assert_non_null(strstr(head, "\r\nAccept: text/x-page\r\n"));
    assert_non_null(strstr(head, "\r\nAccept-Encoding: gzip\r\n"));
    assert_null(strcasestr(head, "\r\nCache-Control:"));
    assert_null(strcasestr(head, "\r\nRange:"));
}

static void body_held_only(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_page);
    ask(f, &(struct http_client_request){
               .path = "/x", .want = HTTP_CLIENT_BODY, .held_only = true, .max_bytes = 9});
    assert_non_null(strstr(scripted_head(f->server, 0), "\r\nCache-Control: only-if-cached\r\n"));
    ask_body(f, "/y");
    assert_null(strcasestr(scripted_head(f->server, 1), "\r\nCache-Control:"));
}

static void body_too_large(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_page);
    ask(f, &(struct http_client_request){.path = "/x", .want = HTTP_CLIENT_BODY, .max_bytes = 3});
    assert_int_equal(f->got.status, 0);
    assert_int_equal(f->got.body.len, 0);
    assert_string_equal(f->got.trouble, "the answer has more than 3 bytes");
    ask_body(f, "/x");
    assert_int_equal(f->got.status, 200);
}

/* 100,001 zeros are far fewer bytes as gzip. */
static bool answer_gzip(struct scripted_request *request)
{
    static const char zeros[100001];
    Bytef packed[1000];
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)zeros, .next_out = packed, .avail_out = sizeof(packed)};

    stream.avail_in = strcmp(request->target, "/bomb") == 0 ? 100001 : 100000;
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t len = sizeof(packed) - stream.avail_out;
    deflateEnd(&stream);
    return scripted_reply(request, 200, "Content-Encoding: gzip\r\n", packed, len);
}

static void body_gzip(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_gzip);
    ask_body(f, "/good");
    assert_int_equal(f->got.status, 200);
    assert_int_equal(f->got.body.len, 100000);
    assert_int_equal(f->got.size_bytes, 100000);
    ask_body(f, "/bomb");
    assert_int_equal(f->got.status, 0);
    assert_string_equal(f->got.trouble, "the answer has more than 100000 bytes");
}

static bool answer_cut(struct scripted_request *request)
{
    if (strcmp(request->target, "/length") == 0)
        scripted_printf(request, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
    else if (strcmp(request->target, "/chunked") == 0)
        scripted_printf(request, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n");
    else if (strcmp(request->target, "/head") == 0)
        scripted_printf(request, "HTTP/1.1 200 OK\r\nContent-Le");
    return false;
}

static void body_truncated(void **state)
{
    static const char *const paths[] = {"/length", "/chunked", "/head", "/nothing"};
    struct fixture *f = *state;

    serve(f, answer_cut);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        ask_body(f, paths[i]);
        if (f->got.status != 0 || f->got.body.len || !*f->got.trouble)
            fail_msg("%s gave %d \"%s\" and the trouble \"%s\"", paths[i], f->got.status, f->got.body.data,
                     f->got.trouble);
    }
    ask_body(f, "/length");
    assert_string_equal(f->got.trouble, "the server ended its answer early: its log says why");
}

/* ---- errors ---- */

static bool answer_error(struct scripted_request *request)
{
    static const char json[] = "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\",\"message\":\"no such blob\"}]}";

    if (strcmp(request->target, "/json") == 0)
        return scripted_reply(request, 404, "Content-Type: application/json\r\n", json, sizeof(json) - 1);
    if (strcmp(request->target, "/html") == 0)
        return scripted_reply(request, 502, "Content-Type: text/html\r\n", "<html>", 6);
    return scripted_reply(request, 504, "Content-Type: text/plain; charset=utf-8\r\n", "not\there\nsecond",
                          15);
}

static void error_message(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *trouble;
    } cases[] = {{"/json", 404, "no such blob"}, {"/html", 502, ""}, {"/text", 504, "not?here"}};
    static const enum http_client_want wants[] = {HTTP_CLIENT_BODY, HTTP_CLIENT_TOUCH};
    struct fixture *f = *state;

    serve(f, answer_error);
    for (size_t i = 0; i < 6; i++) {
        ask(f, &(struct http_client_request){.path = cases[i / 2].path, .want = wants[i % 2]});
        assert_int_equal(f->got.status, cases[i / 2].status);
        assert_string_equal(f->got.trouble, cases[i / 2].trouble);
    }
    assert_int_equal(scripted_connections(f->server), 1);
}

/* Until the client hangs up. */
static bool send_for_ever(struct scripted_request *request)
{
    static const char piece[65536] = "all is lost\n";

    while (scripted_send(request, piece, sizeof(piece)))
        ;
    return false;
}

static bool answer_endless_error(struct scripted_request *request)
{
    scripted_printf(request, "HTTP/1.1 500 Bad\r\nContent-Type: text/plain\r\n\r\n");
    return send_for_ever(request);
}

static void error_endless(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_endless_error);
    ask_body(f, "/x");
    assert_int_equal(f->got.status, 500);
    assert_string_equal(f->got.trouble, "all is lost");
    ask_touch(f);
    assert_int_equal(f->got.status, 500);
}

static void error_nobody_listens(void **state)
{
    struct fixture *f = *state;

    f->server = scripted_start(answer_page, f);
    connect_to(f, scripted_url(f->server, "127.0.0.1", ""), 0);
    scripted_stop(take_ptr(&f->server));
    ask_body(f, "/");
    assert_int_equal(f->got.answers, 1);
    assert_int_equal(f->got.status, 0);
    assert_non_null(strstr(f->got.trouble, "127.0.0.1"));
}

/* ---- heads and first bytes ---- */

static bool answer_head(struct scripted_request *request)
{
    return scripted_reply(request, 200, "Cache-Status: \"far; away\"; fwd=miss, yizhan; hit\r\n", "12345", 5);
}

static void head_only(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_head);
    ask(f, &(struct http_client_request){.path = "/x", .want = HTTP_CLIENT_HEAD});
    assert_int_equal(f->got.status, 200);
    assert_int_equal(f->got.size_bytes, 5);
    assert_int_equal(f->got.body.len, 0);
    assert_true(f->got.stored);
    assert_non_null(strstr(scripted_head(f->server, 0), "HEAD /x HTTP/1.1\r\n"));
    ask_body(f, "/x"); /* on the same handle */
    assert_non_null(strstr(scripted_head(f->server, 1), "GET /x HTTP/1.1\r\n"));
    assert_string_equal(f->got.body.data, "12345");
}

static bool answer_part(struct scripted_request *request)
{
    assert_non_null(strstr(request->head, "\r\nRange: bytes=0-0\r\n"));
    assert_non_null(strstr(request->head, "\r\nAccept-Encoding: identity\r\n"));
    return scripted_reply(request, 206, "Content-Range: bytes 0-0/5000000000\r\n", "x", 1);
}

static void touch_part(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_part);
    ask_touch(f);
    assert_int_equal(f->got.status, 200);
    assert_true(f->got.size_bytes == 5000000000);
    assert_int_equal(f->got.body.len, 0);
}

static bool answer_wrong_part(struct scripted_request *request)
{
    static const char *const ranges[] = {"bytes 1-1/50", "bytes 0-0/*", "bytes 0-1/50", "", "lines 0-0/5"};
    struct buf CLEANUP_BUF headers = BUF_INIT;

    buf_printf(&headers, "Content-Range: %s\r\n", ranges[request->number % 5]);
    return scripted_reply(request, 206, headers.data, "xx", strstr(headers.data, "0-1/") ? 2 : 1);
}

static void touch_wrong_part(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_wrong_part);
    for (int i = 0; i < 5; i++) {
        ask_touch(f);
        assert_int_equal(f->got.status, 0);
        assert_string_equal(f->got.trouble, "the server sent another part than was asked for");
    }
}

static bool answer_endless_part(struct scripted_request *request)
{
    scripted_printf(request, "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-0/50\r\n\r\n");
    return send_for_ever(request);
}

static void touch_endless_part(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_endless_part);
    ask_touch(f);
    assert_int_equal(f->got.status, 0);
    assert_string_equal(f->got.trouble, "the server sent another part than was asked for");
}

static bool answer_unasked_part(struct scripted_request *request)
{
    return scripted_reply(request, 206, "Content-Range: bytes 0-0/50\r\n", "x", 1);
}

static void body_in_part(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_unasked_part);
    ask_body(f, "/x");
    assert_int_equal(f->got.status, 0);
    assert_string_equal(f->got.body.data, "");
}

/* Ranges are not for it. */
static bool answer_all(struct scripted_request *request)
{
    char bytes[70000] = "";

    return scripted_reply(request, 200, "", bytes, sizeof(bytes));
}

static void touch_whole(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_all);
    ask_touch(f);
    ask_touch(f);
    assert_int_equal(f->got.status, 200);
    assert_int_equal(f->got.size_bytes, 70000);
    assert_int_equal(f->got.body.len, 0);
    assert_int_equal(scripted_connections(f->server), 1);
}

static bool answer_empty(struct scripted_request *request)
{
    return scripted_reply(request, 416,
                          request->number ? "Content-Range: bytes */7\r\n" : "Content-Range: bytes */0\r\n",
                          "no\n", 3);
}

static void touch_empty_file(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_empty);
    ask_touch(f);
    assert_int_equal(f->got.status, 200);
    assert_int_equal(f->got.size_bytes, 0);
    assert_string_equal(f->got.trouble, "");
    ask_touch(f);
    assert_int_equal(f->got.status, 416);
}

/* ---- redirects ---- */

static bool answer_redirect(struct scripted_request *request)
{
    if (strcmp(request->target, "/base/simple/Flask") == 0)
        return scripted_reply(request, 301, "Location: flask/\r\n", "", 0);
    if (strcmp(request->target, "/base/simple/flask/") == 0)
        return scripted_reply(request, 200, "", "page", 4);
    if (strcmp(request->target, "/base/away") == 0)
        return scripted_reply(request, 301, "Location: http://other.test/x\r\n", "", 0);
    return scripted_reply(request, 301, "Location: loop\r\n", "", 0);
}

static void redirect_same_server(void **state)
{
    struct fixture *f = *state;

    f->server = scripted_start(answer_redirect, f);
    connect_to(f, scripted_url(f->server, "127.0.0.1", "/base/"), 0);
    ask_body(f, "/simple/Flask");
    assert_int_equal(f->got.status, 200);
    assert_string_equal(f->got.body.data, "page");
    assert_int_equal(f->got.answers, 1);
    assert_int_equal(scripted_requests(f->server), 2);
}

static void redirect_elsewhere(void **state)
{
    struct fixture *f = *state;

    f->server = scripted_start(answer_redirect, f);
    connect_to(f, scripted_url(f->server, "127.0.0.1", "/base"), 0);
    ask_body(f, "/away");
    assert_int_equal(f->got.status, 301);
    assert_string_equal(f->got.trouble, "the server redirects to http://other.test/x, which is not followed");
    assert_int_equal(scripted_requests(f->server), 1);
}

static void redirect_loop(void **state)
{
    struct fixture *f = *state;

    f->server = scripted_start(answer_redirect, f);
    connect_to(f, scripted_url(f->server, "127.0.0.1", "/base"), 0);
    ask_body(f, "/loop");
    assert_int_equal(f->got.status, 301);
    assert_int_equal(scripted_requests(f->server), 4);
}

/* ---- many ---- */

static bool answer_held(struct scripted_request *request)
{
    scripted_hold(request);
    return answer_page(request);
}

static void many_in_turn(void **state)
{
    struct fixture *f = *state;

    f->server = scripted_start(answer_held, f);
    connect_to(f, scripted_url(f->server, "127.0.0.1", ""), 3);
    for (int i = 0; i < 50; i++)
        http_client_ask(f->client,
                        &(struct http_client_request){.path = "/x", .want = HTTP_CLIENT_BODY, .max_bytes = 9},
                        on_answer, &f->got);
    while (scripted_requests(f->server) < 3)
        http_client_step(f->client, 10);
    scripted_wait_held(f->server, 3);
    scripted_release(f->server);
    finish(f);
    assert_int_equal(f->got.answers, 50);
    assert_int_equal(scripted_requests(f->server), 50);
    assert_int_equal(scripted_most_parallel(f->server), 3);
    assert_int_equal(scripted_connections(f->server), 3);
}

static void ask_again(void *arg, const struct http_client_answer *answer)
{
    struct fixture *f = arg;

    assert_int_equal(answer->status, 200);
    if (++f->got.answers < 5)
        http_client_ask(f->client,
                        &(struct http_client_request){.path = "/x", .want = HTTP_CLIENT_BODY, .max_bytes = 9},
                        ask_again, f);
    assert_string_equal(answer->body, "page");
}

static void many_asked_by_answers(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_page);
    http_client_ask(f->client,
                    &(struct http_client_request){.path = "/x", .want = HTTP_CLIENT_BODY, .max_bytes = 9},
                    ask_again, f);
    finish(f);
    assert_int_equal(f->got.answers, 5);
}

static void many_given_up(void **state)
{
    struct fixture *f = *state;

    f->server = scripted_start(answer_held, f);
    connect_to(f, scripted_url(f->server, "127.0.0.1", ""), 2);
    for (int i = 0; i < 5; i++)
        http_client_ask(f->client, &(struct http_client_request){.path = "/x"}, on_answer, &f->got);
    while (scripted_requests(f->server) < 2)
        http_client_step(f->client, 10);
    http_client_free(&f->client);
    assert_int_equal(f->got.answers, 0);
}

/* The server closes each connection behind the answer that promised to keep it, as one that restarts does. */
static bool answer_and_close(struct scripted_request *request)
{
    answer_page(request);
    return false;
}

static void dead_connection_asked_anew(void **state)
{
    struct fixture *f = *state;

    serve(f, answer_and_close);
    for (int i = 0; i < 20; i++) {
        ask_body(f, "/x");
        assert_int_equal(f->got.status, 200);
    }
    assert_int_equal(f->got.answers, 20);
}

/* ---- silence ---- */

static atomic_int lives;

static bool answer_only_that_it_lives(struct scripted_request *request)
{
    if (strcmp(request->target, "/healthz") != 0)
        return answer_held(request);
    bool sent = scripted_reply(request, 200, "", "", 0);
    lives++;
    return sent;
}

static void begin_three(struct fixture *f, scripted_answer *answer)
{
    f->server = scripted_start(answer, f);
    connect_to(f, scripted_url(f->server, "127.0.0.1", ""), 2);
    for (int i = 0; i < 3; i++)
        http_client_ask(f->client,
                        &(struct http_client_request){.path = "/x", .want = HTTP_CLIENT_BODY, .max_bytes = 9},
                        on_answer, &f->got);
    while (scripted_requests(f->server) < 2)
        http_client_step(f->client, 10);
}

static void silence_of_one_that_lives(void **state)
{
    struct fixture *f = *state;

    lives = 0;
    begin_three(f, answer_only_that_it_lives);
    for (int probes = 1; probes <= 3; probes++) {
        test_clock_pass(0, 61 * 1000);
        while (lives < probes && http_client_busy(f->client))
            http_client_step(f->client, 10);
        http_client_step(f->client, 1000);
        assert_int_equal(scripted_requests(f->server), 2 + probes);
        assert_int_equal(f->got.answers, 0);
    }
    scripted_release(f->server);
    finish(f);
    assert_int_equal(f->got.answers, 3);
    assert_int_equal(f->got.status, 200);
}

static void silence_of_one_that_stands_still(void **state)
{
    struct fixture *f = *state;

    begin_three(f, answer_held);
    test_clock_pass(0, 61 * 1000);
    while (scripted_requests(f->server) < 3)
        http_client_step(f->client, 10);
    assert_int_equal(f->got.answers, 0);
    test_clock_pass(0, 31 * 1000);
    finish(f);
    assert_int_equal(f->got.answers, 3);
    assert_int_equal(f->got.status, 0);
    assert_string_equal(f->got.trouble,
                        "the server does not answer any more, not even when it is asked whether it "
                        "is alive");
    ask_body(f, "/x");
    assert_int_equal(f->got.answers, 4);
    assert_int_equal(scripted_requests(f->server), 3);
}

/* ---- URLs ---- */

static void url_refused(void **state)
{
    static const char *const urls[] = {"",          "127.0.0.1:8080", "ftp://host/",      "http://",
                                       "unix:here", "unix:",          "http://host/?q=1", "http://host/#f"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct buf CLEANUP_BUF error = BUF_INIT;
        if (http_client_new(urls[i], NULL, &f->client, &error) == 0)
            fail_msg("\"%s\" was taken", urls[i]);
        assert_true(error.len > 0);
        assert_null(f->client);
    }
}

static void cache_status(void **state)
{
    static const struct {
        const char *value;
        bool hit;
    } cases[] = {
        {"yizhan; hit", true},
        {"yizhan;hit", true},
        {"\"yizhan\" ; hit; ttl=30", true},
        {"yizhan; hit=?1", true},
        {"yizhan; hit=?0", false},
        {"yizhan; hit=1", false},
        {"yizhan; fwd=uri-miss", false},
        {"yizhan; fwd=uri-miss; collapsed", false},
        {"", false},
        {"other; hit", false},
        {"yizhan; hit, yizhan; fwd=miss", false},
        {"yizhan; fwd=miss, yizhan; hit", true},
        {"yizhan; hit, \"a, b; c\"; fwd=miss", true},
        {"yizhan; hit;", false},
        {"yizhan; hit extra", false},
        {"yizhan; detail=\"hit\"", false},
        {"yizhan; hitter", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (cache_status_read(cases[i].value).hit != cases[i].hit)
            fail_msg("\"%s\" was read wrongly", cases[i].value);
    assert_true(cache_status_read(CACHE_STATUS_HIT).hit);
    assert_false(cache_status_read(CACHE_STATUS_MISS).hit);
    assert_false(cache_status_read(CACHE_STATUS_COLLAPSED).hit);
    assert_false(cache_status_read(CACHE_STATUS_EVICTED).hit);
}

static void cache_status_evicted(void **state)
{
    (void)state;
    assert_true(cache_status_read(CACHE_STATUS_EVICTED).evicted);
    assert_true(cache_status_read("yizhan; fwd=miss; detail=\"evicted\"").evicted);
    assert_true(cache_status_read("other; hit, yizhan; detail=evicted").evicted);
    assert_false(cache_status_read("other; detail=evicted").evicted);
    assert_false(cache_status_read("yizhan; detail=evicted, yizhan; hit").evicted);
    assert_false(cache_status_read("yizhan; detail=evicted; ").evicted);
    assert_false(cache_status_read("yizhan; detail").evicted);
    assert_false(cache_status_read("yizhan; detail=evictedly").evicted);
    assert_false(cache_status_read(CACHE_STATUS_HIT).evicted);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(body_whole),
        TEST(body_held_only),
        TEST(body_too_large),
        TEST(body_gzip),
        TEST(body_truncated),
        TEST(error_message),
        TEST(error_endless),
        TEST(error_nobody_listens),
        TEST(head_only),
        TEST(touch_part),
        TEST(touch_wrong_part),
        TEST(touch_endless_part),
        TEST(body_in_part),
        TEST(touch_whole),
        TEST(touch_empty_file),
        TEST(redirect_same_server),
        TEST(redirect_elsewhere),
        TEST(redirect_loop),
        TEST(many_in_turn),
        TEST(many_asked_by_answers),
        TEST(many_given_up),
        TEST(dead_connection_asked_anew),
        TEST(url_refused),
        TEST(cache_status),
        TEST(cache_status_evicted),
        TEST(silence_of_one_that_lives),
        TEST(silence_of_one_that_stands_still),
    };

    test_clock_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
