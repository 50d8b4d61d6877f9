/* Names of wheels and compatibility tags: PEP 427, 425, 513, 600 and 656. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/python/wheel_platform.h"
#include "formats/python/wheel_tag.h"

static struct wheel_name parsed(const char *filename)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct wheel_name wheel;

    if (wheel_name_parse(filename, &wheel, &error) < 0)
        fail_msg("%s", error.data);
    return wheel;
}

static void wheel_name_parts(void **state)
{
    (void)state;
    struct wheel_name wheel = parsed("Distribution_Name-1.0-1x-py27.PY3-None-any.whl");

    assert_string_equal(wheel.project, "distribution-name");
    assert_string_equal(wheel.version.text, "1.0");
    assert_true(wheel.has_build);
    assert_int_equal(wheel.build_number, 1);
    assert_string_equal(wheel.build_text, "x");
    assert_string_equal(wheel.python, "py27.py3");
    assert_string_equal(wheel.abi, "none");
    assert_string_equal(wheel.platform, "any");
    wheel = parsed("foo-1.0_1+local_x-py3-none-any.whl");
    assert_string_equal(wheel.version.text, "1.0.post1+local.x");
    assert_false(wheel.has_build);
}

static void check_refused(const char *filename, const char *why)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct wheel_name wheel;

    assert_int_equal(wheel_name_parse(filename, &wheel, &error), -1);
    assert_non_null(strstr(error.data, why));
    assert_int_equal(wheel_name_parse(filename, &wheel, NULL), -1);
}

static void wheel_name_errors(void **state)
{
    (void)state;
    check_refused("foo-1.0.tar.gz",
                  "\"foo-1.0.tar.gz\" is not the name of a wheel: it has a space, or no \".whl\"");
    check_refused("foo-1.0-py3-none.whl",
                  "it does not have the form name-version[-build]-python-abi-platform.whl");
    check_refused("foo-1.0-1-2-py3-none-any.whl", "it does not have the form");
    check_refused("foo-1.0-x1-py3-none-any.whl", "its build does not begin with a number");
    check_refused("foo-1.0--py3-none-any.whl", "its build does not begin with a number");
    check_refused("foo-1.0-99999999999999999999-py3-none-any.whl", "its build does not begin with a number");
    check_refused("foo-one-py3-none-any.whl", "its version is not valid by PEP 440");
    check_refused("_foo-1.0-py3-none-any.whl", "it does not begin with the name of a project");
    check_refused("foo-1.0-py3-none-.whl", "one of its tags is empty");
    check_refused("foo- 1.0-py3-none-any.whl", "it has a space");
    check_refused("../foo-1.0-py3-none-any.whl", "a character that no file name may have");
}

static void wheel_name_builds(void **state)
{
    (void)state;
    static const char *const ascending[] = {
        "foo-1-py3-none-any.whl",    "foo-1-0-py3-none-any.whl",  "foo-1-2-py3-none-any.whl",
        "foo-1-2a-py3-none-any.whl", "foo-1-2b-py3-none-any.whl", "foo-1-10-py3-none-any.whl",
    };
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < 6; k++) {
            struct wheel_name a = parsed(ascending[i]);
            struct wheel_name b = parsed(ascending[k]);
            assert_int_equal(wheel_name_compare_builds(&a, &b), (i > k) - (i < k));
        }
}

static void check_list(const struct word_list *list, const char *expected)
{
    struct buf CLEANUP_BUF out = BUF_INIT;

    for (size_t i = 0; i < list->count; i++)
        buf_printf(&out, "%s%s", i ? " " : "", list->items[i]);
    assert_string_equal(out.data, expected);
}

static void platforms_glibc(void **state)
{
    (void)state;
    struct word_list CLEANUP_WORD_LIST x86 = WORD_LIST_INIT;
    struct word_list CLEANUP_WORD_LIST arm = WORD_LIST_INIT;
    struct word_list CLEANUP_WORD_LIST other = WORD_LIST_INIT;

    assert_int_equal(wheel_platforms_glibc(2, 6, "x86_64", &x86), 0);
    check_list(&x86, "manylinux_2_6_x86_64 manylinux_2_5_x86_64 manylinux1_x86_64 linux_x86_64");
    assert_int_equal(wheel_platforms_glibc(2, 18, "aarch64", &arm), 0);
    check_list(&arm, "manylinux_2_18_aarch64 manylinux_2_17_aarch64 manylinux2014_aarch64 linux_aarch64");
    assert_int_equal(wheel_platforms_glibc(2, 31, "mips", &other), 0);
    check_list(&other, "linux_mips");
}

static void platforms_musl(void **state)
{
    (void)state;
    struct word_list CLEANUP_WORD_LIST list = WORD_LIST_INIT;

    assert_int_equal(wheel_platforms_musl(1, 1, "x86_64", &list), 0);
    check_list(&list, "musllinux_1_1_x86_64 musllinux_1_0_x86_64 linux_x86_64");
}

static void platforms_macos(void **state)
{
    (void)state;
    struct word_list CLEANUP_WORD_LIST old = WORD_LIST_INIT;
    struct word_list CLEANUP_WORD_LIST arm = WORD_LIST_INIT;

    assert_int_equal(wheel_platforms_macos(10, 4, "x86_64", &old), 0);
    check_list(&old, "macosx_10_4_x86_64 macosx_10_4_intel macosx_10_4_fat64 macosx_10_4_fat32 "
                     "macosx_10_4_universal2 macosx_10_4_universal");
    assert_int_equal(wheel_platforms_macos(12, 6, "arm64", &arm), 0);
    assert_int_equal(arm.count, 4 + 13);
    assert_string_equal(arm.items[0], "macosx_12_0_arm64");
    assert_string_equal(arm.items[1], "macosx_12_0_universal2");
    assert_string_equal(arm.items[2], "macosx_11_0_arm64");
    assert_string_equal(arm.items[4], "macosx_10_16_universal2");
    assert_string_equal(arm.items[16], "macosx_10_4_universal2");
}

static void platforms_pip(void **state)
{
    (void)state;
    struct word_list CLEANUP_WORD_LIST list = WORD_LIST_INIT;

    assert_int_equal(wheel_platforms_pip("manylinux2010_x86_64", &list), 0);
    assert_int_equal(wheel_platforms_pip("manylinux2014_x86_64", &list), 0);
    assert_int_equal(wheel_platforms_pip("manylinux2014_aarch64", &list), 0);
    assert_int_equal(wheel_platforms_pip("win_amd64", &list), 0);
    assert_int_equal(wheel_platforms_pip("macosx_10_0_ppc", &list), 0);
    check_list(&list,
               "manylinux2010_x86_64 manylinux1_x86_64 manylinux2014_x86_64 manylinux2014_aarch64 win_amd64 "
               "macosx_10_0_ppc macosx_10_0_fat32 macosx_10_0_fat macosx_10_0_universal");
}

static void platforms_out_of_range(void **state)
{
    (void)state;
    struct word_list CLEANUP_WORD_LIST list = WORD_LIST_INIT;

    assert_int_equal(wheel_platforms_glibc(2, 100, "x86_64", &list), -1);
    assert_int_equal(wheel_platforms_musl(-1, 0, "x86_64", &list), -1);
    assert_int_equal(wheel_platforms_macos(100, 0, "arm64", &list), -1);
    assert_int_equal(wheel_platforms_pip("macosx_99999999999999999999_0_arm64", &list), -1);
    assert_int_equal(list.count, 0);
}

static struct wheel_tags *make(const char *implementation, int minor, const char *abi, const char *platform)
{
    struct word_list CLEANUP_WORD_LIST abis = WORD_LIST_INIT;
    struct word_list CLEANUP_WORD_LIST platforms = WORD_LIST_INIT;
    struct wheel_target target = {
        .implementation = implementation, .major = 3, .minor = minor, .abis = &abis, .platforms = &platforms};

    if (abi)
        word_list_add(&abis, "%s", abi);
    word_list_add(&platforms, "%s", platform);
    return wheel_tags_new(&target);
}

static void tags_cpython(void **state)
{
    (void)state;
    struct wheel_tags CLEANUP_WHEEL_TAGS *tags = make("cp", 3, NULL, "p");

    check_list(wheel_tags_list(tags), "cp33-cp33m-p cp33-abi3-p cp33-none-p cp32-abi3-p "
                                      "py33-none-p py3-none-p py32-none-p py31-none-p py30-none-p "
                                      "cp33-none-any "
                                      "py33-none-any py3-none-any py32-none-any py31-none-any py30-none-any");
}

static void tags_any_minor(void **state)
{
    (void)state;
    struct wheel_tags CLEANUP_WHEEL_TAGS *tags = make("cp", -1, NULL, "p");

    check_list(wheel_tags_list(tags), "cp3-none-p py3-none-p cp3-none-any py3-none-any");
}

static void tags_pypy(void **state)
{
    (void)state;
    struct wheel_tags CLEANUP_WHEEL_TAGS *tags = make("pp", 1, NULL, "P");

    check_list(wheel_tags_list(tags), "pp31-pypy31_pp73-p pp31-none-p py31-none-p py3-none-p py30-none-p "
                                      "pp31-none-any py31-none-any py3-none-any py30-none-any");
}

static void tags_free_threaded(void **state)
{
    (void)state;
    struct wheel_tags CLEANUP_WHEEL_TAGS *threaded = make("cp", 13, "cp313t", "win_amd64");
    struct wheel_tags CLEANUP_WHEEL_TAGS *usual = make("cp", 13, NULL, "win_amd64");
    struct wheel_name stable = parsed("foo-1-cp38-abi3-win_amd64.whl");

    assert_string_equal(wheel_tags_list(threaded)->items[0], "cp313-cp313t-win_amd64");
    assert_string_equal(wheel_tags_list(threaded)->items[1], "cp313-none-win_amd64");
    assert_int_equal(wheel_tags_rank(threaded, &stable), -1);
    assert_true(wheel_tags_rank(usual, &stable) > 0);
}

static void tags_rank(void **state)
{
    (void)state;
    struct word_list CLEANUP_WORD_LIST platforms = WORD_LIST_INIT;
    struct wheel_target target = {.implementation = "cp", .major = 3, .minor = 10, .platforms = &platforms};
    /* From the best for this machine to one that it cannot run. */
    static const char *const names[] = {
        "foo-1-cp310-cp310-manylinux_2_31_x86_64.whl",
        "foo-1-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "foo-1-cp310-cp310-manylinux2014_x86_64.whl",
        "foo-1-cp310-cp310-linux_x86_64.whl",
        "foo-1-cp310-abi3-manylinux1_x86_64.whl",
        "foo-1-cp38.cp37-abi3-manylinux1_x86_64.whl",
        "foo-1-py3-none-manylinux2014_x86_64.whl",
        "foo-1-py2.py3-none-any.whl",
        "foo-1-py38-none-any.whl",
    };
    static const char *const impossible[] = {
        "foo-1-cp310-cp310-manylinux_2_32_x86_64.whl",
        "foo-1-cp311-abi3-manylinux1_x86_64.whl",
        "foo-1-cp310-cp310-win_amd64.whl",
        "foo-1-cp310-cp310-musllinux_1_1_x86_64.whl",
        "foo-1-py311-none-any.whl",
        "foo-1-py2-none-any.whl",
    };

    assert_int_equal(wheel_platforms_glibc(2, 31, "x86_64", &platforms), 0);
    struct wheel_tags CLEANUP_WHEEL_TAGS *tags = wheel_tags_new(&target);
    int last = -1;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct wheel_name wheel = parsed(names[i]);
        int rank = wheel_tags_rank(tags, &wheel);
        assert_true(rank > last);
        last = rank;
    }
    for (size_t i = 0; i < sizeof(impossible) / sizeof(*impossible); i++) {
        struct wheel_name wheel = parsed(impossible[i]);
        assert_int_equal(wheel_tags_rank(tags, &wheel), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_name_parts),  cmocka_unit_test(wheel_name_errors),
        cmocka_unit_test(wheel_name_builds), cmocka_unit_test(platforms_glibc),
        cmocka_unit_test(platforms_musl),    cmocka_unit_test(platforms_macos),
        cmocka_unit_test(platforms_pip),     cmocka_unit_test(platforms_out_of_range),
        cmocka_unit_test(tags_cpython),      cmocka_unit_test(tags_any_minor),
        cmocka_unit_test(tags_pypy),         cmocka_unit_test(tags_free_threaded),
        cmocka_unit_test(tags_rank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
