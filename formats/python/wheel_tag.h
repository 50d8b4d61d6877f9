/* Names of wheels (PEP 427), and which of them a Python can install: compatibility tags (PEP 425).
 *
 *     struct word_list CLEANUP_WORD_LIST platforms = WORD_LIST_INIT;
 *     wheel_platforms_glibc(2, 31, "x86_64", &platforms);
 *     struct wheel_target target = {
 *         .implementation = "cp", .major = 3, .minor = 10, .platforms = &platforms};
 *     struct wheel_tags CLEANUP_WHEEL_TAGS *tags = wheel_tags_new(&target);
 *     rank = wheel_tags_rank(tags, &wheel);
 *
 * Lists and their order are those of Python's `packaging.tags` 23.0 and of pip's `--python-version`,
 * `--platform`, `--implementation` and `--abi`, for a Python that is not the running one: where they look at
 * the running Python, the defaults below are used. And an ABI of a free-threaded CPython ("cp313t") excludes
 * "abi3" (PEP 703; as from `packaging` 24.0 on). */
#ifndef FORMATS_PYTHON_WHEEL_TAG_H
#define FORMATS_PYTHON_WHEEL_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/python/project.h"
#include "formats/python/version.h"
#include "formats/word_list.h"

struct buf;

/* ---- names of wheels ---- */

/* "distribution-version[-build]-python-abi-platform.whl", a plain value. */
struct wheel_name {
    char project[PROJECT_NAME_MAX + 1]; /* normalised */
    struct version version;
    bool has_build;
    uint64_t build_number;
    char build_text[FILENAME_MAX_BYTES + 1]; /* the text after the number, or "" */
    /* In lower case; each is one tag or more, with "." between them. */
    char python[FILENAME_MAX_BYTES + 1];
    char abi[FILENAME_MAX_BYTES + 1];
    char platform[FILENAME_MAX_BYTES + 1];
};

/* "_" in the version is read as "-", as pip does. Returns 0; -1 with what is wrong in `error` (may be
 * NULL). */
int wheel_name_parse(const char *filename, struct wheel_name *out, struct buf *error);
/* Which of two wheels of one version has the later build: -1, 0, 1. No build is before all others; then by
 * its number, then by the text after that. */
int wheel_name_compare_builds(const struct wheel_name *a, const struct wheel_name *b);

/* ---- targets ---- */

struct wheel_target {
    const char *implementation; /* "cp", "pp", ... or "py" */
    int major;                  /* 1..9 */
    int minor;                  /* 0..99; -1: any, which only pure wheels and own ABIs fit */
    /* NULL or empty: the ABI of a usual build: "cp310", "cp37m", "cp27mu"; "pypy39_pp73"; no ABI for
     * others. */
    const struct word_list *abis;
    const struct word_list *platforms;
};

/* Immutable, so any thread may ask it. */
struct wheel_tags;

/* Never NULL; numbers out of range are a BUG. */
struct wheel_tags *wheel_tags_new(const struct wheel_target *target);
void wheel_tags_free(struct wheel_tags *tags);
void wheel_tags_cleanup(struct wheel_tags **tags);
#define CLEANUP_WHEEL_TAGS __attribute__((cleanup(wheel_tags_cleanup)))
/* "cp310-cp310-manylinux_2_31_x86_64", ..., best first. */
const struct word_list *wheel_tags_list(const struct wheel_tags *tags);
/* The place in that list of the best tag that the wheel has: 0 is best. -1: it cannot be installed. */
int wheel_tags_rank(const struct wheel_tags *tags, const struct wheel_name *wheel);

#endif
