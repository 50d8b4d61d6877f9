/* Sets of strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/string_set.h"

static void string_set_has_each_once(void **state)
{
    (void)state;
    struct string_set *CLEANUP_STRING_SET set = string_set_new();

    assert_true(string_set_add(set, "one"));
    assert_true(string_set_add(set, "one more"));
    assert_true(string_set_add(set, ""));
    assert_false(string_set_add(set, "one"));
    assert_false(string_set_add(set, "one more"));
    assert_false(string_set_add(set, ""));
}

static void string_set_copies_the_text(void **state)
{
    (void)state;
    struct string_set *CLEANUP_STRING_SET set = string_set_new();
    char text[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof(text), "%d", i);
        assert_true(string_set_add(set, text));
    }
    assert_false(string_set_add(set, "0"));
    assert_false(string_set_add(set, "999"));
    assert_true(string_set_add(set, "1000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(string_set_has_each_once),
        cmocka_unit_test(string_set_copies_the_text),
    };

    return cmocka_run_group_tests_name("string_set", tests, NULL, NULL);
}
