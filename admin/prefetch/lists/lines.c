/* No state. Text is cut, joined and stripped as Python's str methods do it: what is a space and what ends
 * a line is more than in C, and a difference would make a requirement of half a line. */
#include "admin/prefetch/lists/lines.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* ---- characters ---- */

/* The code point at text[at], which is UTF-8, and its length. */
static uint32_t utf8_character(const char *text, size_t len, size_t at, size_t *size)
{
    unsigned char c = (unsigned char)text[at];
    uint32_t point = c < 0x80 ? c : c < 0xe0 ? c & 0x1f : c < 0xf0 ? c & 0x0f : c & 0x07;

    for (*size = 1; at + *size < len && ((unsigned char)text[at + *size] & 0xc0) == 0x80; (*size)++)
        point = point << 6 | ((unsigned char)text[at + *size] & 0x3f);
    return point;
}

/* Python's str.isspace(). */
static bool python_isspace(uint32_t c)
{
    return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

/* Python's str.splitlines(). */
static bool python_ends_line(uint32_t c)
{
    return (c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/* How many bytes of whitespace begin at `at`. */
static size_t spaces_at(const char *text, size_t len, size_t at)
{
    size_t start = at;
    size_t size;

    while (at < len && python_isspace(utf8_character(text, len, at, &size)))
        at += size;
    return at - start;
}

/* ---- physical lines ---- */

/* The physical line at source->at, without its end; source->at moves past that. */
static const char *next_physical(struct line_source *source, size_t *len)
{
    const char *line = source->text + source->at;
    size_t size = 0;

    while (source->at < source->len &&
           !python_ends_line(utf8_character(source->text, source->len, source->at, &size)))
        source->at += size;
    *len = (size_t)(source->text + source->at - line);
    bool crlf = source->at + 1 < source->len && memcmp(source->text + source->at, "\r\n", 2) == 0;
    source->at += source->at == source->len ? 0 : crlf ? 2 : size;
    return line;
}

/* ---- logical lines ---- */

void logical_line_release(struct logical_line *line)
{
    buf_release(&line->text);
    free(line->places);
    line->places = NULL;
    line->capacity = 0;
}

struct line_place logical_line_place(const struct logical_line *line, size_t at)
{
    return line->places[at < line->text.len ? at : line->text.len];
}

static void reserve_places(struct logical_line *line, size_t len)
{
    size_t wanted = line->text.len + len + 1;

    if (wanted <= line->capacity)
        return;
    line->capacity = 2 * wanted;
    line->places = xrealloc(line->places, line->capacity * sizeof(*line->places));
}

/* Appends text that is not in the file, such as the value of a variable: all of it has one place. */
static void add_at(struct logical_line *line, const char *text, size_t len, struct line_place place)
{
    reserve_places(line, len);
    for (size_t i = 0; i < len; i++)
        line->places[line->text.len + i] = place;
    buf_add(&line->text, text, len);
    line->places[line->text.len] = place;
}

/* A piece of a physical line, from byte `start` on. */
static void add_piece(struct logical_line *line, size_t number, const char *text, size_t start, size_t len)
{
    struct line_place place = {(uint32_t)number, 1};

    reserve_places(line, len);
    /* From the beginning of the line, since columns count all of its characters, not those of the piece. */
    for (size_t i = 0; i < start + len; i++) {
        bool begins = ((unsigned char)text[i] & 0xc0) != 0x80;
        place.column += begins && i > 0;
        if (i >= start)
            line->places[line->text.len + i - start] = place;
    }
    buf_add(&line->text, text + start, len);
    place.column += start + len > 0;
    line->places[line->text.len] = place;
}

/* Lines that are too long are skipped to their end, so that the next one is read as such. */
static bool join_physical(struct line_source *source, struct logical_line *line)
{
    bool fits = true;
    size_t len;

    buf_reset(&line->text);
    line->number = source->number;
    while (source->at < source->len) {
        const char *text = next_physical(source, &len);
        size_t start = spaces_at(text, len, 0);
        bool comment = start < len && text[start] == '#';
        bool goes_on = len && text[len - 1] == '\\' && !comment;
        size_t number = source->number++;
        fits = fits && line->text.len + len < LINE_MAX_BYTES;
        if (fits && comment)
            add_at(line, " ", 1, (struct line_place){(uint32_t)number, 1});
        /* pip strips all backslashes at both ends of a line that is continued, not just the last one. */
        for (start = 0; goes_on && start < len && text[start] == '\\';)
            start++;
        while (goes_on && len > start && text[len - 1] == '\\')
            len--;
        if (fits)
            add_piece(line, number, text, start, len - start);
        if (!goes_on)
            break;
    }
    return fits;
}

/* A comment begins at a "#" at the beginning or after whitespace: "a#egg=b" has none. Then both ends are
 * stripped. */
static void strip_comment(struct logical_line *line)
{
    const char *text = line->text.data;
    size_t end = line->text.len;
    size_t last = 0; /* the end of the last character that is not a space */
    size_t size;

    if (!end)
        return;
    for (size_t i = 0; i < end; i += size) {
        bool space = python_isspace(utf8_character(text, line->text.len, i, &size));
        if (text[i] == '#' && (i == 0 || last < i))
            end = i;
        else if (!space)
            last = i + size;
    }
    size_t start = spaces_at(text, last, 0);
    memmove(line->text.data, text + start, last - start);
    memmove(line->places, line->places + start, (last - start + 1) * sizeof(*line->places));
    buf_truncate(&line->text, last - start);
}

/* The length of "${NAME}" at `at`; 0 if there is none. */
static size_t variable_at(const struct buf *text, size_t at)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

    if (!text_starts(text->data + at, "${"))
        return 0;
    size_t name = strspn(text->data + at + 2, allowed);
    return name && text->data[at + 2 + name] == '}' ? name + 3 : 0;
}

/* As pip does, leaves "${NAME}" as it is if the variable is empty or not set. */
static bool expand_variables(struct logical_line *line)
{
    struct logical_line expanded = {.text = BUF_INIT, .number = line->number};
    const struct buf *text = &line->text;
    size_t size;

    if (!strstr(text->data, "${"))
        return true;
    for (size_t at = 0; at < text->len && expanded.text.len <= LINE_MAX_BYTES; at += size) {
        size = variable_at(text, at);
        char *CLEANUP_FREE name = size ? xstrndup(text->data + at + 2, size - 3) : NULL;
        const char *value = name ? getenv(name) : NULL;
        if (!size)
            size = 1;
        /* All of the value is at the place of its variable, where the user has to look. */
        if (value && *value)
            add_at(&expanded, value, strlen(value), line->places[at]);
        else
            for (size_t i = at; i < at + size; i++)
                add_at(&expanded, text->data + i, 1, line->places[i]);
    }
    if (expanded.places)
        expanded.places[expanded.text.len] = line->places[text->len];
    logical_line_release(line);
    *line = expanded;
    return expanded.text.len <= LINE_MAX_BYTES;
}

int logical_line_next(struct list_reader *reader, struct line_source *source, struct logical_line *line)
{
    while (source->at < source->len) {
        if (!join_physical(source, line))
            return list_fault(reader, line->number, 1, "expected a line of at most %d bytes, found more",
                              LINE_MAX_BYTES);
        strip_comment(line);
        /* The readers that follow take the text as a C string and would not see the rest. */
        const char *zero = memchr(line->text.data, '\0', line->text.len);
        if (zero) {
            struct line_place place = logical_line_place(line, (size_t)(zero - line->text.data));
            return list_fault(reader, place.line, place.column, "expected text, found the byte 0x00");
        }
        if (!expand_variables(line))
            return list_fault(reader, line->number, 1,
                              "expected a line of at most %d bytes with its variables, found "
                              "more",
                              LINE_MAX_BYTES);
        if (line->text.len)
            return 1;
    }
    return 0;
}

/* ---- encodings ---- */

static bool convert_to_utf8(const char *encoding, const char *text, size_t len, struct buf *out)
{
    iconv_t conversion = iconv_open("UTF-8", encoding);
    char *from = (char *)text; /* iconv() takes no const, but only reads */
    size_t left = len;
    bool good = true;

    if (conversion == (iconv_t)-1)
        return false;
    while (good && left) {
        /* E2BIG only says that the output is full: there will be more space in the next round. */
        buf_reserve(out, left + 16);
        char *to = out->data + out->len;
        size_t space_bytes = out->cap - out->len - 1;
        size_t before = space_bytes;
        good = iconv(conversion, &from, &left, &to, &space_bytes) != (size_t)-1 || errno == E2BIG;
        out->len += before - space_bytes;
        good = good && out->len <= 2 * (size_t)LIST_MAX_BYTES;
    }
    out->data[out->len] = '\0';
    iconv_close(conversion);
    return good;
}

/* "coding[:=]\s*([-\w.]+)" in a line that begins with "#". */
static char *named_in(const char *line, size_t len)
{
    static const char word[] = "coding";

    if (!len || line[0] != '#')
        return NULL;
    for (const char *at = line; (at = memmem(at, len - (size_t)(at - line), word, strlen(word)));) {
        at += strlen(word);
        size_t left = len - (size_t)(at - line);
        if (!left || (*at != ':' && *at != '='))
            continue;
        size_t start = 1;
        while (start < left && (at[start] == ' ' || at[start] == '\t'))
            start++;
        size_t end = start;
        while (end < left && (text_is_token(at + end, 1) && !strchr("!#$%&'*+^`|~", at[end])))
            end++;
        if (end > start)
            return xstrndup(at + start, end - start);
    }
    return NULL;
}

static int decode_as(struct list_reader *reader, struct buf *text, size_t skip, const char *encoding)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF shown = BUF_INIT;

    if (!convert_to_utf8(encoding, text->data + skip, text->len - skip, &out)) {
        list_add_quoted(encoding, strlen(encoding), &shown);
        return list_fault(reader, 1, 1,
                          "expected text in the encoding that is named here, \"%s\", found none", shown.data);
    }
    buf_release(text);
    *text = out;
    out = (struct buf)BUF_INIT;
    return 0;
}

int line_decode(struct list_reader *reader, struct buf *text)
{
    if (text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0)
        return 0;
    if (text->len >= 2 && memcmp(text->data, "\xff\xfe", 2) == 0)
        return decode_as(reader, text, 2, "UTF-16LE");
    if (text->len >= 2 && memcmp(text->data, "\xfe\xff", 2) == 0)
        return decode_as(reader, text, 2, "UTF-16BE");
    char *CLEANUP_FREE name = NULL;
    const char *line = text->data;
    const char *end = text->data + text->len;
    /* As in Python's own source files (PEP 263) only the first two lines can name the encoding. */
    for (int i = 0; i < 2 && line < end && !name; i++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        name = named_in(line, (size_t)(stop - line));
        line = stop + 1;
    }
    return name && strcasecmp(name, "utf-8") != 0 && strcasecmp(name, "utf8") != 0
               ? decode_as(reader, text, 0, name)
               : 0;
}
