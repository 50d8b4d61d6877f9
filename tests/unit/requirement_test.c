/* Requirements: PEP 508. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/python/project.h"
#include "formats/python/requirement.h"

static void check_printed(const char *text, const char *expected)
{
    struct requirement CLEANUP_REQUIREMENT requirement;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF out = BUF_INIT;

    if (requirement_parse(text, strlen(text), &requirement, &error) < 0)
        fail_msg("%s: %s", text, error.data);
    requirement_print(&requirement, &out);
    assert_string_equal(out.data, expected);
}

static void requirement_examples(void **state)
{
    (void)state;
    /* Section "Examples" and those of the reference parser's tests. */
    check_printed("A", "A");
    check_printed("A.B-C_D", "A.B-C_D");
    check_printed("aa", "aa");
    check_printed("name", "name");
    check_printed("name<=1", "name<=1");
    check_printed("name>=3", "name>=3");
    check_printed("name>=3,<2", "name>=3,<2");
    check_printed("name@http://foo.com", "name @ http://foo.com");
    check_printed("name [fred,bar] @ http://foo.com ; python_version=='2.7'",
                  "name[fred,bar] @ http://foo.com ; python_version == \"2.7\"");
    check_printed("name[quux, strange];python_version<'2.7' and platform_version=='2'",
                  "name[quux,strange] ; python_version < \"2.7\" and platform_version == \"2\"");
    check_printed("name; os_name=='a' or os_name=='b'", "name ; os_name == \"a\" or os_name == \"b\"");
    check_printed("requests [security,tests] >= 2.8.1, == 2.8.* ; python_version < \"2.7\"",
                  "requests[security,tests]>=2.8.1,==2.8.* ; python_version < \"2.7\"");
    check_printed(
        "pip @ https://github.com/pypa/pip/archive/1.3.1.zip#sha1=da9234ee9982d4bbb3c72346a6de940a148ea686",
        "pip @ https://github.com/pypa/pip/archive/1.3.1.zip#sha1=da9234ee9982d4bbb3c72346a6de940a148ea686");
    check_printed("\tfoo (>=1,<2,) ", "foo>=1,<2");
    check_printed("foo[]()", "foo");
}

static void requirement_parts(void **state)
{
    (void)state;
    static const char text[] = "Foo.Bar[My_Extra,my.extra,B] !=1.0.* ; extra == 'x'";
    struct requirement CLEANUP_REQUIREMENT requirement;

    assert_int_equal(requirement_parse(text, strlen(text), &requirement, NULL), 0);
    assert_string_equal(requirement.name, "Foo.Bar");
    assert_string_equal(requirement.project, "foo-bar");
    assert_int_equal(requirement.extra_count, 2);
    assert_string_equal(requirement.extras[0], "my-extra");
    assert_string_equal(requirement.extras[1], "b");
    assert_int_equal(requirement.specifiers.count, 1);
    assert_int_equal(requirement.specifiers.items[0].op, SPECIFIER_NOT_EQUAL);
    assert_true(requirement.specifiers.items[0].wildcard);
    assert_null(requirement.url);
    assert_non_null(requirement.marker);
}

static void requirement_url(void **state)
{
    (void)state;
    /* What stands against the URL is a part of it. */
    static const char text[] = "foo @ git+https://h/r;os_name=='x' ";
    struct requirement CLEANUP_REQUIREMENT requirement;

    assert_int_equal(requirement_parse(text, strlen(text), &requirement, NULL), 0);
    assert_string_equal(requirement.url, "git+https://h/r;os_name=='x'");
    assert_null(requirement.marker);
    check_printed("foo@file:///tmp/x.whl", "foo @ file:///tmp/x.whl");
}

static void check_refused(const char *text, const char *message)
{
    struct requirement CLEANUP_REQUIREMENT requirement;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(requirement_parse(text, strlen(text), &requirement, &error), -1);
    assert_string_equal(error.data, message);
}

static void requirement_errors(void **state)
{
    (void)state;
#define NAME " of at most 214 letters, digits, and - _ . between them, found "
    check_refused("", "column 1: expected a project: a name" NAME "the end");
    check_refused("-r other.txt", "column 1: expected a project: a name" NAME "\"-r\"");
    check_refused("foo->=1", "column 1: expected a project: a name" NAME "\"foo->=1\"");
    check_refused("foo[a", "column 6: expected \",\" or \"]\" after an extra, found the end");
    check_refused("foo[a b]", "column 7: expected \",\" or \"]\" after an extra, found \"b]\"");
    check_refused("foo[a,]", "column 7: expected an extra: a name" NAME "\"]\"");
    check_refused("foo 1.0",
                  "column 5: expected one of ~= == != <= >= < > ===, \"@\", \"[\", \";\" or the end, "
                  "found \"1.0\"");
    check_refused("foo=1.0",
                  "column 4: expected one of ~= == != <= >= < > ===, \"@\", \"[\", \";\" or the end, "
                  "found \"=1.0\"");
    check_refused("foo>=", "column 6: expected a version after \">=\", found the end");
    check_refused("foo>=x", "column 6: expected a version after \">=\", found \"x\"");
    check_refused("foo>=1 <2", "column 8: expected \",\", \";\" or the end after a specifier, found \"<2\"");
    check_refused("foo (>=1", "column 9: expected \",\" or \")\" after a specifier, found the end");
    check_refused("foo ()x",
                  "column 7: expected one of ~= == != <= >= < > ===, \"@\", \"[\", \";\" or the end, "
                  "found \"x\"");
    check_refused("foo @ bar", "column 7: expected a URL with scheme and host after \"@\", found \"bar\"");
    check_refused("foo @ http:///x", "column 7: expected a URL with scheme and host after \"@\", "
                                     "found \"http:///x\"");
    check_refused("foo @ http://h x",
                  "column 16: expected \";\" or the end after the URL and a space, found \"x\"");
    check_refused("foo ;",
                  "column 6: expected a marker variable, such as python_version, or a quoted string, "
                  "found the end");
    check_refused("foo ; os_name == 'x' # no",
                  "column 22: expected \"and\", \"or\" or the end of the marker, "
                  "found \"#\"");
}

static void requirement_limits(void **state)
{
    (void)state;
    struct requirement CLEANUP_REQUIREMENT requirement;
    struct buf CLEANUP_BUF text = BUF_INIT;

    for (int i = 0; i <= PROJECT_NAME_MAX; i++)
        buf_add_char(&text, 'a');
    assert_int_equal(requirement_parse(text.data, text.len, &requirement, NULL), -1);
    assert_int_equal(requirement_parse(text.data, text.len - 1, &requirement, NULL), 0);
    requirement_release(&requirement);
    while (text.len <= REQUIREMENT_MAX_BYTES)
        buf_add_char(&text, ' ');
    check_refused(text.data, "column 1: expected a requirement of at most 65536 bytes, found "
                             "\"aaaaaaaaaaaaaaaaaaaaaaaa\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requirement_examples), cmocka_unit_test(requirement_parts),
        cmocka_unit_test(requirement_url),      cmocka_unit_test(requirement_errors),
        cmocka_unit_test(requirement_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
