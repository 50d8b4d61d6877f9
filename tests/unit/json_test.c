/* Reading JSON of others: limits before memory, one object or several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"

static const struct json_limits limits = {.depth = 3, .containers = 4, .values = 5};

static void check_limits(const char *text, const char *expected)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    int result = json_check_limits(text, strlen(text), &limits, &error);

    assert_int_equal(result, expected ? -1 : 0);
    assert_string_equal(error.data, expected ? expected : "");
}

static void json_limits_counted(void **state)
{
    (void)state;
    const char *deep = "nests deeper than 3 levels";
    const char *many = "has more than 4 objects and arrays, or 5 values";

    check_limits("", NULL);
    check_limits("[{\"a\":[]}]", NULL);
    check_limits("[{\"a\":[[]]}]", deep);
    check_limits("[[],[],[]]", NULL);
    check_limits("[[],[],[],{}]", many);
    check_limits("[1,2,3,4,5]", NULL);
    check_limits("[1,2,3,4,5,6]", many);
}

static void json_limits_ignore_strings(void **state)
{
    (void)state;
    check_limits("[\"[[[[[[,,,,,,,\"]", NULL);
    check_limits("[\"\\\"[[[[[[,,,,,,,\"]", NULL);
    check_limits("[\"\\\\\",[[[[", "nests deeper than 3 levels");
    check_limits("[\"\\", NULL);
    /* Closing more than was opened is no depth, and makes no room for more. */
    check_limits("][", NULL);
    check_limits("]]]]]][[[[", "nests deeper than 3 levels");
}

static void json_read_one(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error; /* NULL: good */
    } cases[] = {
        {"{}", NULL},
        {" \t\r\n{\"a\":\"b\"}\n", NULL},
        {"", "is empty"},
        {" \n", "is empty"},
        {"<html>", "is HTML where JSON was expected"},
        {"\n<?xml version=\"1.0\"?>", "is HTML where JSON was expected"},
        {"[]", "is JSON, but not an object"},
        {"{} {}", "is not valid JSON near byte 4 of 5"},
        {"\xef\xbb\xbf{}", "is not valid JSON near byte 3 of 5"},
        {"  {\"a\":}", "is not valid JSON near byte 8 of 8"},
        {"{\"a\":1,\"a\":2}", "is JSON that names a member twice, near byte 10 of 13"},
        {"{\"a\":99999999999999999999}", "is JSON with a number that is too big, near byte 25 of 26"},
        {"{\"a\":[[[1]]]}", "nests deeper than 3 levels"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf CLEANUP_BUF error = BUF_INIT;
        json_t *CLEANUP_JSON root = json_read_object(cases[i].text, strlen(cases[i].text), &limits, &error);
        assert_string_equal(error.data, cases[i].error ? cases[i].error : "");
        assert_int_equal(root != NULL, cases[i].error == NULL);
    }
}

static void json_read_several(void **state)
{
    (void)state;
    static const char text[] = " {\"a\":\"1\"}{\"a\":\"2\"}\n{\"a\":\"\"} ";
    static const char *const expected[] = {"1", "2", NULL};
    struct buf CLEANUP_BUF error = BUF_INIT;
    size_t at = 0;

    for (size_t i = 0; i < 3; i++) {
        json_t *CLEANUP_JSON object = json_read_next_object(text, strlen(text), &at, &error);
        assert_non_null(object);
        const char *member = json_text_member(object, "a");
        assert_int_equal(member != NULL, expected[i] != NULL);
        if (member)
            assert_string_equal(member, expected[i]);
    }
    assert_null(json_read_next_object(text, strlen(text), &at, &error));
    assert_int_equal(at, strlen(text));
    assert_int_equal(error.len, 0);
}

static void json_read_several_broken(void **state)
{
    (void)state;
    static const char *const texts[] = {"{} []", "{} x", "{} {", "{}<"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buf CLEANUP_BUF error = BUF_INIT;
        size_t len = strlen(texts[i]);
        size_t at = 0;
        json_t *CLEANUP_JSON first = json_read_next_object(texts[i], len, &at, &error);
        assert_non_null(first);
        assert_int_equal(at, 2);
        assert_null(json_read_next_object(texts[i], len, &at, &error));
        assert_true(at < len && error.len > 0);
    }
}

static void json_text_members(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF error = BUF_INIT;
    const char *text = "{\"a\":\"x\",\"b\":\"\",\"c\":1,\"d\":null}";
    json_t *CLEANUP_JSON root = json_read_object(text, strlen(text), &limits, &error);

    assert_string_equal(json_text_member(root, "a"), "x");
    assert_null(json_text_member(root, "b"));
    assert_null(json_text_member(root, "c"));
    assert_null(json_text_member(root, "d"));
    assert_null(json_text_member(root, "e"));
    assert_null(json_text_member(NULL, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_limits_counted),
        cmocka_unit_test(json_limits_ignore_strings),
        cmocka_unit_test(json_read_one),
        cmocka_unit_test(json_read_several),
        cmocka_unit_test(json_read_several_broken),
        cmocka_unit_test(json_text_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
