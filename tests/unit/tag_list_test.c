/* Lists of tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/oci/tag_list.h"

/* `expected`: the tags with a space before each. */
static void check(const char *body, const char *expected)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF found = BUF_INIT;
    struct tag_list CLEANUP_TAG_LIST list;

    if (tag_list_parse(body, strlen(body), &list, &error) < 0)
        fail_msg("%s: %s", body, error.data);
    for (size_t i = 0; i < list.count; i++)
        buf_printf(&found, " %s", list.tags[i]);
    assert_string_equal(found.data, expected);
}

static void tag_list_sorted_once(void **state)
{
    (void)state;
    check("{\"name\":\"library/nginx\",\"tags\":[\"b\",\"a\",\"B\",\"1.10\",\"1.9\",\"a\",\"_\"]}",
          " 1.10 1.9 B _ a b");
    check("{\"tags\":[\"a-\",\"a\",\"a.\",\"aa\"]}", " a a- a. aa");
}

static void tag_list_empty(void **state)
{
    (void)state;
    check("{\"name\":\"x\",\"tags\":null}", "");
    check("{\"name\":\"x\",\"tags\":[]}", "");
}

static void tag_list_pages(void **state)
{
    (void)state;
    check("{\"tags\":[\"c\",\"a\"]}\n{\"tags\":null}{\"name\":\"x\",\"tags\":[\"b\",\"c\"]} ", " a b c");
}

static void tag_list_leaves_out_invalid(void **state)
{
    (void)state;
    check("{\"tags\":[\"ok\",\"\",\"../x\",\"a b\",\"a\\r\\nX: y\",7,null,{},[\"in\"],true,\"<b>\"]}", " ok");
}

static void tag_list_other_members(void **state)
{
    (void)state;
    check("{\"child\":[],\"manifest\":{\"sha256:00\":{\"tag\":[\"x\"],\"imageSizeBytes\":\"1\"}},\"tags\":["
          "\"x\"]}",
          " x");
}

static void check_refused(const char *body, size_t len, const char *expected)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct tag_list list;

    if (tag_list_parse(body, len, &list, &error) != -1)
        fail_msg("%.100s is accepted", body);
    assert_int_equal(list.count, 0);
    assert_null(list.tags);
    assert_null(list.memory);
    if (!strstr(error.data, expected))
        fail_msg("%.100s: \"%s\" where \"%s\" was expected", body, error.data, expected);
}

static void tag_list_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "is empty"},
        {" \n", "is empty"},
        {"<!DOCTYPE html>", "is HTML"},
        {"[\"a\"]", "not an object"},
        {"{}", "has no \"tags\""},
        {"{\"errors\":[{\"code\":\"DENIED\"}]}", "has no \"tags\""},
        {"{\"tags\":\"a\"}", "has no \"tags\""},
        {"{\"tags\":{\"a\":1}}", "has no \"tags\""},
        {"{\"tags\":[\"a\"]", "is not valid JSON"},
        {"{\"tags\":[\"a\"]} x", "is not valid JSON"},
        {"{\"tags\":[\"a\"]} []", "not an object"},
        {"{\"tags\":[\"a\"]} {}", "has no \"tags\""},
        {"{\"tags\":[\"a\"],\"tags\":[]}", "names a member twice"},
        {"{\"tags\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
         "nests deeper than 32 levels"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_refused(cases[i][0], strlen(cases[i][0]), cases[i][1]);
}

/* Two pages with `count` tags together, each tag other than the rest. */
static void add_pages(struct buf *body, int count)
{
    buf_add_text(body, "{\"tags\":[");
    for (int i = 0; i < count; i++)
        buf_printf(body, "%s\"t%07d\"", i == 0 ? "" : i == count / 2 ? "]}{\"tags\":[" : ",", i);
    buf_add_text(body, "]}");
}

static void tag_list_count_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF more = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct tag_list CLEANUP_TAG_LIST list;

    add_pages(&body, TAG_LIST_MAX_TAGS);
    assert_int_equal(tag_list_parse(body.data, body.len, &list, &error), 0);
    assert_int_equal(list.count, TAG_LIST_MAX_TAGS);
    assert_string_equal(list.tags[0], "t0000000");
    assert_string_equal(list.tags[list.count - 1], "t0499999");
    add_pages(&more, TAG_LIST_MAX_TAGS + 1);
    check_refused(more.data, more.len, "has more than 500000 tags");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tag_list_sorted_once),   cmocka_unit_test(tag_list_empty),
        cmocka_unit_test(tag_list_pages),         cmocka_unit_test(tag_list_leaves_out_invalid),
        cmocka_unit_test(tag_list_other_members), cmocka_unit_test(tag_list_refused),
        cmocka_unit_test(tag_list_count_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
