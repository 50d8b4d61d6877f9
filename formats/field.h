/* Scanning the values of header fields: tokens, quoted strings, parameters (RFC 9110 section 5.6). A scan is a view of
 * the text; each call takes something from its front, or takes nothing and returns false. */
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
/* *token is a view of it. */
bool field_take_token(struct field_scan *scan, struct field_scan *token);
/* Token or quoted string; *value is replaced by it, without quotes and escapes. Control characters are none of it. */
bool field_take_value(struct field_scan *scan, struct buf *value);
/* name BWS "=" BWS value. */
bool field_take_parameter(struct field_scan *scan, struct field_scan *name, struct buf *value);

/* In any case: names of parameters, schemes. */
bool field_token_is(const struct field_scan *token, const char *name);

#endif
