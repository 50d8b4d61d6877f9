#ifndef SKIP_BECAUSE_H
#define SKIP_BECAUSE_H

#include <stdio.h>

/*
 * Skips the running test. The reason must be in .ci/skips-allowed, or the run fails. cmocka's skip() has no room for one:
 * it stands on a line before the test's own.
 */
#define SKIP_BECAUSE(reason)               \
    do {                                   \
        printf("# skipped: %s\n", reason); \
        skip();                            \
    } while (0)

#endif
