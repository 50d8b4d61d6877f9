/* Environment markers: PEP 508, 685 and 751. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/python/marker.h"

static const char *const extras[] = {"Dev", "my_docs", NULL};
static const char *const groups[] = {"test", NULL};

static const struct marker_environment debian = {
    .python_version = "3.10",
    .python_full_version = "3.10.12",
    .os_name = "posix",
    .sys_platform = "linux",
    .platform_release = "6.1.0-13-amd64",
    .platform_system = "Linux",
    .platform_version = "#1 SMP Debian 6.1.55-1",
    .platform_machine = "x86_64",
    .platform_python_implementation = "CPython",
    .implementation_name = "cpython",
    .implementation_version = "3.10.12",
    .extra = "My_Extra",
    .extras = extras,
    .dependency_groups = groups,
};

static int evaluate(const char *text, struct buf *error)
{
    struct marker CLEANUP_MARKER *marker = marker_parse(text, strlen(text), error);

    if (!marker)
        fail_msg("%s: %s", text, error->data);
    return marker_evaluate(marker, &debian, error);
}

static void check(const char *text, int expected)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    int answer = evaluate(text, &error);

    if (answer != expected)
        fail_msg("%s: %d, not %d %s", text, answer, expected, error.data);
}

static void marker_versions(void **state)
{
    (void)state;
    check("python_version >= '3.9'", 1);
    check("python_version < '3.9'", 0);
    check("'3.9' < python_version", 1);
    check("python_version == '3.*'", 1);
    check("python_version ~= '3.8'", 1);
    check("python_full_version < '3.10.12rc1'", 0);
    check("python_full_version >= ' 3.10.12a1 '", 1);
    check("python_version === '3.10'", 1);
    check("python_version === '3.10.0'", 0);
}

static void marker_strings(void **state)
{
    (void)state;
    check("os_name == 'posix'", 1);
    check("os_name != \"posix\"", 0);
    check("sys_platform > 'darwin'", 1);
    check("'Debian' in platform_version", 1);
    check("python_version in '3.9, 3.10'", 1);
    check("python_version not   in '2.7'", 1);
    check("'a' == 'a' and os_name != sys_platform", 1);
    /* A left side that is no version, a right side that is none. */
    check("platform_release >= '5'", 1);
    check("platform_release >= '7'", 0);
    check("python_version >= 'three'", 0);
    check("platform_machine === 'X86_64'", 1);
}

static void marker_old_names(void **state)
{
    (void)state;
    check("os.name == 'posix' and sys.platform == 'linux'", 1);
    check("platform.machine == 'x86_64' and 'SMP' in platform.version", 1);
    check("platform.python_implementation == 'CPython' and python_implementation == 'CPython'", 1);
}

static void marker_precedence(void **state)
{
    (void)state;
    check("os_name == 'x' and os_name == 'x' or os_name == 'posix'", 1);
    check("os_name == 'posix' or os_name == 'x' and os_name == 'x'", 1);
    check("(os_name == 'posix' or os_name == 'x') and os_name == 'x'", 0);
    check("os_name=='posix'and(os_name=='posix')", 1);
}

static void marker_extras(void **state)
{
    (void)state;
    check("extra == 'my-extra'", 1);
    check("extra == 'MY.EXTRA'", 1);
    check("'my--extra' == extra", 1);
    check("extra != 'my-extra'", 0);
    check("'dev' in extras", 1);
    check("'My.Docs' in extras", 1);
    check("'my' in extras", 0);
    check("'my' not in extras", 1);
    check("'TEST' in dependency_groups", 1);
    check("'dev' in dependency_groups", 0);
}

static void marker_any_extra(void **state)
{
    (void)state;
    static const struct marker_environment any = {.os_name = "posix", .any_extra = true};
    static const char *const applying[] = {"extra == 'x'", "'x' != extra", "extra == 'a' and extra == 'b'",
                                           "'x' in extras and 'x' not in extras",
                                           "'x' in dependency_groups and os_name == 'posix'"};

    for (size_t i = 0; i < sizeof(applying) / sizeof(*applying); i++) {
        struct marker CLEANUP_MARKER *marker = marker_parse(applying[i], strlen(applying[i]), NULL);
        assert_int_equal(marker_evaluate(marker, &any, NULL), 1);
    }
    struct marker CLEANUP_MARKER *other = marker_parse("extra == 'x' and os_name == 'nt'", 32, NULL);
    assert_int_equal(marker_evaluate(other, &any, NULL), 0);
}

static void marker_nothing_known(void **state)
{
    (void)state;
    static const struct marker_environment nothing = {.extra = NULL};
    static const char text[] = "os_name == '' and extra == '' and 'x' not in extras and python_version < '3'";
    struct marker CLEANUP_MARKER *marker = marker_parse(text, strlen(text), NULL);

    assert_non_null(marker);
    assert_int_equal(marker_evaluate(marker, &nothing, NULL), 1);
}

static void marker_without_meaning(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(evaluate("os_name ~= 'posix'", &error), -1);
    assert_string_equal(error.data,
                        "the marker os_name ~= \"posix\" has no answer: \"~=\" is for versions, and "
                        "\"posix\" and \"posix\" are not both such");
    /* Also where the others would decide. */
    check("os_name == 'posix' or os_name ~= 'x'", -1);
    check("os_name == 'x' and (os_name === 'a b' or os_name == 'x')", -1);
}

static void check_printed(const char *text, const char *expected)
{
    struct marker CLEANUP_MARKER *marker = marker_parse(text, strlen(text), NULL);
    struct buf CLEANUP_BUF out = BUF_INIT;

    assert_non_null(marker);
    marker_print(marker, &out);
    assert_string_equal(out.data, expected);
}

static void marker_printed(void **state)
{
    (void)state;
    check_printed("os.name=='nt'", "os_name == \"nt\"");
    check_printed("((extra=='a')) and ( 'b'in extras or os_name>='\"' )",
                  "extra == \"a\" and (\"b\" in extras or os_name >= '\"')");
    check_printed("(os_name=='a' and os_name=='b') or os_name not  in 'c'",
                  "os_name == \"a\" and os_name == \"b\" or os_name not in \"c\"");
}

static void check_refused(const char *text, const char *message)
{
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_null(marker_parse(text, strlen(text), &error));
    assert_string_equal(error.data, message);
}

static void marker_errors(void **state)
{
    (void)state;
#define OPERAND "expected a marker variable, such as python_version, or a quoted string, found "
    check_refused("", "column 1: " OPERAND "the end");
    check_refused("os_nam == 'x'", "column 1: " OPERAND "\"os_nam\"");
    check_refused("OS_NAME == 'x'", "column 1: " OPERAND "\"OS_NAME\"");
    check_refused("os_name == nt", "column 12: " OPERAND "\"nt\"");
    check_refused("os_name = 'x'",
                  "column 9: expected one of <= < != == >= > ~= === in, not in, found \"=\"");
    check_refused("os_name not 'x'", "column 13: expected \"in\" after \"not\", found \"'x'\"");
    check_refused("os_name not", "column 12: expected a space and \"in\" after \"not\", found the end");
    check_refused("os_name == 'x", "column 14: expected a closing ', found the end");
    check_refused("os_name == 'a\\x'",
                  "column 14: expected a string without backslashes and control characters, found \"\\x'\"");
    check_refused("(os_name == 'x'", "column 16: expected \"and\", \"or\" or a closing ), found the end");
    check_refused("os_name == '\xc3\xb6' x",
                  "column 16: expected \"and\", \"or\" or the end of the marker, found \"x\"");
    check_refused("os_name == 'x' and", "column 19: " OPERAND "the end");
    check_refused("os_name == 'x' AND os_name == 'x'",
                  "column 16: expected \"and\", \"or\" or the end of the marker, found \"AND\"");
    check_refused("extras == 'x'",
                  "column 1: expected extras and dependency_groups as in: \"name\" in extras, "
                  "found \"extras\"");
    check_refused("os_name in extras",
                  "column 1: expected extras and dependency_groups as in: \"name\" in extras, "
                  "found \"os_name\"");
}

static void nest(struct buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_add_char(out, '(');
    buf_add_text(out, "os_name == 'posix'");
    for (int i = 0; i < depth; i++)
        buf_add_char(out, ')');
}

static void marker_limits(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF deep = BUF_INIT;
    struct buf CLEANUP_BUF deeper = BUF_INIT;
    struct buf CLEANUP_BUF wide = BUF_INIT;

    nest(&deep, MARKER_MAX_DEPTH);
    check(deep.data, 1);
    nest(&deeper, MARKER_MAX_DEPTH + 1);
    check_refused(deeper.data, "column 65: expected at most 64 open parentheses, found \"(os_name\"");
    buf_add_text(&wide, "os_name == 'posix'");
    while (wide.len + 30 < MARKER_MAX_BYTES)
        buf_add_text(&wide, " and os_name == 'posix'");
    check(wide.data, 1);
    while (wide.len <= MARKER_MAX_BYTES)
        buf_add_char(&wide, ' ');
    check_refused(wide.data, "column 1: expected a marker of at most 65536 bytes, found \"os_name\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marker_versions),        cmocka_unit_test(marker_strings),
        cmocka_unit_test(marker_old_names),       cmocka_unit_test(marker_precedence),
        cmocka_unit_test(marker_extras),          cmocka_unit_test(marker_nothing_known),
        cmocka_unit_test(marker_without_meaning), cmocka_unit_test(marker_printed),
        cmocka_unit_test(marker_errors),          cmocka_unit_test(marker_limits),
        cmocka_unit_test(marker_any_extra),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
