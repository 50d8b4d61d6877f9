/* A target: the Python on some machine, not this one, for which wheels are chosen and markers are evaluated.
 *
 * Names of platforms are those of wheels. A short one means what is usual today:
 *     linux_<arch>       glibc 2.28, that of the oldest distributions still in wide use
 *     musllinux_<arch>   musl 1.2
 *     macosx_<arch>      macOS 14
 *     manylinux_M_m_<arch>, manylinux2014_<arch>, musllinux_M_m_<arch>, macosx_M_m_<arch>   as written
 *     win_amd64, win_arm64, win32
 * Values of the environment are those that CPython reports there. A name cannot tell release and version of
 * the kernel: both are "", except that the release is "10" on Windows, and on macOS follows from the number
 * of macOS. */
#ifndef FORMATS_PYTHON_PYTHON_TARGET_H
#define FORMATS_PYTHON_PYTHON_TARGET_H

#include "base/arena.h"
#include "formats/python/marker.h"
#include "formats/python/version.h"

struct buf;
struct wheel_tags;

/* Set once, then immutable, so any thread may ask it. */
struct python_target {
    struct marker_environment environment;
    struct version python; /* for requires-python: three numbers, no pre-release */
    struct wheel_tags *tags;
    const char *name; /* "CPython 3.10 on linux_x86_64", for messages */
    struct arena arena;
};

#define CLEANUP_PYTHON_TARGET __attribute__((cleanup(python_target_release)))

/* python: "3.10", "3.10.12", "3.13t" (free-threaded); a third number that is not given is 0, as for pip's
 * --python-version. implementation: "cpython", "pypy"; NULL: CPython. Returns 0; -1 with a sentence about the
 * unknown word in `error`. In both cases `out` can be released. */
int python_target_init(const char *python, const char *implementation, const char *platform,
                       struct python_target *out, struct buf *error);
void python_target_release(struct python_target *target);

#endif
