/* The tokenizer of the HTML standard (section 13.2.5) as one loop over the document; there is no tree, so the
 * elements whose content is not markup are known by name alone.
 *
 * The body is complete and in memory, and each step searches forward for the character that ends it. A search
 * that fails ends the document, so no byte is searched again and again: an unclosed quote, comment or
 * <script> costs one pass. Parse errors are never refused but read as the standard says; the one limit is the
 * number of attributes, because html_attribute() looks through them one by one. */
#include "formats/html.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"

/* In place of a NUL, which would end our strings. The standard has U+FFFD there, but it works on characters,
 * and here the bytes around may not be UTF-8. File names with a control character are refused later. */
#define SUB '\x1a'

struct scanner {
    const char *at;
    const char *end;
    const struct html_events *events;
    void *arg;
    struct buf *error;
    struct html_tag tag;
    struct buf strings; /* names and values of the tag, each with its NUL */
    struct buf text;
    size_t offsets[2 * HTML_ATTRIBUTES_MAX]; /* of name and value in `strings`, which moves while it grows */
};

static bool is_html_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- character references ---- */

/* Of the 2,231 names of the standard, those that templates of index pages write. The first four also count
 * without a semicolon; other names stay as they are, "&" included. */
static const struct {
    const char *name;
    const char *text;
} references[] = {{"amp", "&"},    {"lt", "<"},     {"gt", ">"},     {"quot", "\""},       {"apos", "'"},
                  {"plus", "+"},   {"excl", "!"},   {"num", "#"},    {"nbsp", "\xc2\xa0"}, {"sol", "/"},
                  {"equals", "="}, {"lowbar", "_"}, {"period", "."}, {"colon", ":"},       {"comma", ","}};

#define REFERENCES_WITHOUT_SEMICOLON 4

static void html_add_utf8(struct buf *out, uint32_t c)
{
    if (!c || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        c = 0xfffd;
    if (c < 0x80) {
        buf_add_char(out, (char)c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    buf_add_char(out, (char)(lead[more] | c >> (6 * more)));
    while (more--)
        buf_add_char(out, (char)(0x80 | ((c >> (6 * more)) & 0x3f)));
}

/* "&#65;", "&#x41;", with or without the semicolon. Returns the length taken, 0 if there is no digit. A value
 * that is too large stops growing where it is certainly too large, and becomes U+FFFD. */
static size_t numeric_reference(const char *text, size_t len, struct buf *out)
{
    bool hex = len > 2 && (text[2] | 0x20) == 'x';
    size_t i = hex ? 3 : 2;
    size_t first = i;
    uint32_t value = 0;

    for (; i < len; i++) {
        int digit = text_hex_digit(text[i]);
        if (digit < 0 || (!hex && digit > 9))
            break;
        if (value <= 0x10ffff)
            value = value * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (i == first)
        return 0;
    html_add_utf8(out, value);
    return i < len && text[i] == ';' ? i + 1 : i;
}

/* text begins with "&". Returns the length taken, 0 if this is a plain "&". */
static size_t add_reference(const char *text, size_t len, bool attribute, struct buf *out)
{
    if (len > 1 && text[1] == '#')
        return numeric_reference(text, len, out);
    for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++) {
        size_t name_len = strlen(references[i].name);
        if (len <= name_len || memcmp(text + 1, references[i].name, name_len) != 0)
            continue;
        char next = len > name_len + 1 ? text[name_len + 1] : '\0';
        bool closed = next == ';';
        /* In an attribute, "?a=1&lt=2" has no reference, because pages wrote URLs without escaping "&"
         * (section "Named character reference state"). In text it would be one. */
        bool glued = attribute && (next == '=' || is_letter(next) || (next >= '0' && next <= '9'));
        if (!closed && (i >= REFERENCES_WITHOUT_SEMICOLON || glued))
            continue;
        buf_add_text(out, references[i].text);
        return name_len + 1 + closed;
    }
    return 0;
}

static void add_decoded(const char *text, size_t len, bool attribute, struct buf *out)
{
    size_t plain = 0;

    for (size_t i = 0; i < len;) {
        if (text[i] && text[i] != '&') {
            i++;
            continue;
        }
        buf_add(out, text + plain, i - plain);
        size_t taken = text[i] ? add_reference(text + i, len - i, attribute, out) : 0;
        if (!taken) {
            buf_add_char(out, text[i] ? '&' : SUB);
            taken = 1;
        }
        i += taken;
        plain = i;
    }
    buf_add(out, text + plain, len - plain);
}

/* ---- tags ---- */

/* Appends the name in lower case, ASCII only, as the standard compares names, and its NUL. */
static void html_add_name(const char *text, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len; i++)
        buf_add_char(out, text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20)
                          : text[i]                        ? text[i]
                                                           : SUB);
    buf_add_char(out, '\0');
}

static const char *name_end(const char *at, const char *end, bool attribute)
{
    while (at < end && !is_html_space(*at) && *at != '/' && *at != '>' && !(attribute && *at == '='))
        at++;
    return at;
}

/* The value after "=". Returns false at the end of the document. */
static bool read_attribute_value(struct scanner *scanner)
{
    const char *at = scanner->at;
    const char *stop;

    while (at < scanner->end && is_html_space(*at))
        at++;
    if (at == scanner->end)
        return false;
    if (*at == '"' || *at == '\'') {
        stop = memchr(at + 1, *at, (size_t)(scanner->end - at - 1));
        if (!stop)
            return false;
        add_decoded(at + 1, (size_t)(stop - at - 1), true, &scanner->strings);
        scanner->at = stop + 1;
        return true;
    }
    for (stop = at; stop < scanner->end && !is_html_space(*stop) && *stop != '>';)
        stop++;
    add_decoded(at, (size_t)(stop - at), true, &scanner->strings);
    scanner->at = stop;
    return true;
}

/* One attribute at scanner->at. Returns false at the end of the document. */
static bool read_attribute(struct scanner *scanner)
{
    const char *at = scanner->at;
    const char *stop = name_end(at + 1, scanner->end, true); /* a leading "=" belongs to the name */

    scanner->offsets[2 * scanner->tag.attribute_count] = scanner->strings.len;
    html_add_name(at, (size_t)(stop - at), &scanner->strings);
    scanner->offsets[2 * scanner->tag.attribute_count + 1] = scanner->strings.len;
    while (stop < scanner->end && is_html_space(*stop))
        stop++;
    scanner->at = stop;
    if (stop < scanner->end && *stop == '=') {
        scanner->at++;
        if (!read_attribute_value(scanner))
            return false;
    }
    buf_add_char(&scanner->strings, '\0');
    scanner->tag.attribute_count++;
    return scanner->at < scanner->end;
}

enum tag_result { TAG_WHOLE, TAG_UNFINISHED, TAG_TOO_MANY };

/* Name and attributes, up to and including ">". A document that ends inside a tag has no such tag: half an
 * attribute would be half a URL. */
static enum tag_result read_tag(struct scanner *scanner)
{
    const char *stop = name_end(scanner->at, scanner->end, false);

    buf_reset(&scanner->strings);
    scanner->tag.attribute_count = 0;
    html_add_name(scanner->at, (size_t)(stop - scanner->at), &scanner->strings);
    scanner->at = stop;
    for (;;) {
        while (scanner->at < scanner->end && (is_html_space(*scanner->at) || *scanner->at == '/'))
            scanner->at++;
        if (scanner->at == scanner->end)
            return TAG_UNFINISHED;
        if (*scanner->at == '>')
            break;
        if (scanner->tag.attribute_count == HTML_ATTRIBUTES_MAX)
            return TAG_TOO_MANY;
        if (!read_attribute(scanner))
            return TAG_UNFINISHED;
    }
    scanner->at++;
    scanner->tag.name = scanner->strings.data;
    for (size_t i = 0; i < scanner->tag.attribute_count; i++)
        scanner->tag.attributes[i] = (struct html_attribute){
            .name = scanner->strings.data + scanner->offsets[2 * i],
            .value = scanner->strings.data + scanner->offsets[2 * i + 1],
        };
    return TAG_WHOLE;
}

/* ---- the document ---- */

static void emit_text(struct scanner *scanner, const char *text, size_t len)
{
    buf_reset(&scanner->text);
    add_decoded(text, len, false, &scanner->text);
    if (scanner->text.len)
        scanner->events->text(scanner->arg, scanner->text.data, scanner->text.len);
}

/* After <script> and the like everything is text up to the end tag of that name: "</a>" in a string of a
 * script is not an end tag. The end tag itself is left for the next step. */
static void read_raw_text(struct scanner *scanner, const char *name, bool wanted)
{
    size_t name_len = strlen(name);
    const char *start = scanner->at;
    const char *at = start;

    for (; at < scanner->end; at++) {
        at = memchr(at, '<', (size_t)(scanner->end - at));
        if (!at) {
            at = scanner->end;
            break;
        }
        if ((size_t)(scanner->end - at) > name_len + 2 && at[1] == '/' &&
            strncasecmp(at + 2, name, name_len) == 0 && !is_letter(at[2 + name_len]))
            break;
    }
    if (wanted)
        emit_text(scanner, start, (size_t)(at - start));
    scanner->at = at;
}

/* The elements of RCDATA and RAWTEXT. A constant string, as the tag's own name is gone when its text is
 * read. */
static const char *raw_text_name(const char *name)
{
    static const char *const names[] = {"title", "textarea", "script",  "style",
                                        "xmp",   "iframe",   "noembed", "noframes"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(names[i], name) == 0)
            return names[i];
    return NULL;
}

/* scanner->at is after "<!" or "<?". */
static void skip_declaration(struct scanner *scanner)
{
    size_t left = (size_t)(scanner->end - scanner->at);
    const char *stop;

    if (left >= 2 && memcmp(scanner->at, "--", 2) == 0) {
        /* "<!-->" is a whole comment. */
        stop = memmem(scanner->at, left, "-->", 3);
        scanner->at = stop ? stop + 3 : scanner->end;
        return;
    }
    stop = memchr(scanner->at, '>', left);
    scanner->at = stop ? stop + 1 : scanner->end;
}

static int start_tag(struct scanner *scanner)
{
    switch (read_tag(scanner)) {
    case TAG_UNFINISHED:
        scanner->at = scanner->end;
        return 0;
    case TAG_TOO_MANY:
        buf_set(scanner->error, "the HTML has a tag of more than %d attributes", HTML_ATTRIBUTES_MAX);
        return -1;
    case TAG_WHOLE:
        break;
    }
    const char *raw = raw_text_name(scanner->tag.name);
    if (scanner->events->start(scanner->arg, &scanner->tag) < 0)
        return -1;
    /* Pages are recognized by their title; nobody wants the text of scripts. */
    if (raw)
        read_raw_text(scanner, raw, strcmp(raw, "title") == 0);
    return 0;
}

static int end_tag(struct scanner *scanner)
{
    const char *stop = name_end(scanner->at, scanner->end, false);

    buf_reset(&scanner->strings);
    html_add_name(scanner->at, (size_t)(stop - scanner->at), &scanner->strings);
    const char *close = memchr(stop, '>', (size_t)(scanner->end - stop));
    scanner->at = close ? close + 1 : scanner->end;
    return scanner->events->end(scanner->arg, scanner->strings.data);
}

/* One piece of text or markup. A "<" that begins neither a tag nor a declaration is text, as in "a < b". */
static int html_step(struct scanner *scanner)
{
    const char *open = memchr(scanner->at, '<', (size_t)(scanner->end - scanner->at));
    const char *stop = open ? open : scanner->end;

    if (stop > scanner->at)
        emit_text(scanner, scanner->at, (size_t)(stop - scanner->at));
    scanner->at = stop;
    if (!open)
        return 0;
    char next = scanner->end - open > 1 ? open[1] : '\0';
    char after = scanner->end - open > 2 ? open[2] : '\0';
    if (is_letter(next)) {
        scanner->at = open + 1;
        return start_tag(scanner);
    }
    if (next == '/' && is_letter(after)) {
        scanner->at = open + 2;
        return end_tag(scanner);
    }
    if (next == '!' || next == '?' || next == '/') {
        scanner->at = open + 2;
        skip_declaration(scanner);
        return 0;
    }
    emit_text(scanner, open, 1);
    scanner->at = open + 1;
    return 0;
}

int html_parse(const char *body, size_t len, const struct html_events *events, void *arg, struct buf *error)
{
    struct scanner scanner = {.at = body, .end = body + len, .events = events, .arg = arg, .error = error};
    int result = 0;

    buf_init(&scanner.strings);
    buf_init(&scanner.text);
    while (result >= 0 && scanner.at < scanner.end)
        result = html_step(&scanner);
    buf_release(&scanner.strings);
    buf_release(&scanner.text);
    return result < 0 ? -1 : 0;
}

const char *html_attribute(const struct html_tag *tag, const char *name)
{
    for (size_t i = 0; i < tag->attribute_count; i++)
        if (strcmp(tag->attributes[i].name, name) == 0)
            return tag->attributes[i].value;
    return NULL;
}
