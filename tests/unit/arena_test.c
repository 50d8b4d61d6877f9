/* Memory that lives as long as its arena. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

/* Whatever strings, long or short, came before it. */
static void arena_alloc_is_aligned(void **state)
{
    static char text[5000];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t len = 0; len < sizeof(text); len += 37) {
        struct arena arena = ARENA_INIT;
        arena_strndup(&arena, text, len);
        for (size_t size = 0; size < 100; size += 33)
            assert_int_equal((uintptr_t)arena_alloc(&arena, size) % alignof(max_align_t), 0);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_alloc_is_aligned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
