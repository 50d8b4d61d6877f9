/* Running another program and reading what it prints. */
#ifndef ADMIN_PREFETCH_PROGRAM_H
#define ADMIN_PREFETCH_PROGRAM_H

#include <stdatomic.h>
#include <stddef.h>

struct buf;

#define PROGRAM_OUTPUT_MAX_BYTES ((size_t)64 << 20)

/* Runs argv (ends in NULL; argv[0] is looked for in PATH) without standard input, and waits for its end. Of this process's
 * environment it gets no settings of pip and uv, and no proxies, which we do not use on the way to a Yizhan either; pip
 * reads no file of configuration. *stop (may be NULL) ends it. Returns 0 with its standard output in `out`; -1 with a
 * sentence in `error`, which has the last of what it wrote on standard error. */
int program_run(const char *const *argv, const atomic_bool *stop, struct buf *out, struct buf *error);

#endif
