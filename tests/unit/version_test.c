/* Versions: PEP 440. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/python/version.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct version parsed(const char *text)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct version version;

    if (version_parse(text, strlen(text), &version, &error) < 0)
        fail_msg("%s: %s", text, error.data);
    return version;
}

static void check_spelling(const char *text, const char *canonical)
{
    struct version version = parsed(text);

    assert_string_equal(version.text, canonical);
}

static void version_spellings(void **state)
{
    (void)state;
    /* Section "Normalization", in its order. */
    check_spelling("1.1RC1", "1.1rc1");
    check_spelling("00", "0");
    check_spelling("09000", "9000");
    check_spelling("1.0+foo0100", "1.0+foo0100");
    check_spelling("1.1.a1", "1.1a1");
    check_spelling("1.1-a1", "1.1a1");
    check_spelling("1.1_a1", "1.1a1");
    check_spelling("1.1a.1", "1.1a1");
    check_spelling("1.1alpha1", "1.1a1");
    check_spelling("1.1beta2", "1.1b2");
    check_spelling("1.1c3", "1.1rc3");
    check_spelling("1.1pre3", "1.1rc3");
    check_spelling("1.1preview3", "1.1rc3");
    check_spelling("1.2a", "1.2a0");
    check_spelling("1.2-post2", "1.2.post2");
    check_spelling("1.2post2", "1.2.post2");
    check_spelling("1.2.post-2", "1.2.post2");
    check_spelling("1.0-r4", "1.0.post4");
    check_spelling("1.0.rev4", "1.0.post4");
    check_spelling("1.2.post", "1.2.post0");
    check_spelling("1.0-1", "1.0.post1");
    check_spelling("1.2-dev2", "1.2.dev2");
    check_spelling("1.2dev2", "1.2.dev2");
    check_spelling("1.2.dev", "1.2.dev0");
    check_spelling("1.0+ubuntu-1", "1.0+ubuntu.1");
    check_spelling("1.0+UBUNTU_01", "1.0+ubuntu.1");
    check_spelling("v1.0", "1.0");
    check_spelling("\t1.0 \n", "1.0");
}

static void version_spellings_together(void **state)
{
    (void)state;
    check_spelling("1.0-rc.1", "1.0rc1");
    check_spelling("V01!2.00.Alpha_3-4.DEV05+A.0.b", "1!2.0a3.post4.dev5+a.0.b");
    check_spelling("0!1", "1");
    check_spelling("1a-", "1a0");
    check_spelling("1.0prerev", "1.0rc0.post0");
}

static void version_order_of_summary(void **state)
{
    (void)state;
    /* Section "Summary of permitted suffixes and relative ordering", and more at its ends. */
    static const char *const ascending[] = {
        "1.dev0",
        "1.0.dev456",
        "1.0a1.dev1",
        "1.0a1",
        "1.0a2.dev456",
        "1.0a12.dev456",
        "1.0a12",
        "1.0b1.dev456",
        "1.0b2",
        "1.0b2.post345.dev456",
        "1.0b2.post345",
        "1.0rc1.dev456",
        "1.0rc1",
        "1.0",
        "1.0+abc.5",
        "1.0+abc.7",
        "1.0+abc.7.x",
        "1.0+5",
        "1.0+10",
        "1.0.post456.dev34",
        "1.0.post456",
        "1.0.15",
        "1.1.dev1",
        "1.10",
        "18446744073709551616",
        "18446744073709551617",
        "1!0.1",
    };
    for (size_t i = 0; i < COUNT(ascending); i++)
        for (size_t k = 0; k < COUNT(ascending); k++) {
            struct version a = parsed(ascending[i]);
            struct version b = parsed(ascending[k]);
            assert_int_equal(version_compare(&a, &b, VERSION_WHOLE), (i > k) - (i < k));
        }
}

static void version_order_equal(void **state)
{
    (void)state;
    static const char *const equal[][2] = {
        {"1", "1.0.0"}, {"0", "0.0"}, {"1.0-1", "1.0.0.post01"}, {"1.0+a.01", "1.0+A-1"}, {"0!1.2", "1.2"},
    };
    for (size_t i = 0; i < COUNT(equal); i++) {
        struct version a = parsed(equal[i][0]);
        struct version b = parsed(equal[i][1]);
        assert_int_equal(version_compare(&a, &b, VERSION_WHOLE), 0);
    }
}

static void version_order_by_part(void **state)
{
    (void)state;
    struct version whole = parsed("1.0rc1.post2+x");
    struct version public = parsed("1.0rc1.post2");
    struct version base = parsed("1.0");

    assert_int_equal(version_compare(&whole, &public, VERSION_WHOLE), 1);
    assert_int_equal(version_compare(&whole, &public, VERSION_PUBLIC), 0);
    assert_int_equal(version_compare(&whole, &base, VERSION_PUBLIC), -1);
    assert_int_equal(version_compare(&whole, &base, VERSION_BASE), 0);
}

static void version_prerelease(void **state)
{
    (void)state;
    static const char *const before[] = {"1a1", "1b1", "1rc1", "1.dev1", "1.post1.dev1", "1rc1.post1"};
    static const char *const not_before[] = {"1", "1.post1", "1+dev", "1+1"};

    for (size_t i = 0; i < COUNT(before); i++) {
        struct version version = parsed(before[i]);
        assert_true(version_is_prerelease(&version));
    }
    for (size_t i = 0; i < COUNT(not_before); i++) {
        struct version version = parsed(not_before[i]);
        assert_false(version_is_prerelease(&version));
    }
}

static void version_prefix(void **state)
{
    (void)state;
    struct version prefix = parsed("1.2.0");
    struct version short_one = parsed("1.2rc1");
    struct version other = parsed("1.2.1");
    struct version epoch = parsed("1!1.2.0");

    assert_int_equal(version_release_count(&prefix), 3);
    assert_true(version_has_prefix(&short_one, &prefix, 3));
    assert_false(version_has_prefix(&other, &prefix, 3));
    assert_true(version_has_prefix(&other, &prefix, 2));
    assert_false(version_has_prefix(&epoch, &prefix, 1));
}

static void check_refused(const char *text, const char *message)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct version version;

    assert_int_equal(version_parse(text, strlen(text), &version, &error), -1);
    assert_string_equal(error.data, message);
    assert_int_equal(version_parse(text, strlen(text), &version, NULL), -1);
}

static void version_errors(void **state)
{
    (void)state;
    check_refused("", "column 1: expected a digit of a version, found the end");
    check_refused("  x1", "column 3: expected a digit of a version, found \"x1\"");
    check_refused("1.0x y", "column 4: expected the end of the version, found \"x\"");
    check_refused("1..0", "column 2: expected the end of the version, found \"..0\"");
    check_refused("1.0 1", "column 5: expected the end of the version, found \"1\"");
    check_refused("1!", "column 3: expected a digit after the epoch of a version, found the end");
    check_refused("1.0+", "column 5: expected a letter or digit of a local version, found the end");
    check_refused("1.0+a..b", "column 6: expected the end of the version, found \"..b\"");
    check_refused("1.0-1-1", "column 6: expected the end of the version, found \"-1\"");
    check_refused("1.0\xc3\xb6", "column 4: expected the end of the version, found the byte 0xc3");
    check_refused("1.0\x1b[1m", "column 4: expected the end of the version, found the byte 0x1b");
}

static void version_length_limit(void **state)
{
    (void)state;
    char text[VERSION_MAX_BYTES + 2];
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct version version;

    memset(text, '7', sizeof(text));
    assert_int_equal(version_parse(text, VERSION_MAX_BYTES, &version, &error), 0);
    assert_int_equal(strlen(version.text), VERSION_MAX_BYTES);
    assert_int_equal(version_parse(text, VERSION_MAX_BYTES + 1, &version, &error), -1);
    assert_non_null(strstr(error.data, "column 1: expected a version of at most 255 characters"));
    /* What the canonical form adds counts. */
    text[VERSION_MAX_BYTES - 1] = 'a';
    assert_int_equal(version_parse(text, VERSION_MAX_BYTES, &version, &error), -1);
    /* Zeros that it has not do not count. */
    memset(text, '0', sizeof(text));
    assert_int_equal(version_parse(text, sizeof(text), &version, &error), 0);
    assert_string_equal(version.text, "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_spellings),        cmocka_unit_test(version_spellings_together),
        cmocka_unit_test(version_order_of_summary), cmocka_unit_test(version_order_equal),
        cmocka_unit_test(version_order_by_part),    cmocka_unit_test(version_prerelease),
        cmocka_unit_test(version_prefix),           cmocka_unit_test(version_errors),
        cmocka_unit_test(version_length_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
