#include "base/text.h"

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

int text_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
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
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            if (len - i < 3)
                return -1;
            int high = text_hex_digit(text[i + 1]);
            int low = text_hex_digit(text[i + 2]);
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return -1;
            c = (char)(high << 4 | low);
            i += 2;
        }
        buf_add_char(out, c);
    }
    return 0;
}

void text_percent_encode(const char *text, size_t len, const char *also, struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c && (strchr("-._~", c) || strchr(also, c)));
        if (plain)
            buf_add_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned char)c);
    }
}

static bool html_special(char c)
{
    return c == '&' || c == '<' || c == '>' || c == '"' || c == '\'';
}

void text_html_escape(const char *text, size_t len, struct buf *out)
{
    const char *end = text + len;

    for (const char *run = text;; run = ++text) {
        while (text < end && !html_special(*text))
            text++;
        buf_add(out, run, (size_t)(text - run));
        if (text == end)
            return;
        buf_printf(out, "&#%d;", *text);
    }
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

/* Length of the UTF-8 sequence at text, 0 if there is none. RFC 3629 section 4. */
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
