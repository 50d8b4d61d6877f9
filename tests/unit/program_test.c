/* Other programs: what they print, how they fail, and what they are told by the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/prefetch/program.h"
#include "base/buf.h"

#define RUN(out, error, ...) program_run((const char *const[]){__VA_ARGS__, NULL}, NULL, out, error)

static void program_prints(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(RUN(&out, &error, "sh", "-c", "cat; echo one; echo two >&2"), 0);
    assert_string_equal(out.data, "one\n");
}

static void program_fails(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(RUN(&out, &error, "sh", "-c", "echo why not >&2; exit 3"), -1);
    assert_string_equal(error.data, "sh failed:\nwhy not");
    assert_int_equal(RUN(&out, &error, "no-such-program"), -1);
    assert_non_null(strstr(error.data, "cannot run no-such-program"));
}

static void program_is_not_told_by_the_environment(void **state)
{
    (void)state;
    static const char *const settings[] = {"PIP_INDEX_URL", "PIP_CONFIG_FILE", "UV_INDEX",   "http_proxy",
                                           "HTTPS_PROXY",   "ALL_PROXY",       "PIP_NO_DEPS"};
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
        setenv(settings[i], "elsewhere", 1);
    setenv("PIPE_KEPT", "here", 1);
    assert_int_equal(RUN(&out, &error, "env"), 0);
    assert_null(strstr(out.data, "elsewhere"));
    assert_non_null(strstr(out.data, "PIPE_KEPT=here\n"));
    assert_non_null(strstr(out.data, "PIP_CONFIG_FILE=/dev/null\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_prints),
        cmocka_unit_test(program_fails),
        cmocka_unit_test(program_is_not_told_by_the_environment),
    };

    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
