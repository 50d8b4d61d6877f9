/* Options of a line of a requirements file, as pip splits and reads them, which is Python's shlex.split()
 * and optparse: names may be shortened, and a value follows "=", a space, or a short name. */
#ifndef ADMIN_PREFETCH_LISTS_REQUIREMENT_OPTIONS_H
#define ADMIN_PREFETCH_LISTS_REQUIREMENT_OPTIONS_H

#include "admin/prefetch/lists/list_private.h"

enum option_kind {
    OPTION_REQUIREMENT,
    OPTION_CONSTRAINT,
    OPTION_EDITABLE,
    OPTION_HASH,
    OPTION_ONLY_BINARY, /* takes effect as it is read, on any line */
    OPTION_NO_BINARY,
    OPTION_PRE,
    OPTION_REQUIRE_HASHES,
    OPTION_INDEX, /* where pip would fetch from */
    OPTION_OTHER,
};

struct line_option {
    enum option_kind kind;
    const char *name; /* the long one: "--requirement" */
    char *value;      /* "" for a flag */
    size_t at;        /* where in the line it begins */
};

struct line_options {
    size_t requirement_len; /* of the text before the options; 0: none */
    struct line_option *items;
    size_t count;
    struct checksum *hashes;
    size_t hash_count;
    char **strays; /* words that belong to no option */
    size_t stray_count;
};

void line_options_release(struct line_options *options);
#define CLEANUP_LINE_OPTIONS __attribute__((cleanup(line_options_release)))

/* Returns 0; -1 with the offset in the line, and what was expected in `fault`. `out` must be released in
 * both cases. */
int line_options_read(const struct buf *line, struct wants *wants, struct line_options *out, size_t *at,
                      struct buf *fault);

#endif
