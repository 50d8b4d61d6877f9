/* What to prefetch and for which targets, from the options of a command or from a section of mirror.conf. */
#ifndef ADMIN_PREFETCH_OPTIONS_H
#define ADMIN_PREFETCH_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/prefetch/lists/list.h"
#include "base/config.h"
#include "formats/word_list.h"

/* ---- the choice ---- */

enum sdist_policy { SDIST_NEVER, SDIST_FALLBACK, SDIST_ALWAYS };

struct prefetch_list {
    const char *path;
    enum list_format format;
};

#define VERSIONS_NEWEST 1
#define VERSIONS_ALL INT64_MAX

/* Strings are borrowed. */
struct prefetch_options {
    const struct prefetch_list *lists;
    size_t list_count;
    const char *const *names; /* list_add_name() */
    size_t name_count;
    const char *const *pythons; /* "3.11" */
    size_t python_count;
    const char *const *platforms; /* of wheels: "linux_x86_64" */
    size_t platform_count;
    const char *const *image_platforms; /* "linux/arm64/v8"; none: that of this machine */
    size_t image_platform_count;
    const char *implementation; /* "cp"; NULL: CPython */
    enum sdist_policy sdist;
    int64_t versions; /* how many of each requirement */
    bool without_deps;
    bool keep_going; /* after a list that cannot be read or resolved */
    bool files_only; /* lists must be regular files */
    bool held_only;  /* nothing is fetched; anything not held is missing */
};

/* ---- options ---- */

/* The options of commands that take lists, above the values of the options that a command has itself. */
enum {
    PREFETCH_OPTION_FIRST = 512,
    PREFETCH_IMAGES,
    PREFETCH_PYTHON,
    PREFETCH_PLATFORM,
    PREFETCH_IMPLEMENTATION,
    PREFETCH_SDIST,
    PREFETCH_VERSIONS,
    PREFETCH_WITH_DEPS,
    PREFETCH_NO_DEPS,
};
/* clang-format off */
#define PREFETCH_TARGET_OPTIONS \
    {"requirement", required_argument, NULL, 'r'}, \
    {"images", required_argument, NULL, PREFETCH_IMAGES}, \
    {"python", required_argument, NULL, PREFETCH_PYTHON}, \
    {"platform", required_argument, NULL, PREFETCH_PLATFORM}, \
    {"implementation", required_argument, NULL, PREFETCH_IMPLEMENTATION}, \
    {"sdist", required_argument, NULL, PREFETCH_SDIST}, \
    {"versions", required_argument, NULL, PREFETCH_VERSIONS}, \
    {"with-deps", no_argument, NULL, PREFETCH_WITH_DEPS}, \
    {"no-deps", no_argument, NULL, PREFETCH_NO_DEPS}
#define PREFETCH_TARGET_DETAILS \
    "      --python LIST      Python versions, such as 3.10,3.11; default: that of python3 here\n" \
    "      --platform LIST    platforms of wheels, such as linux_x86_64,linux_aarch64,win_amd64,macosx_arm64, and\n" \
    "                         of images, such as linux/amd64,linux/arm64/v8; default: this machine's\n" \
    "      --implementation WHICH   Python implementation: cp or pp; default: cp\n" \
    "      --sdist WHEN       sdists: never, fallback (where there is no wheel) or always; default: fallback\n" \
    "      --versions HOW     newest, all, or how many of each named package; default: newest\n" \
    "      --with-deps        with all dependencies (the default), or\n" \
    "      --no-deps          without\n"
/* clang-format on */

struct prefetch_choice {
    struct prefetch_options options; /* points into the members below */
    struct word_list paths;          /* of lists, in their order */
    struct prefetch_list *lists;
    struct word_list names;
    struct word_list pythons;
    struct word_list platforms;
    struct word_list image_platforms;
    char *implementation;
};

void prefetch_choice_init(struct prefetch_choice *choice);
void prefetch_choice_release(struct prefetch_choice *choice);
/* One option. Returns NULL, or what was expected instead of the value. */
const char *prefetch_choice_take(struct prefetch_choice *choice, int option, const char *value);
/* "--python" */
const char *prefetch_choice_name(int option);
/* A section of mirror.conf. Returns 0; -1 with a sentence in `error`. */
int prefetch_choice_of_config(const struct prefetch_config *config, struct prefetch_choice *choice,
                              struct buf *error);
/* Fills in this machine's Python and platform where none were given. `options` can be used from then on. */
void prefetch_choice_complete(struct prefetch_choice *choice);

#endif
