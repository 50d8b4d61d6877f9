/* A cursor over a text, for hand-written grammars: versions, specifiers, markers, requirements, TOML, and
 * some of the lists of admin/prefetch/lists. It never reads past the end, knows nothing but ASCII, and words
 * every error alike:
 *
 *     column 7: expected a version after ">=", found "x"
 *
 * Columns count characters from 1, as an editor does. The text may hold any bytes. */
#ifndef FORMATS_SCAN_H
#define FORMATS_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct scan {
    const char *text;
    size_t len;
    size_t at;
    struct buf *error; /* gets the sentence of the latest failure; NULL: the caller does not want one */
};

#define SCAN_END (-1)

/* The next byte, or SCAN_END. */
int scan_peek(const struct scan *scan);
bool scan_digit(const struct scan *scan); /* is the next byte one of 0-9? */
bool scan_alnum(const struct scan *scan); /* ... of A-Z, a-z, 0-9? */
/* Steps over `literal`. False: it is not there, nothing happened. */
bool scan_take(struct scan *scan, const char *literal);
/* scan_take() with letters in any case. */
bool scan_take_any_case(struct scan *scan, const char *literal);
/* scan_take(), but only where no letter, digit or "_" follows. */
bool scan_take_word(struct scan *scan, const char *word);
void scan_skip_blanks(struct scan *scan);     /* spaces and tabs */
void scan_skip_whitespace(struct scan *scan); /* and \n \v \f \r */
/* Says what was expected at the cursor, as the rest of a sentence: "a version". Always -1. */
int scan_expected(struct scan *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends the text at the cursor as such messages quote it: "x", a space, the byte 0x07, the end. */
void scan_add_found(const struct scan *scan, struct buf *out);
/* The cursor must be at the end. 0, or -1 with "expected <what>". */
int scan_finish(struct scan *scan, const char *what);

#endif
