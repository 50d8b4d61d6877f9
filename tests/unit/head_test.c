/* Heads of answers, read line by line, and what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "upstreams/head.h"
#include "upstreams/judge.h"

/* Feeds a whole head, lines separated by "\n". Returns what the last line gave. */
static int feed(struct head *head, const char *text)
{
    struct buf CLEANUP_BUF problem = BUF_INIT;
    int result = 0;

    head_init(head);
    while (*text && result == 0) {
        size_t len = strcspn(text, "\n") + 1;
        result = head_add_line(head, text, len, &problem);
        text += len;
    }
    if (result < 0)
        assert_true(problem.len > 0);
    return result;
}

static void head_fields(void **state)
{
    struct head head;

    (void)state;
    assert_int_equal(feed(&head, "HTTP/1.1 200 OK\r\nCONTENT-type:  text/html \r\nContent-Length: 12\r\n"
                                 "ETag: \"x\"\r\nX-Other: y\r\n\r\n"),
                     1);
    assert_int_equal(head.status, 200);
    assert_string_equal(head.content_type, "text/html");
    assert_string_equal(head.etag, "\"x\"");
    assert_int_equal(head.content_length, 12);
    assert_string_equal(head.location, "");
    assert_true(head_identity(&head));
    head_release(&head);
}

static void head_interim_forgotten(void **state)
{
    struct head head;

    (void)state;
    assert_int_equal(feed(&head, "HTTP/1.1 103 Early\nETag: \"old\"\n\nHTTP/1.1 404 No\n\n"), 1);
    assert_int_equal(head.status, 404);
    assert_string_equal(head.etag, "");
    head_release(&head);
}

static void head_contradictions(void **state)
{
    static const char *const bad[] = {
        "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\n",
        "HTTP/1.1 200 OK\nContent-Length: -1\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 1x\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 18446744073709551615\n\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n",
    };
    struct head head;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(feed(&head, bad[i]), -1);
        head_release(&head);
    }
    assert_int_equal(feed(&head, "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 1\n\n"), 1);
    head_release(&head);
}

static void head_chunked_has_no_length(void **state)
{
    struct head head;

    (void)state;
    assert_int_equal(feed(&head, "HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: Chunked\n\n"), 1);
    assert_int_equal(head.content_length, -1);
    assert_true(head.chunked);
    head_release(&head);
}

static void head_is_bounded(void **state)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct head head;

    (void)state;
    buf_add_text(&text, "HTTP/1.1 200 OK\n");
    for (int i = 0; i < 1000; i++)
        buf_add_text(&text, "a: b\n");
    assert_int_equal(feed(&head, text.data), -1);
    head_release(&head);
    buf_set(&text, "HTTP/1.1 200 OK\nETag: ");
    for (int i = 0; i < 10000; i++)
        buf_add_char(&text, 'x');
    buf_add_text(&text, "\n\n");
    assert_int_equal(feed(&head, text.data), -1);
    head_release(&head);
}

/* Lines of a list are one list; of others the last counts. */
static void head_lists_joined(void **state)
{
    struct head head;

    (void)state;
    assert_int_equal(feed(&head,
                          "HTTP/1.1 401 No\nWWW-Authenticate: Basic realm=\"a\"\nLink: <1>\nETag: \"x\"\n"
                          "www-authenticate: Bearer realm=\"b\"\nLINK: <2>\nETag: \"y\"\n\n"),
                     1);
    assert_string_equal(head.www_authenticate, "Basic realm=\"a\", Bearer realm=\"b\"");
    assert_string_equal(head.link, "<1>, <2>");
    assert_string_equal(head.etag, "\"y\"");
    head_release(&head);
}

static void head_lists_are_bounded(void **state)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct head head;

    (void)state;
    buf_add_text(&text, "HTTP/1.1 401 No\n");
    for (int i = 0; i < 3; i++)
        buf_printf(&text, "WWW-Authenticate: %04000d\n", i);
    buf_add_text(&text, "\n");
    assert_int_equal(feed(&head, text.data), -1);
    head_release(&head);
}

static void head_leading_numbers(void **state)
{
    (void)state;
    assert_int_equal(head_leading_number("100;w=21600"), 100);
    assert_int_equal(head_leading_number("0"), 0);
    assert_int_equal(head_leading_number("7, 100;w=60"), 7);
    assert_int_equal(head_leading_number(""), -1);
    assert_int_equal(head_leading_number("-1"), -1);
    assert_int_equal(head_leading_number("12x"), -1);
    assert_int_equal(head_leading_number("99999999999999999999"), -1);
}

static void head_ranges(void **state)
{
    static const char *const bad[] = {"bytes 5-9/*",  "bytes */10",
                                      "bytes 9-5/10", "bytes 5-10/10",
                                      "items 5-9/10", "bytes 5-9/10 ",
                                      "bytes 5-9",    "",
                                      "bytes -9/10",  "bytes 5-9/99999999999999999999"};
    struct head head;
    int64_t first;
    int64_t last;
    int64_t total;

    (void)state;
    head_init(&head);
    char *own = head.content_range;
    head.content_range = (char *)"bytes 5-9/10";
    assert_int_equal(head_content_range(&head, &first, &last, &total), 0);
    assert_int_equal(first, 5);
    assert_int_equal(last, 9);
    assert_int_equal(total, 10);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        head.content_range = (char *)bad[i];
        assert_int_equal(head_content_range(&head, &first, &last, &total), -1);
    }
    head.content_range = own;
    head_release(&head);
}

static void head_retry_after(void **state)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct head head;
    time_t later = (time_t)clock_wall_s() + 60;
    char date[30];

    (void)state;
    assert_int_equal(feed(&head, "HTTP/1.1 429 Slow\nRetry-After: 17\n\n"), 1);
    assert_int_equal(head_retry_after_s(&head), 17);
    head_release(&head);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&later));
    buf_set(&text, "HTTP/1.1 429 Slow\nRetry-After: %s\n\n", date);
    assert_int_equal(feed(&head, text.data), 1);
    assert_in_range(head_retry_after_s(&head), 50, 60);
    head_release(&head);
    assert_int_equal(feed(&head, "HTTP/1.1 429 Slow\nRetry-After: soon\n\n"), 1);
    assert_int_equal(head_retry_after_s(&head), -1);
    head_release(&head);
}

static void head_etags(void **state)
{
    (void)state;
    assert_true(head_etag_strong("\"a\""));
    assert_false(head_etag_strong("W/\"a\""));
    assert_false(head_etag_strong("a"));
    assert_false(head_etag_strong("\""));
    assert_false(head_etag_strong(""));
}

/* ---- judge ---- */

static struct fetch_request plain(void)
{
    return (struct fetch_request){.total_bytes = -1, .max_bytes = -1};
}

static struct fetch_request from_50_of_100(void)
{
    return (struct fetch_request){
        .ranged = true, .offset = 50, .total_bytes = 100, .max_bytes = -1, .if_range = "\"x\""};
}

static struct judgement judge(struct fetch_request request, const char *text)
{
    struct buf CLEANUP_BUF problem = BUF_INIT;
    struct head head;

    assert_int_equal(feed(&head, text), 1);
    struct judgement judgement = judge_head(&request, &head, &problem);
    head_release(&head);
    assert_int_equal(problem.len == 0, judgement.kind == JUDGE_GOOD || judgement.kind == JUDGE_NOT_MODIFIED);
    return judgement;
}

static void judge_statuses(void **state)
{
    static const struct {
        const char *head;
        enum judgement_kind kind;
    } table[] = {
        {"HTTP/1.1 200 OK\nContent-Length: 5\n\n", JUDGE_GOOD},
        {"HTTP/1.1 404 No\n\n", JUDGE_ABSENT},
        {"HTTP/1.1 410 Gone\n\n", JUDGE_ABSENT},
        {"HTTP/1.1 401 No\n\n", JUDGE_USELESS},
        {"HTTP/1.1 403 No\n\n", JUDGE_USELESS},
        {"HTTP/1.1 405 No\n\n", JUDGE_USELESS},
        {"HTTP/1.1 407 No\n\n", JUDGE_USELESS},
        {"HTTP/1.1 408 No\n\n", JUDGE_TROUBLE},
        {"HTTP/1.1 429 No\n\n", JUDGE_USELESS},
        {"HTTP/1.1 429 No\nRetry-After: 3\n\n", JUDGE_BUSY},
        {"HTTP/1.1 500 No\n\n", JUDGE_TROUBLE},
        {"HTTP/1.1 503 No\nRetry-After: 3\n\n", JUDGE_BUSY},
        {"HTTP/1.1 204 Empty\n\n", JUDGE_USELESS},
        {"HTTP/1.1 206 Part\nContent-Range: bytes 0-4/5\n\n", JUDGE_USELESS},
        {"HTTP/1.1 304 Same\n\n", JUDGE_USELESS},
        {"HTTP/1.1 416 No\n\n", JUDGE_USELESS},
        {"HTTP/1.1 300 Choose\n\n", JUDGE_USELESS},
        {"HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 5\n\n", JUDGE_USELESS},
        {"HTTP/1.1 200 OK\n\n", JUDGE_USELESS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(judge(plain(), table[i].head).kind, table[i].kind);
}

static void judge_challenges(void **state)
{
    struct fetch_request request = plain();

    (void)state;
    assert_int_equal(judge(request, "HTTP/1.1 401 No\n\n").kind, JUDGE_USELESS);
    request.authorizable = true;
    assert_int_equal(judge(request, "HTTP/1.1 401 No\n\n").kind, JUDGE_CHALLENGED);
    assert_int_equal(judge(request, "HTTP/1.1 403 No\n\n").kind, JUDGE_USELESS);
    assert_int_equal(judge(request, "HTTP/1.1 407 No\n\n").kind, JUDGE_USELESS);
}

static void judge_ranges(void **state)
{
    struct judgement judgement;

    (void)state;
    judgement = judge(from_50_of_100(), "HTTP/1.1 206 Part\nContent-Range: bytes 50-99/100\nETag: \"x\"\n\n");
    assert_int_equal(judgement.kind, JUDGE_GOOD);
    assert_int_equal(judgement.skip_bytes, 0);
    assert_int_equal(judgement.total_bytes, 100);
    judgement = judge(from_50_of_100(), "HTTP/1.1 200 OK\nContent-Length: 100\n\n");
    assert_int_equal(judgement.kind, JUDGE_GOOD);
    assert_int_equal(judgement.skip_bytes, 50);
    judgement = judge(from_50_of_100(), "HTTP/1.1 206 Part\nContent-Range: bytes 49-99/100\n\n");
    assert_int_equal(judgement.kind, JUDGE_NO_RANGE);
    judgement = judge(from_50_of_100(), "HTTP/1.1 206 Part\nContent-Range: bytes 50-98/100\n\n");
    assert_int_equal(judgement.kind, JUDGE_NO_RANGE);
    judgement =
        judge(from_50_of_100(), "HTTP/1.1 206 Part\nContent-Range: bytes 50-99/100\nContent-Length: 9\n\n");
    assert_int_equal(judgement.kind, JUDGE_NO_RANGE);
    judgement = judge(from_50_of_100(), "HTTP/1.1 206 Part\nContent-Type: multipart/byteranges\n\n");
    assert_int_equal(judgement.kind, JUDGE_NO_RANGE);
    judgement = judge(from_50_of_100(), "HTTP/1.1 206 Part\nContent-Range: bytes 50-99/100\nETag: \"y\"\n\n");
    assert_int_equal(judgement.kind, JUDGE_NO_RANGE);
    judgement = judge(from_50_of_100(), "HTTP/1.1 206 Part\nContent-Range: bytes 50-100/101\n\n");
    assert_int_equal(judgement.kind, JUDGE_MISMATCH);
    judgement = judge(from_50_of_100(), "HTTP/1.1 416 No\n\n");
    assert_int_equal(judgement.kind, JUDGE_NO_RANGE);
}

static void judge_limits(void **state)
{
    struct fetch_request request = plain();

    (void)state;
    request.max_bytes = 4;
    assert_int_equal(judge(request, "HTTP/1.1 200 OK\nContent-Length: 5\n\n").kind, JUDGE_TOO_LARGE);
    request.max_bytes = 5;
    assert_int_equal(judge(request, "HTTP/1.1 200 OK\nContent-Length: 5\n\n").kind, JUDGE_GOOD);
    request.total_bytes = 6;
    assert_int_equal(judge(request, "HTTP/1.1 200 OK\nContent-Length: 5\n\n").kind, JUDGE_MISMATCH);
}

/* The length on the wire is not that of the document. */
static void judge_encoded_document(void **state)
{
    struct fetch_request request = plain();

    (void)state;
    request.document = true;
    struct judgement judgement =
        judge(request, "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 5\n\n");
    assert_int_equal(judgement.kind, JUDGE_GOOD);
    assert_int_equal(judgement.total_bytes, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_lists_joined),    cmocka_unit_test(head_lists_are_bounded),
        cmocka_unit_test(head_leading_numbers), cmocka_unit_test(judge_challenges),
        cmocka_unit_test(head_fields),          cmocka_unit_test(head_interim_forgotten),
        cmocka_unit_test(head_contradictions),  cmocka_unit_test(head_chunked_has_no_length),
        cmocka_unit_test(head_is_bounded),      cmocka_unit_test(head_ranges),
        cmocka_unit_test(head_retry_after),     cmocka_unit_test(head_etags),
        cmocka_unit_test(judge_statuses),       cmocka_unit_test(judge_ranges),
        cmocka_unit_test(judge_limits),         cmocka_unit_test(judge_encoded_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
