/* Platforms of images: which one runs where another is wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/oci/platform.h"

static void image_platform_same(void **state)
{
    (void)state;
    assert_true(image_platform_rank("linux/amd64", "linux/amd64") >= 0);
    assert_true(image_platform_rank("linux/s390x", "linux/s390x") >= 0);
    assert_int_equal(image_platform_rank("linux/amd64", "linux/arm64"), -1);
    assert_int_equal(image_platform_rank("linux/amd64", "windows/amd64"), -1);
    assert_int_equal(image_platform_rank("linux/amd64", "unknown/unknown"), -1);
    assert_int_equal(image_platform_rank("linux/arm", "linux/arm64"), -1);
}

static void image_platform_usual_variants(void **state)
{
    (void)state;
    assert_true(image_platform_rank("linux/arm64", "linux/arm64/v8") >= 0);
    assert_true(image_platform_rank("linux/arm64/v8", "linux/arm64") >= 0);
    assert_true(image_platform_rank("linux/arm", "linux/arm/v7") >= 0);
    assert_true(image_platform_rank("linux/amd64/v1", "linux/amd64") >= 0);
}

static void image_platform_older_variants_will_do(void **state)
{
    (void)state;
    int v7 = image_platform_rank("linux/arm/v7", "linux/arm/v7");
    int v6 = image_platform_rank("linux/arm/v7", "linux/arm/v6");
    int v5 = image_platform_rank("linux/arm/v7", "linux/arm/v5");
    assert_true(v7 > v6 && v6 > v5 && v5 >= 0);
    assert_int_equal(image_platform_rank("linux/arm/v6", "linux/arm/v7"), -1);
    assert_int_equal(image_platform_rank("linux/amd64", "linux/amd64/v3"), -1);
    assert_int_equal(image_platform_rank("linux/arm/soft", "linux/arm/v5"), -1);
}

static void image_platform_names(void **state)
{
    (void)state;
    assert_true(image_platform_valid("linux/amd64"));
    assert_true(image_platform_valid("linux/arm64/v8"));
    assert_string_equal(image_platform_of_machine("x86_64"), "linux/amd64");
    assert_string_equal(image_platform_of_machine("armv7l"), "linux/arm/v7");
    assert_string_equal(image_platform_of_machine("pdp11"), "linux/amd64");
    assert_false(image_platform_valid("linux"));
    assert_false(image_platform_valid("linux/"));
    assert_false(image_platform_valid("/amd64"));
    assert_false(image_platform_valid("linux/arm/v7/x"));
    assert_false(image_platform_valid("linux/AMD64"));
    assert_false(image_platform_valid(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_platform_same),
        cmocka_unit_test(image_platform_usual_variants),
        cmocka_unit_test(image_platform_older_variants_will_do),
        cmocka_unit_test(image_platform_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
