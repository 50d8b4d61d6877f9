/* Facts that an sdist states without being built: its core metadata, and the requirements of its build.
 * "Source distribution format", PEP 517, 518, 643; and for sdists older than that, the requires.txt that
 * setuptools leaves in the egg-info of the project.
 *
 * Archives are hostile: memory and work are bounded, nothing is written anywhere. */
#ifndef FORMATS_PYTHON_SDIST_H
#define FORMATS_PYTHON_SDIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Archives that unpack to more are not looked through to the end. */
#define SDIST_MAX_UNPACKED_BYTES ((int64_t)2 << 30)

struct sdist {
    struct buf metadata;     /* as the METADATA of a wheel would be: PKG-INFO, with the dependencies in it */
    bool dependencies_known; /* false: only a build would tell them; metadata has none */
    char **build_requires;   /* [build-system] of pyproject.toml, or the defaults if it says nothing */
    size_t build_require_count;
};

#define CLEANUP_SDIST __attribute__((cleanup(sdist_release)))

/* Returns 0; -1 with the end of a sentence in `error` ("is not an archive ...", "has no PKG-INFO"). In both
 * cases `out` can be released. */
int sdist_read(const char *body, size_t len, struct sdist *out, struct buf *error);
void sdist_release(struct sdist *sdist);

#endif
