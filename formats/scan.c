/* Peeking, taking, and the wording of errors. ctype's functions follow the locale and are not used: a letter
 * of another alphabet must not become valid in a name because of the environment. */
#include "formats/scan.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

/* At most this much of the text at the cursor is quoted. */
#define FOUND_BYTES 24

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool scan_is_alnum(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int scan_peek(const struct scan *scan)
{
    return scan->at < scan->len ? (unsigned char)scan->text[scan->at] : SCAN_END;
}

bool scan_digit(const struct scan *scan)
{
    return is_digit(scan_peek(scan));
}

bool scan_alnum(const struct scan *scan)
{
    return scan_is_alnum(scan_peek(scan));
}

/* `compare` is strncmp or strncasecmp; the text need not end in a NUL, so the length is checked first. */
static bool scan_take_if(struct scan *scan, const char *literal,
                         int (*compare)(const char *text, const char *other, size_t len))
{
    size_t len = strlen(literal);

    if (scan->len - scan->at < len || compare(scan->text + scan->at, literal, len) != 0)
        return false;
    scan->at += len;
    return true;
}

bool scan_take(struct scan *scan, const char *literal)
{
    return scan_take_if(scan, literal, strncmp);
}

bool scan_take_any_case(struct scan *scan, const char *literal)
{
    return scan_take_if(scan, literal, strncasecmp);
}

bool scan_take_word(struct scan *scan, const char *word)
{
    size_t start = scan->at;

    if (!scan_take(scan, word))
        return false;
    if (!scan_alnum(scan) && scan_peek(scan) != '_')
        return true;
    scan->at = start;
    return false;
}

void scan_skip_blanks(struct scan *scan)
{
    while (scan_peek(scan) == ' ' || scan_peek(scan) == '\t')
        scan->at++;
}

void scan_skip_whitespace(struct scan *scan)
{
    while (scan_peek(scan) == ' ' || (scan_peek(scan) >= '\t' && scan_peek(scan) <= '\r'))
        scan->at++;
}

/* The column of the cursor, from 1. Bytes that continue a character of UTF-8 do not count; the text need not
 * be valid UTF-8, then the number is off, but nothing worse. */
static size_t column(const struct scan *scan)
{
    size_t count = 1;

    for (size_t i = 0; i < scan->at; i++)
        count += ((unsigned char)scan->text[i] & 0xc0) != 0x80;
    return count;
}

/* The text comes from outside and the message goes to a terminal or a log: printable ASCII is quoted, other
 * bytes are named by number, so that no escape sequence gets through. */
void scan_add_found(const struct scan *scan, struct buf *out)
{
    size_t len = 0;
    int c = scan_peek(scan);

    if (c == SCAN_END) {
        buf_add_text(out, "the end");
    } else if (c == ' ') {
        buf_add_text(out, "a space");
    } else if (c < ' ' || c > '~') {
        buf_printf(out, "the byte 0x%02x", (unsigned)c);
    } else {
        while (scan->at + len < scan->len && len < FOUND_BYTES && scan->text[scan->at + len] > ' ' &&
               scan->text[scan->at + len] <= '~')
            len++;
        buf_add_char(out, '"');
        buf_add(out, scan->text + scan->at, len);
        buf_add_char(out, '"');
    }
}

int scan_expected(struct scan *scan, const char *format, ...)
{
    va_list args;

    if (!scan->error)
        return -1;
    buf_set(scan->error, "column %zu: expected ", column(scan));
    va_start(args, format);
    buf_vprintf(scan->error, format, args);
    va_end(args);
    buf_add_text(scan->error, ", found ");
    scan_add_found(scan, scan->error);
    return -1;
}

int scan_finish(struct scan *scan, const char *what)
{
    return scan->at == scan->len ? 0 : scan_expected(scan, "%s", what);
}
