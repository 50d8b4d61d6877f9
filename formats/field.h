/* Scanning the values of header fields: tokens, quoted strings, parameters (RFC 9110 section 5.6). A scan is
 * a view of the text; each call takes something from its front, or nothing, and then returns false. */
#ifndef FORMATS_FIELD_H
#define FORMATS_FIELD_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct field_scan {
    const char *text;
    size_t len;
};

/* Spaces and tabs. */
void field_skip_space(struct field_scan *scan);
bool field_take_char(struct field_scan *scan, char c);
/* *token is a view of the same text. */
bool field_take_token(struct field_scan *scan, struct field_scan *token);
/* A token or a quoted string; *value is replaced by it, without quotes and escapes. A string with a control
 * character is not taken; then *value holds the part before it. */
bool field_take_value(struct field_scan *scan, struct buf *value);
/* name BWS "=" BWS value. The "BWS" ("bad" whitespace) of the RFC: nobody may write it, everybody must read
 * it. */
bool field_take_parameter(struct field_scan *scan, struct field_scan *name, struct buf *value);

/* Compares in any case, as names of parameters and of schemes are. */
bool field_token_is(const struct field_scan *token, const char *name);

#endif
