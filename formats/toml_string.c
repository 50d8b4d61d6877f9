/* TOML 1.0.0, "String": basic and literal, of one line and of several. A NUL is refused, although TOML allows
 * "\u0000": jansson could hold it, but everything here ends its strings at one. */
#include "formats/toml_private.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static void toml_add_utf8(uint32_t code, struct buf *out)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    buf_add_char(out, (char)(leads[len] | (code >> (6 * (len - 1)))));
    for (size_t i = 1; i < len; i++)
        buf_add_char(out, (char)(0x80 | ((code >> (6 * (len - 1 - i))) & 0x3f)));
}

/* After "\u" or "\U". */
static int read_code_point(struct toml_reader *reader, size_t digits, struct buf *out)
{
    uint32_t code = 0;

    for (size_t i = 0; i < digits; i++) {
        int c = scan_peek(&reader->scan);
        int digit = c == SCAN_END ? -1 : text_hex_digit((char)c);
        if (digit < 0)
            return toml_expected(reader, "%zu hex digits", digits);
        code = code << 4 | (uint32_t)digit;
        reader->scan.at++;
    }
    /* A complaint quotes the digits from their beginning. */
    reader->scan.at -= digits;
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return toml_expected(reader, "the number of a character of Unicode");
    if (!code)
        return toml_expected(reader, "a character that is not NUL");
    reader->scan.at += digits;
    toml_add_utf8(code, out);
    return 0;
}

/* After a "\" that ends a line, perhaps with blanks in between: skips all whitespace up to the next
 * character. False, and nothing is skipped: the "\" does not end a line. */
static bool skip_folded(struct toml_reader *reader)
{
    struct toml_reader start = *reader;
    bool newline = false;

    for (scan_skip_blanks(&reader->scan); toml_take_newline(reader); scan_skip_blanks(&reader->scan))
        newline = true;
    if (!newline)
        *reader = start;
    return newline;
}

static int read_escape(struct toml_reader *reader, bool multi_line, struct buf *out)
{
    static const char letters[] = "btnfr\"\\";
    static const char meanings[] = "\b\t\n\f\r\"\\";

    reader->scan.at++;
    int c = scan_peek(&reader->scan);
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (letter) {
        reader->scan.at++;
        buf_add_char(out, meanings[letter - letters]);
        return 0;
    }
    if (scan_take(&reader->scan, "u"))
        return read_code_point(reader, 4, out);
    if (scan_take(&reader->scan, "U"))
        return read_code_point(reader, 8, out);
    if (multi_line && skip_folded(reader))
        return 0;
    return toml_expected(reader, "one of b t n f r u U \" \\ after \"\\\"");
}

/* Up to two quotes may precede the three that end the string: x followed by five of them is x and two quotes.
 * True: that was the end. */
static bool take_quotes(struct toml_reader *reader, char quote, struct buf *out)
{
    size_t count = 0;

    while (count < 5 && scan_peek(&reader->scan) == quote) {
        reader->scan.at++;
        count++;
    }
    for (size_t i = count >= 3 ? 3 : 0; i < count; i++)
        buf_add_char(out, quote);
    return count >= 3;
}

static int read_character(struct toml_reader *reader, char quote, bool multi_line, struct buf *out)
{
    int c = scan_peek(&reader->scan);

    if (c == '\\' && quote == '"')
        return read_escape(reader, multi_line, out);
    if (multi_line && toml_take_newline(reader)) {
        buf_add_char(out, '\n');
        return 0;
    }
    if (c == SCAN_END || (!multi_line && (c == '\n' || c == '\r')))
        return toml_expected(reader, "%s at the end of the string", multi_line ? "three quotes" : "a quote");
    if ((c < ' ' && c != '\t') || c == 0x7f)
        return toml_expected(reader, "no control character in a string");
    buf_add_char(out, (char)c);
    reader->scan.at++;
    return 0;
}

int toml_read_string(struct toml_reader *reader, bool multi_line, struct buf *out)
{
    char quote = (char)scan_peek(&reader->scan);
    const char *three = quote == '"' ? "\"\"\"" : "'''";

    multi_line = multi_line && scan_take(&reader->scan, three);
    /* A newline directly after the opening quotes is not part of the string. */
    if (multi_line)
        toml_take_newline(reader);
    else
        reader->scan.at++;
    for (;;) {
        bool at_quote = scan_peek(&reader->scan) == quote;
        if (at_quote && !multi_line) {
            reader->scan.at++;
            return 0;
        }
        if (at_quote ? take_quotes(reader, quote, out) : read_character(reader, quote, multi_line, out) < 0)
            return at_quote ? 0 : -1;
    }
}
