/* Shared by toml.c (tables and keys), toml_string.c and toml_scalar.c. */
#ifndef FORMATS_TOML_PRIVATE_H
#define FORMATS_TOML_PRIVATE_H

#include <stdbool.h>

#include "formats/scan.h"
#include "formats/toml.h"

struct toml_reader {
    struct scan scan; /* its error is not used: it knows no lines */
    size_t line;
    size_t line_start; /* where in the text it begins */
    const struct toml_limits *limits;
    struct toml *toml;
    size_t depth;
    size_t values;
    /* A header or an inline table begins a section; tables made by dotted keys belong to the section they are
     * in. */
    unsigned section;
    unsigned sections;
    struct toml_place *place;
    struct buf *error;
};

/* All readers begin at the thing and leave the cursor after it. Errors: -1 or NULL, the place and the
 * sentence set. */

/* "expected <...>, found <the text at the cursor>". Always -1. */
int toml_expected(struct toml_reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A sentence about the thing that begins at the cursor. Always -1. */
int toml_fault(struct toml_reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Steps over a newline, LF or CRLF. False: there is none. */
bool toml_take_newline(struct toml_reader *reader);

/* At a quote. Only values may have several lines. */
int toml_read_string(struct toml_reader *reader, bool multi_line, struct buf *out);
/* A number, boolean, date or time. The caller owns the reference. */
json_t *toml_read_scalar(struct toml_reader *reader);

#endif
