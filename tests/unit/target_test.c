/* Request targets: what is taken apart, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proxy/http/target.h"

static void check_refused(const char *raw, const char *about)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct target target;

    assert_int_equal(target_parse(raw, &target, &error), -1);
    if (!strstr(error.data, about))
        fail_msg("%s: \"%s\" does not speak of \"%s\"", raw, error.data, about);
}

static void check_accepted(const char *raw, struct target *target)
{
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (target_parse(raw, target, &error) < 0)
        fail_msg("%s: %s", raw, error.data);
}

static void target_root(void **state)
{
    (void)state;
    struct target CLEANUP_TARGET target;

    check_accepted("/", &target);
    assert_int_equal(target.segment_count, 0);
    assert_true(target.slash);
    assert_string_equal(target.path, "/");
    assert_null(target.query);
}

static void target_segments(void **state)
{
    (void)state;
    struct target CLEANUP_TARGET target;

    check_accepted("/packages/a%2Bb%C3%A9/x?y=1", &target);
    assert_int_equal(target.segment_count, 3);
    assert_string_equal(target.segments[0].text, "packages");
    assert_string_equal(target.segments[1].raw, "a%2Bb%C3%A9");
    assert_string_equal(target.segments[1].text, "a+b\xc3\xa9");
    assert_string_equal(target.segments[2].text, "x");
    assert_false(target.slash);
    assert_string_equal(target.path, "/packages/a%2Bb%C3%A9/x");
    assert_string_equal(target.query, "y=1");
}

static void target_trailing_slash(void **state)
{
    (void)state;
    struct target CLEANUP_TARGET target;

    check_accepted("/simple/foo/", &target);
    assert_int_equal(target.segment_count, 2);
    assert_true(target.slash);
}

static void target_query_values(void **state)
{
    (void)state;
    struct target CLEANUP_TARGET target;

    check_accepted("/s?format=application/vnd.pypi.simple.v1+json&ns=a%26b&&flag&ns=second&e=", &target);
    assert_string_equal(target_query(&target, "format"), "application/vnd.pypi.simple.v1+json");
    assert_string_equal(target_query(&target, "ns"), "a&b");
    assert_string_equal(target_query(&target, "flag"), "");
    assert_string_equal(target_query(&target, "e"), "");
    assert_null(target_query(&target, "n"));
}

static void target_absolute_form(void **state)
{
    (void)state;
    struct target target;

    check_accepted("http://mirror.example:8080/simple/?a=b", &target);
    assert_string_equal(target.path, "/simple/");
    assert_string_equal(target_query(&target, "a"), "b");
    target_release(&target);
    check_accepted("HTTPS://mirror.example", &target);
    assert_string_equal(target.path, "/");
    assert_true(target.slash);
    target_release(&target);
    check_accepted("http://mirror.example?a=/b/../", &target);
    assert_string_equal(target.path, "/");
    assert_string_equal(target_query(&target, "a"), "/b/../");
    target_release(&target);
}

static void target_refuses_traversal(void **state)
{
    (void)state;
    check_refused("/a/../b", "\"..\"");
    check_refused("/a/..", "\"..\"");
    check_refused("/a/%2e%2E/b", "\"..\"");
    check_refused("/./b", "\".\"");
    check_refused("/a%2Fb", "slash");
    check_refused("/a%2fb", "slash");
    check_refused("/a%5cb", "backslash");
    check_refused("/a\\b", "backslash");
}

static void target_refuses_bad_bytes(void **state)
{
    (void)state;
    check_refused("/a%00b", "escape");
    check_refused("/a%0ab", "control");
    check_refused("/a%7f", "control");
    check_refused("/a\x01", "percent-encoded");
    check_refused("/a b", "percent-encoded");
    check_refused("/a#b", "percent-encoded");
    check_refused("/a%ff", "UTF-8");
    check_refused("/a\xc0\xaf", "UTF-8");
    check_refused("/?a=%00", "escape");
    check_refused("/?a=%0d%0aX:", "control");
    check_refused("/?%ff", "UTF-8");
}

static void target_refuses_bad_escapes(void **state)
{
    (void)state;
    check_refused("/a%", "escape");
    check_refused("/a%2", "escape");
    check_refused("/a%2/b", "escape");
    check_refused("/a%zz", "escape");
    check_refused("/?a=%1", "escape");
}

static void target_refuses_other_forms(void **state)
{
    (void)state;
    check_refused("", "begin");
    check_refused("*", "begin");
    check_refused("mirror.example:443", "begin");
    check_refused("ftp://mirror.example/", "begin");
    check_refused("//a", "empty");
    check_refused("/a//b", "empty");
    check_refused("/a//", "empty");
}

static void target_length_limit(void **state)
{
    (void)state;
    char raw[TARGET_MAX_BYTES + 2];
    struct target target;

    memset(raw, 'a', sizeof(raw));
    raw[0] = '/';
    raw[TARGET_MAX_BYTES] = '\0';
    check_accepted(raw, &target);
    target_release(&target);
    raw[TARGET_MAX_BYTES] = 'a';
    raw[TARGET_MAX_BYTES + 1] = '\0';
    check_refused(raw, "too long");
}

static void target_count_limits(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF raw = BUF_INIT;
    struct target target;

    for (int i = 0; i < TARGET_MAX_SEGMENTS; i++)
        buf_add_text(&raw, "/a");
    check_accepted(raw.data, &target);
    assert_int_equal(target.segment_count, TARGET_MAX_SEGMENTS);
    target_release(&target);
    buf_add_text(&raw, "/a");
    check_refused(raw.data, "segments");
    buf_set(&raw, "/?");
    for (int i = 0; i <= TARGET_MAX_PARAMETERS; i++)
        buf_add_text(&raw, "a&");
    check_refused(raw.data, "parameters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_root),
        cmocka_unit_test(target_segments),
        cmocka_unit_test(target_trailing_slash),
        cmocka_unit_test(target_query_values),
        cmocka_unit_test(target_absolute_form),
        cmocka_unit_test(target_refuses_traversal),
        cmocka_unit_test(target_refuses_bad_bytes),
        cmocka_unit_test(target_refuses_bad_escapes),
        cmocka_unit_test(target_refuses_other_forms),
        cmocka_unit_test(target_length_limit),
        cmocka_unit_test(target_count_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
