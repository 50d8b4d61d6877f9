/* No state. Bytes are compared as ASCII whatever the locale: ctype.h is not used. */
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"

void text_hex(const unsigned char *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

/* A table, since pages have millions of digits: value + 1 of each hex digit. */
static const unsigned char hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

int text_hex_digit(char c)
{
    return hex_values[(unsigned char)c] - 1;
}

int text_unhex(const char *text, size_t len, unsigned char *out, size_t bytes)
{
    if (len != 2 * bytes)
        return -1;
    for (size_t i = 0; i < bytes; i++) {
        int high = text_hex_digit(text[2 * i]);
        int low = text_hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

void text_base64(const void *bytes, size_t len, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = bytes;

    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned group = (unsigned)from[i] << 16;
        group |= left > 1 ? (unsigned)from[i + 1] << 8 : 0;
        group |= left > 2 ? from[i + 2] : 0;
        buf_add_char(out, digits[group >> 18]);
        buf_add_char(out, digits[group >> 12 & 63]);
        buf_add_char(out, left > 1 ? digits[group >> 6 & 63] : '=');
        buf_add_char(out, left > 2 ? digits[group & 63] : '=');
    }
}

int text_parse_uint(const char *text, size_t len, uint64_t *out)
{
    uint64_t value = 0;

    if (!len)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return -1;
    }
    *out = value;
    return 0;
}

int text_percent_decode(const char *text, size_t len, struct buf *out)
{
    const char *end = text + len;
    const char *percent;

    for (; (percent = memchr(text, '%', (size_t)(end - text))); text = percent + 3) {
        if (end - percent < 3)
            return -1;
        int high = text_hex_digit(percent[1]);
        int low = text_hex_digit(percent[2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return -1;
        buf_add(out, text, (size_t)(percent - text));
        buf_add_char(out, (char)(high << 4 | low));
    }
    buf_add(out, text, (size_t)(end - text));
    return 0;
}

static bool unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void text_percent_encode(const char *text, size_t len, const char *also, struct buf *out)
{
    size_t plain = 0;

    for (size_t i = 0; i < len; i++) {
        if (unreserved(text[i]) || (text[i] && strchr(also, text[i])))
            continue;
        buf_add(out, text + plain, i - plain);
        buf_printf(out, "%%%02X", (unsigned char)text[i]);
        plain = i + 1;
    }
    buf_add(out, text + plain, len - plain);
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);

    return len >= suffix_len && memcmp(text + len - suffix_len, suffix, suffix_len) == 0;
}

bool text_equal_n(const char *a, size_t a_len, const char *b)
{
    return strlen(b) == a_len && memcmp(a, b, a_len) == 0;
}

void text_trim(const char **start, size_t *len)
{
    while (*len && (**start == ' ' || **start == '\t')) {
        (*start)++;
        (*len)--;
    }
    while (*len && ((*start)[*len - 1] == ' ' || (*start)[*len - 1] == '\t'))
        (*len)--;
}

const char *text_next(const char **rest, char separator, size_t *len)
{
    const char *piece = *rest;

    if (!piece)
        return NULL;
    const char *end = strchr(piece, separator);
    *len = end ? (size_t)(end - piece) : strlen(piece);
    *rest = end ? end + 1 : NULL;
    return piece;
}

static const bool token_characters[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['!'] = true,  ['#'] = true,
    ['$'] = true,         ['%'] = true,         ['&'] = true,         ['\''] = true, ['*'] = true,
    ['+'] = true,         ['-'] = true,         ['.'] = true,         ['^'] = true,  ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
};

bool text_is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!token_characters[(unsigned char)text[i]])
            return false;
    return len > 0;
}

bool text_is_media_type(const char *text, size_t len)
{
    const char *slash = len ? memchr(text, '/', len) : NULL;
    size_t type = slash ? (size_t)(slash - text) : 0;

    return slash && text_is_token(text, type) && text_is_token(slash + 1, len - type - 1);
}

/* The length of the UTF-8 sequence at text, 0 if it is not valid. RFC 3629 section 4. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || len < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

bool text_is_utf8(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = utf8_sequence((const unsigned char *)text + i, len - i);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

void text_html_escape(const char *text, size_t len, struct buf *out)
{
    static const char *const names[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
    };
    const char *end = text + len;

    for (const char *run = text;; run = ++text) {
        while (text < end && ((unsigned char)*text >= 128 || !names[(unsigned char)*text]))
            text++;
        buf_add(out, run, (size_t)(text - run));
        if (text == end)
            return;
        buf_add_text(out, names[(unsigned char)*text]);
    }
}

void text_print_size(struct buf *out, int64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        buf_printf(out, "%" PRId64 " B", bytes);
        return;
    }
    for (; value >= 1024 && unit < sizeof(units) / sizeof(units[0]) - 1; unit++)
        value /= 1024;
    buf_printf(out, "%.1f %s", value, units[unit]);
}

void text_print_count(struct buf *out, int64_t count, const char *what)
{
    buf_printf(out, "%" PRId64 " %s%s", count, what, count == 1 ? "" : "s");
}

void text_make_printable(char *text, size_t len)
{
    bool utf8 = text_is_utf8(text, len);

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f || (c > 0x7f && !utf8))
            text[i] = '?';
    }
}
