/* Small text helpers that the C library lacks. Nothing here allocates, except what appends to a buf. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Writes 2 * len lower-case digits and a NUL. */
void text_hex(const unsigned char *bytes, size_t len, char *out);
/* Reads exactly 2 * bytes hex digits from text[0..len). Returns 0, or -1. */
int text_unhex(const char *text, size_t len, unsigned char *out, size_t bytes);
int text_hex_digit(char c); /* 0..15, or -1 */

/* Appends bytes[0..len) in base64 (RFC 4648 section 4, with padding). */
void text_base64(const void *bytes, size_t len, struct buf *out);

/* Digits only, whole text, no overflow. Returns 0, or -1. */
int text_parse_uint(const char *text, size_t len, uint64_t *out);

/* Appends text[0..len) with %XX decoded. Returns 0; -1 on a bad escape or a decoded NUL. */
int text_percent_decode(const char *text, size_t len, struct buf *out);
/* Appends text with all but unreserved characters (RFC 3986 section 2.3) and those in `also` escaped. */
void text_percent_encode(const char *text, size_t len, const char *also, struct buf *out);

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_equal_n(const char *a, size_t a_len, const char *b); /* a[0..a_len) equals the string b */
/* Appends text with & < > " ' as character references: safe in HTML text and in quoted attributes. */
void text_html_escape(const char *text, size_t len, struct buf *out);
/* Moves both ends past spaces and tabs. */
void text_trim(const char **start, size_t *len);

/* Splits text at `separator` step by step: *rest is advanced past each piece and becomes NULL after the last.
 *     for (const char *rest = header, *piece; (piece = text_next(&rest, ',', &len));)            */
const char *text_next(const char **rest, char separator, size_t *len);

/* Appends a number of bytes for people: "17 B", "3.2 MiB". */
void text_print_size(struct buf *out, int64_t bytes);
/* Appends a number of things: "1 blob", "2 blobs". */
void text_print_count(struct buf *out, int64_t count, const char *what);

/* Makes text with words of peers in it fit for one line of a terminal: control characters become "?", and if
 * it is not valid UTF-8, all bytes beyond ASCII do. */
void text_make_printable(char *text, size_t len);

/* A token of HTTP (RFC 9110 section 5.6.2): names of headers, parameters, schemes. */
bool text_is_token(const char *text, size_t len);
/* type "/" subtype, without parameters (RFC 9110 section 8.3.1). Ranges with "*" pass. */
bool text_is_media_type(const char *text, size_t len);

/* Valid UTF-8 (no overlong forms, no surrogates, at most U+10FFFF). */
bool text_is_utf8(const char *text, size_t len);

#endif
