/* Versions of Python packages: PEP 440, now "Version specifiers" of the Python packaging guide.
 *
 * All spellings of its section "Normalization" and its appendix B are read: "v1.0", "1.0-rc.1", "1.0-1",
 * "1.0.Alpha", "1.0+ubuntu-1", letters in any case, whitespace (ASCII) around. Numbers have any size: they
 * are kept as digits. Answers are those of Python's `packaging`, which pip uses. */
#ifndef FORMATS_PYTHON_VERSION_H
#define FORMATS_PYTHON_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct scan;

/* Of the canonical form: as long as a file name may be. */
#define VERSION_MAX_BYTES 255

/* A part of the text. len 0: the version has no such part. */
struct version_span {
    uint16_t at;
    uint16_t len;
};

/* A plain value. The spans of numbers are digits without leading zeros. */
struct version {
    char text[VERSION_MAX_BYTES + 1]; /* canonical: "1!2.0rc1.post2.dev3+local.4" */
    struct version_span epoch;        /* absent when 0 */
    struct version_span release;      /* "2.0", as many numbers as were written */
    char pre_kind;                    /* 'a', 'b', 'r' (for "rc"); 0: none */
    struct version_span pre, post, dev;
    struct version_span local; /* "local.4" */
};

/* Returns 0; -1 with column and what was expected in `error` (may be NULL). */
int version_parse(const char *text, size_t len, struct version *out, struct buf *error);
/* Reads the longest version at the cursor of a larger grammar, with nothing around it. Without `local` it
 * stops before a "+". */
int version_scan(struct scan *scan, bool local, struct version *out);

/* How much of two versions is compared: epoch and release; all but the local version; all. */
enum version_part { VERSION_BASE, VERSION_PUBLIC, VERSION_WHOLE };
/* Below, equal, above: -1, 0, 1. A total order; 1.0 and 1.0.0 are equal. */
int version_compare(const struct version *a, const struct version *b, enum version_part part);

/* Alpha, beta, candidate or development release. */
bool version_is_prerelease(const struct version *version);

/* How many numbers the release has, and whether `version` begins with the first `count` numbers of `prefix`,
 * of the same epoch, as "==1.2.*" and "~=" ask. Numbers that `version` lacks are 0. */
size_t version_release_count(const struct version *version);
bool version_has_prefix(const struct version *version, const struct version *prefix, size_t count);

#endif
