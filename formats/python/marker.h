/* Environment markers, such as `python_version < "3.8" and extra == "test"`: PEP 508, now "Dependency
 * specifiers" of the Python packaging guide. Extras are compared by normalised name (PEP 685); `extras` and
 * `dependency_groups` are the sets of lock files (PEP 751).
 *
 * A comparison is one of versions if operator and right side make a version specifier and the left side is a
 * version (pre-releases match); otherwise one of strings, by code points. Answers are those of Python's
 * `packaging` 23.0, except that
 *  - a left side that is not a version, such as the platform_release "6.1.0-13-amd64", is compared as a
 *    string, as PEP 508 says (there: an exception);
 *  - two variables, or two strings, may be compared (there: with the name of the variable; an exception);
 *  - the whole text must be a marker, and a string has no "\", as in the grammar of PEP 508. */
#ifndef FORMATS_PYTHON_MARKER_H
#define FORMATS_PYTHON_MARKER_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct scan;

#define MARKER_MAX_BYTES (64 * 1024)
#define MARKER_MAX_DEPTH 64 /* of parentheses */

/* The environment to evaluate a marker for. NULL is the same as "". */
struct marker_environment {
    const char *python_version;                 /* "3.10" */
    const char *python_full_version;            /* "3.10.12" */
    const char *os_name;                        /* "posix", "nt" */
    const char *sys_platform;                   /* "linux", "darwin", "win32" */
    const char *platform_release;               /* "6.1.0-13-amd64" */
    const char *platform_system;                /* "Linux", "Darwin", "Windows" */
    const char *platform_version;               /* "#1 SMP ..." */
    const char *platform_machine;               /* "x86_64", "arm64", "AMD64" */
    const char *platform_python_implementation; /* "CPython", "PyPy" */
    const char *implementation_name;            /* "cpython", "pypy" */
    const char *implementation_version;         /* "3.10.12" */
    const char *extra;                    /* the requested extra; if there are several, evaluate for each */
    const char *const *extras;            /* lock files; ends in NULL */
    const char *const *dependency_groups; /* lock files; ends in NULL */
    bool any_extra; /* every comparison with extra, extras or dependency_groups is true */
};

/* A parsed marker: immutable, so any thread may ask it. */
struct marker;

/* Returns a marker for marker_free(); NULL, with column and what was expected in `error` (may be NULL). */
struct marker *marker_parse(const char *text, size_t len, struct buf *error);
/* Reads a marker at the cursor of a larger grammar, up to the first thing that cannot belong to it. */
struct marker *marker_scan(struct scan *scan);
void marker_free(struct marker *marker);
void marker_cleanup(struct marker **marker);
#define CLEANUP_MARKER __attribute__((cleanup(marker_cleanup)))

/* 1: it applies. 0: it does not. -1: a comparison has no meaning, such as `os_name ~= "posix"`; `error` (may
 * be NULL) says which. All comparisons are made, so an error does not depend on the others' answers. */
int marker_evaluate(const struct marker *marker, const struct marker_environment *environment,
                    struct buf *error);
/* Appends the marker in one canonical spelling, with no more parentheses than it needs. */
void marker_print(const struct marker *marker, struct buf *out);

#endif
