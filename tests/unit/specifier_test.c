/* Version specifiers: PEP 440. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/python/specifier.h"

static bool contains(const char *set_text, const char *version_text, enum prereleases prereleases)
{
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct version version;

    if (specifier_set_parse(set_text, strlen(set_text), &set, &error) < 0 ||
        version_parse(version_text, strlen(version_text), &version, &error) < 0)
        fail_msg("%s, %s: %s", set_text, version_text, error.data);
    return specifier_set_contains(&set, &version, prereleases);
}

#define assert_in(set, version) assert_true(contains(set, version, PRERELEASES_ALLOWED))
#define assert_not_in(set, version) assert_false(contains(set, version, PRERELEASES_ALLOWED))

static void specifier_compatible(void **state)
{
    (void)state;
    assert_in("~= 2.2", "2.2");
    assert_in("~= 2.2", "2.99");
    assert_not_in("~= 2.2", "3.0");
    assert_not_in("~= 2.2", "2.1.9");
    assert_in("~= 1.4.5", "1.4.6");
    assert_not_in("~= 1.4.5", "1.5");
    assert_not_in("~= 2.2.post3", "2.2.post2");
    assert_in("~= 2.2.post3", "2.3");
    assert_in("~= 1.4.5a4", "1.4.5a5");
    assert_not_in("~= 1.4.5a4", "1.5a1");
    assert_not_in("~=2.2.0", "2.3");
}

static void specifier_compatible_any_spelling(void **state)
{
    (void)state;
    static const char *const spellings[] = {"~=1.1rc1", "~=1.1-c1", "~=1.1.preview_1", "~=v1.1RC.1"};

    for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
        assert_in(spellings[i], "1.2");
        assert_not_in(spellings[i], "2.0");
        assert_not_in(spellings[i], "1.1b1");
    }
}

static void specifier_equal(void **state)
{
    (void)state;
    assert_not_in("== 1.1", "1.1.post1");
    assert_in("== 1.1.post1", "1.1.post1");
    assert_in("== 1.1.*", "1.1.post1");
    assert_not_in("== 1.1", "1.1a1");
    assert_in("== 1.1a1", "1.1a1");
    assert_in("== 1.1.*", "1.1a1");
    assert_in("== 1.1.0", "1.1");
    assert_not_in("== 1.1.dev1", "1.1");
    assert_in("== 1.1.0.*", "1.1");
    assert_not_in("== 1.1.1.*", "1.1");
    assert_not_in("== 1.1.*", "1.10");
    assert_not_in("!= 1.1.*", "1.1.post1");
    assert_in("!= 1.1", "1.1.post1");
}

static void specifier_equal_local(void **state)
{
    (void)state;
    assert_in("==1.0", "1.0+local");
    assert_in("==1.0+local", "1.0+LOCAL");
    assert_not_in("==1.0+local", "1.0");
    assert_not_in("!=1.0", "1.0+local");
    assert_in("==1.0.*", "1.0+local");
}

static void specifier_epoch(void **state)
{
    (void)state;
    assert_in("==1!2.0.*", "1!2.0");
    assert_in("~=1!2.0", "1!2.1");
    assert_not_in("==2.0.*", "1!2.0");
    assert_in(">2.0", "1!1.0");
}

static void specifier_ordered(void **state)
{
    (void)state;
    assert_in(">1.7", "1.7.1");
    assert_not_in(">1.7", "1.7.0.post1");
    assert_in(">1.7.post2", "1.7.1");
    assert_in(">1.7.post2", "1.7.0.post3");
    assert_not_in(">1.7.post2", "1.7.0");
    assert_not_in(">1.7", "1.7+local");
    assert_in("<=1.7", "1.7+local");
    assert_in(">=1.7", "1.7+local");
    assert_not_in("<3.1", "3.1.dev0");
    assert_in("<3.1", "3.0.dev0");
    assert_in("<3.1rc1", "3.1b1");
    assert_in("<=3.1", "3.1.dev0");
}

static void specifier_arbitrary(void **state)
{
    (void)state;
    assert_in("===1.0", "1.0");
    assert_not_in("===1.0", "1.0.0");
    assert_not_in("===1.0", "1.0+local");
    assert_in("===1.0RC1", "1.0rc1");
    assert_not_in("===foobar", "1.0");
    assert_false(contains("===foobar", "1.0a1", PRERELEASES_BY_SET));
}

static void specifier_prereleases(void **state)
{
    (void)state;
    static const char *const naming[] = {"==1.0a1", "===1.0a1", "~=1.0a1", ">=1.0.dev0", "<=1.0a1,>0"};
    static const char *const not_naming[] = {"", ">0", "<1.0b1", "!=1.0b1", ">0.9a1", "===x"};

    for (size_t i = 0; i < sizeof(naming) / sizeof(*naming); i++) {
        assert_true(contains(naming[i], "1.0a1", PRERELEASES_BY_SET));
        assert_false(contains(naming[i], "1.0a1", PRERELEASES_REFUSED));
    }
    for (size_t i = 0; i < sizeof(not_naming) / sizeof(*not_naming); i++)
        assert_false(contains(not_naming[i], "1.0a1", PRERELEASES_BY_SET));
    assert_in("", "1.0a1");
    assert_true(contains("", "1.0", PRERELEASES_REFUSED));
}

static void specifier_set_printed(void **state)
{
    (void)state;
    static const char text[] = " >= v1.0-RC.1 ,, !=1.03.* ,==1+A_b,===Any-Thing, ";
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;
    struct buf CLEANUP_BUF out = BUF_INIT;

    assert_int_equal(specifier_set_parse(text, strlen(text), &set, NULL), 0);
    assert_int_equal(set.count, 4);
    specifier_set_print(&set, &out);
    assert_string_equal(out.data, ">=1.0rc1,!=1.3.*,==1+a.b,===Any-Thing");
}

static void check_refused(const char *text, const char *message)
{
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(specifier_set_parse(text, strlen(text), &set, &error), -1);
    assert_string_equal(error.data, message);
    assert_int_equal(set.count, 0);
    assert_null(set.items);
}

static void specifier_errors(void **state)
{
    (void)state;
    check_refused("1.0", "column 1: expected one of ~= == != <= >= < > ===, found \"1.0\"");
    check_refused(">=", "column 3: expected a version after \">=\", found the end");
    check_refused(">=1, =2", "column 6: expected one of ~= == != <= >= < > ===, found \"=2\"");
    check_refused(">=1 <2", "column 5: expected \",\" or the end after a specifier, found \"<2\"");
    check_refused("<1.*",
                  "column 3: expected no wildcard after \"<\", which only == and != take, found \".*\"");
    check_refused("==1a1.*", "column 6: expected a wildcard directly after the release, without suffixes, "
                             "found \".*\"");
    check_refused("==1.*.2", "column 6: expected \",\" or the end after a specifier, found \".2\"");
    check_refused(">1+x", "column 3: expected no local version after \">\", which only == and != take, "
                          "found \"+x\"");
    check_refused("~=1",
                  "column 4: expected a second number of the version, which \"~=\" needs, found the end");
    check_refused("~=1rc1",
                  "column 7: expected a second number of the version, which \"~=\" needs, found the end");
    check_refused("===", "column 4: expected a version after \"===\", found the end");
    check_refused(">=1 ;x", "column 5: expected \",\" or the end after a specifier, found \";x\"");
}

static void specifier_set_limit(void **state)
{
    (void)state;
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    for (int i = 0; i < SPECIFIERS_MAX; i++)
        buf_add_text(&text, i % 2 ? ">1," : "===1,");
    assert_int_equal(specifier_set_parse(text.data, text.len, &set, &error), 0);
    assert_int_equal(set.count, SPECIFIERS_MAX);
    specifier_set_release(&set);
    buf_add_text(&text, "===2");
    assert_int_equal(specifier_set_parse(text.data, text.len, &set, &error), -1);
    assert_string_equal(error.data, "column 4005: expected at most 1000 specifiers, found the end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specifier_compatible),  cmocka_unit_test(specifier_compatible_any_spelling),
        cmocka_unit_test(specifier_equal),       cmocka_unit_test(specifier_equal_local),
        cmocka_unit_test(specifier_epoch),       cmocka_unit_test(specifier_ordered),
        cmocka_unit_test(specifier_arbitrary),   cmocka_unit_test(specifier_prereleases),
        cmocka_unit_test(specifier_set_printed), cmocka_unit_test(specifier_errors),
        cmocka_unit_test(specifier_set_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
