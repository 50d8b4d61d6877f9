/* Range headers and entity tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/http/range.h"

static void check_ok(const char *header, int64_t size, int64_t start, int64_t len)
{
    int64_t got_start = -1, got_len = -1;

    assert_int_equal(range_parse(header, size, &got_start, &got_len), RANGE_OK);
    assert_int_equal(got_start, start);
    assert_int_equal(got_len, len);
}

static void check_kind(const char *header, int64_t size, enum range_kind kind)
{
    int64_t start = -7, len = -7;

    assert_int_equal(range_parse(header, size, &start, &len), kind);
    assert_int_equal(start, -7);
    assert_int_equal(len, -7);
}

static void range_first_last(void **state)
{
    (void)state;
    check_ok("bytes=0-0", 10, 0, 1);
    check_ok("bytes=2-5", 10, 2, 4);
    check_ok("bytes=9-9", 10, 9, 1);
    check_ok("bytes=5-99999", 10, 5, 5);
    check_ok("bytes=0-99999999999999999999999", 10, 0, 10);
    check_ok(" BYTES=2-5 ", 10, 2, 4);
}

static void range_open(void **state)
{
    (void)state;
    check_ok("bytes=0-", 10, 0, 10);
    check_ok("bytes=9-", 10, 9, 1);
    check_ok("bytes=1-", INT64_MAX, 1, INT64_MAX - 1);
}

static void range_suffix(void **state)
{
    (void)state;
    check_ok("bytes=-1", 10, 9, 1);
    check_ok("bytes=-10", 10, 0, 10);
    check_ok("bytes=-11", 10, 0, 10);
    check_ok("bytes=-99999999999999999999999", 10, 0, 10);
}

static void range_unsatisfiable(void **state)
{
    (void)state;
    check_kind("bytes=10-", 10, RANGE_UNSATISFIABLE);
    check_kind("bytes=10-20", 10, RANGE_UNSATISFIABLE);
    check_kind("bytes=99999999999999999999999-", 10, RANGE_UNSATISFIABLE);
    check_kind("bytes=-0", 10, RANGE_UNSATISFIABLE);
    check_kind("bytes=0-", 0, RANGE_UNSATISFIABLE);
    check_kind("bytes=-5", 0, RANGE_UNSATISFIABLE);
}

static void range_ignored(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",          "bytes",      "bytes=",        "bytes=-",    "bytes=5-3", "bytes=a-b",   "bytes=1-2x",
        "bytes=1",   "items=0-1",  "bytes=0-1,3-4", "bytes=0-1,", "bytes=--1", "bytes=0x1-2", "bytes=+1-2",
        "bytes 0-1", "bytes=1 -2", "bytes=- 2"};
    check_kind(NULL, 10, RANGE_NONE);
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        check_kind(headers[i], 10, RANGE_NONE);
}

static void etag_weak_comparison(void **state)
{
    (void)state;
    assert_true(etag_list_matches("\"a\"", "\"a\"", false));
    assert_true(etag_list_matches("W/\"a\"", "\"a\"", false));
    assert_true(etag_list_matches("\"a\"", "W/\"a\"", false));
    assert_true(etag_list_matches("\"b\", W/\"x,y\" ,\"a\"", "\"a\"", false));
    assert_true(etag_list_matches(" * ", "\"a\"", false));
    assert_false(etag_list_matches("\"b\"", "\"a\"", false));
    assert_false(etag_list_matches("\"aa\"", "\"a\"", false));
    assert_false(etag_list_matches("\"x,\\\"a\\\"\"", "\"a\"", false));
}

static void etag_strong_comparison(void **state)
{
    (void)state;
    assert_true(etag_list_matches("\"a\"", "\"a\"", true));
    assert_false(etag_list_matches("W/\"a\"", "\"a\"", true));
    assert_false(etag_list_matches("\"a\"", "W/\"a\"", true));
    assert_false(etag_list_matches("*", "\"a\"", true));
    assert_false(etag_list_matches("Sun, 06 Nov 1994 08:49:37 GMT", "\"a\"", true));
}

static void etag_malformed(void **state)
{
    (void)state;
    assert_false(etag_list_matches(NULL, "\"a\"", false));
    assert_false(etag_list_matches("", "\"a\"", false));
    assert_false(etag_list_matches("a", "\"a\"", false));
    assert_false(etag_list_matches("\"a", "\"a\"", false));
    assert_false(etag_list_matches("W/", "\"a\"", false));
    assert_false(etag_list_matches("*, \"b\"", "\"a\"", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_first_last),       cmocka_unit_test(range_open),
        cmocka_unit_test(range_suffix),           cmocka_unit_test(range_unsatisfiable),
        cmocka_unit_test(range_ignored),          cmocka_unit_test(etag_weak_comparison),
        cmocka_unit_test(etag_strong_comparison), cmocka_unit_test(etag_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
