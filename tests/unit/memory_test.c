/* Strings on the heap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"

static void xconcat_joins_in_order(void **state)
{
    char *CLEANUP_FREE key = xconcat("fetch:", "tag", "/", "docker.io/library/nginx:1");

    (void)state;
    assert_string_equal(key, "fetch:tag/docker.io/library/nginx:1");
}

static void xconcat_takes_empty_texts(void **state)
{
    char *CLEANUP_FREE middle = xconcat("a", "", "b");
    char *CLEANUP_FREE nothing = xconcat("");

    (void)state;
    assert_string_equal(middle, "ab");
    assert_string_equal(nothing, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xconcat_joins_in_order),
        cmocka_unit_test(xconcat_takes_empty_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
