/* Versions by PEP 440, "Version scheme" and appendix B, read by hand in one pass that writes the canonical
 * text beside it. Everything after that looks at the canonical text only, through spans: of "1.0-RC.01" there
 * is just "1.0rc1".
 *
 * Numbers stay digits, because PEP 440 has no largest one and dates make long ones; without leading zeros the
 * longer number is the larger. The limit is on the canonical text, which is what file names and messages
 * have. */
#include "formats/python/version.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "formats/scan.h"

/* Longer words first: the first that fits is taken. "c" and "preview" are old names of a candidate, "rev" and
 * "r" of a post-release; "rc" is not "r" because pre-releases are tried first. */
struct version_word {
    const char *spelling;
    char kind;
};
static const struct version_word pre_words[] = {
    {"alpha", 'a'}, {"a", 'a'},       {"beta", 'b'}, {"b", 'b'},
    {"c", 'r'},     {"preview", 'r'}, {"pre", 'r'},  {"rc", 'r'},
};
static const struct version_word post_words[] = {{"post", 'p'}, {"rev", 'p'}, {"r", 'p'}};
static const struct version_word dev_words[] = {{"dev", 'd'}};
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- reading ---- */

/* Writes the canonical text while the other spelling is read. `full` is looked at once, at the end. */
struct version_writer {
    struct version *version;
    size_t len;
    bool full;
};

static void put(struct version_writer *writer, const char *text, size_t len)
{
    if (len > VERSION_MAX_BYTES - writer->len) {
        writer->full = true;
        return;
    }
    memcpy(writer->version->text + writer->len, text, len);
    writer->len += len;
}

static void put_text(struct version_writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

/* The digits at the cursor as a number. It is 0 if there are none: "1.0a" is "1.0a0". */
static struct version_span put_number(struct scan *scan, struct version_writer *writer)
{
    size_t start = scan->at;
    size_t at = writer->len;

    while (scan_digit(scan))
        scan->at++;
    while (start + 1 < scan->at && scan->text[start] == '0')
        start++;
    if (start == scan->at)
        put_text(writer, "0");
    else
        put(writer, scan->text + start, scan->at - start);
    return (struct version_span){(uint16_t)at, (uint16_t)(writer->len - at)};
}

static bool take_separator(struct scan *scan)
{
    return scan_take(scan, ".") || scan_take(scan, "-") || scan_take(scan, "_");
}

/* [sep] word [sep]: returns the word's kind, with the cursor at its number; 0, with nothing taken, if there
 * is no such word. */
static char take_word(struct scan *scan, const struct version_word *words, size_t count)
{
    size_t start = scan->at;

    take_separator(scan);
    for (size_t i = 0; i < count; i++)
        if (scan_take_any_case(scan, words[i].spelling)) {
            take_separator(scan);
            return words[i].kind;
        }
    scan->at = start;
    return 0;
}

/* "1.0-1" is a post-release too, but only with "-" and only with a number ("Implicit post releases"). */
static bool take_bare_post(struct scan *scan)
{
    if (!scan_take(scan, "-"))
        return false;
    if (scan_digit(scan))
        return true;
    scan->at--;
    return false;
}

static int read_release(struct scan *scan, struct version_writer *writer)
{
    struct version *out = writer->version;

    if (!scan_digit(scan))
        return scan_expected(scan, "a digit of a version");
    out->release = put_number(scan, writer);
    /* Only the "!" shows that the first number was an epoch. Epoch 0 is the same as none, and is not
     * written. */
    if (scan_peek(scan) == '!') {
        scan->at++;
        if (!scan_digit(scan))
            return scan_expected(scan, "a digit after the epoch of a version");
        if (out->release.len == 1 && out->text[out->release.at] == '0') {
            writer->len = 0;
        } else {
            out->epoch = out->release;
            put_text(writer, "!");
        }
        out->release = put_number(scan, writer);
    }
    while (scan_take(scan, ".")) {
        /* This dot belongs to what follows: ".post1", ".*". */
        if (!scan_digit(scan)) {
            scan->at--;
            break;
        }
        put_text(writer, ".");
        put_number(scan, writer);
    }
    out->release.len = (uint16_t)(writer->len - out->release.at);
    return 0;
}

static void read_suffixes(struct scan *scan, struct version_writer *writer)
{
    struct version *out = writer->version;

    out->pre_kind = take_word(scan, pre_words, COUNT(pre_words));
    if (out->pre_kind) {
        put_text(writer, out->pre_kind == 'a' ? "a" : out->pre_kind == 'b' ? "b" : "rc");
        out->pre = put_number(scan, writer);
    }
    if (take_bare_post(scan) || take_word(scan, post_words, COUNT(post_words))) {
        put_text(writer, ".post");
        out->post = put_number(scan, writer);
    }
    if (take_word(scan, dev_words, COUNT(dev_words))) {
        put_text(writer, ".dev");
        out->dev = put_number(scan, writer);
    }
}

/* One segment of a local version: a number, or letters and digits in lower case. Which of them shows only at
 * its end, and a number loses leading zeros: "+01" is "+1", "+01a" stays. */
static void put_segment(struct scan *scan, struct version_writer *writer)
{
    size_t start = scan->at;

    while (scan_digit(scan))
        scan->at++;
    bool number = !scan_alnum(scan);
    scan->at = start;
    if (number) {
        put_number(scan, writer);
        return;
    }
    for (; scan_alnum(scan); scan->at++) {
        char lower = (char)tolower(scan_peek(scan));
        put(writer, &lower, 1);
    }
}

/* "1.0+ubuntu-1": the separators become "." in the canonical form. */
static int read_local(struct scan *scan, struct version_writer *writer)
{
    if (!scan_take(scan, "+"))
        return 0;
    if (!scan_alnum(scan))
        return scan_expected(scan, "a letter or digit of a local version");
    put_text(writer, "+");
    size_t at = writer->len;
    put_segment(scan, writer);
    while (take_separator(scan)) {
        if (!scan_alnum(scan)) {
            scan->at--;
            break;
        }
        put_text(writer, ".");
        put_segment(scan, writer);
    }
    writer->version->local = (struct version_span){(uint16_t)at, (uint16_t)(writer->len - at)};
    return 0;
}

int version_scan(struct scan *scan, bool local, struct version *out)
{
    struct version_writer writer = {.version = out};
    size_t start = scan->at;

    *out = (struct version){.text = ""};
    scan_take_any_case(scan, "v");
    if (read_release(scan, &writer) < 0)
        return -1;
    read_suffixes(scan, &writer);
    if (local && read_local(scan, &writer) < 0)
        return -1;
    if (writer.full) {
        scan->at = start;
        return scan_expected(scan, "a version of at most %d characters", VERSION_MAX_BYTES);
    }
    out->text[writer.len] = '\0';
    return 0;
}

int version_parse(const char *text, size_t len, struct version *out, struct buf *error)
{
    struct scan scan = {.text = text, .len = len, .error = error};

    scan_skip_whitespace(&scan);
    if (version_scan(&scan, true, out) < 0)
        return -1;
    scan_skip_whitespace(&scan);
    return scan_finish(&scan, "the end of the version");
}

/* ---- comparing ---- */

/* Digits without leading zeros; an absent number is 0. */
struct number {
    const char *digits;
    size_t len;
};

static struct number numeric_value(const struct version *version, struct version_span span)
{
    return span.len ? (struct number){version->text + span.at, span.len} : (struct number){"0", 1};
}

static int sign(int difference)
{
    return (difference > 0) - (difference < 0);
}

/* Of numbers without leading zeros the one with more digits is the larger; digits sort as bytes. */
static int compare_numbers(struct number a, struct number b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return sign(memcmp(a.digits, b.digits, a.len));
}

/* Takes the part before the next "." from the span. False: there is nothing left. */
static bool next_part(const struct version *version, struct version_span *rest, struct number *out)
{
    const char *start = version->text + rest->at;

    if (!rest->len)
        return false;
    const char *dot = memchr(start, '.', rest->len);
    out->digits = start;
    out->len = dot ? (size_t)(dot - start) : rest->len;
    size_t step = out->len + (dot != NULL);
    rest->at = (uint16_t)(rest->at + step);
    rest->len = (uint16_t)(rest->len - step);
    return true;
}

/* Compares at most `count` numbers; a missing one is 0, so 1.0 and 1.0.0 are equal. */
static int compare_releases(const struct version *a, const struct version *b, size_t count)
{
    struct version_span rest_a = a->release;
    struct version_span rest_b = b->release;
    int order = 0;

    for (size_t i = 0; i < count && !order; i++) {
        struct number left = {"0", 1};
        struct number right = {"0", 1};
        bool more = next_part(a, &rest_a, &left);
        if (!next_part(b, &rest_b, &right) && !more)
            break;
        order = compare_numbers(left, right);
    }
    return order;
}

/* A version without a pre-release sorts after those that have one, but 1.0.dev1 before all of them. The
 * letters of the kinds happen to be in the right order. */
static int pre_rank(const struct version *version)
{
    if (version->pre_kind)
        return version->pre_kind;
    return version->dev.len && !version->post.len ? 0 : 'z';
}

/* For parts that may be absent: `absent` is -1 if that sorts first (post), 1 if last (dev). */
static int compare_optional(const struct version *a, struct version_span of_a, const struct version *b,
                            struct version_span of_b, int absent)
{
    if (!of_a.len || !of_b.len)
        return !of_a.len && !of_b.len ? 0 : of_a.len ? -absent : absent;
    return compare_numbers(numeric_value(a, of_a), numeric_value(b, of_b));
}

static bool is_numeric_part(struct number part)
{
    return strspn(part.digits, "0123456789") >= part.len;
}

/* "Local version identifiers": text before numbers, text by its bytes, numbers by value. */
static int compare_segments(struct number a, struct number b)
{
    bool number_a = is_numeric_part(a);
    bool number_b = is_numeric_part(b);

    if (number_a != number_b)
        return number_a ? 1 : -1;
    if (number_a)
        return compare_numbers(a, b);
    int order = memcmp(a.digits, b.digits, a.len < b.len ? a.len : b.len);
    return order ? sign(order) : (a.len > b.len) - (a.len < b.len);
}

/* No local version comes first, and a shorter one before any that begins with it. */
static int compare_locals(const struct version *a, const struct version *b)
{
    struct version_span rest_a = a->local;
    struct version_span rest_b = b->local;

    for (;;) {
        struct number left;
        struct number right;
        bool more_a = next_part(a, &rest_a, &left);
        bool more_b = next_part(b, &rest_b, &right);
        if (!more_a || !more_b)
            return (int)more_a - (int)more_b;
        int order = compare_segments(left, right);
        if (order)
            return order;
    }
}

int version_compare(const struct version *a, const struct version *b, enum version_part part)
{
    int order = compare_numbers(numeric_value(a, a->epoch), numeric_value(b, b->epoch));

    if (!order)
        order = compare_releases(a, b, SIZE_MAX);
    if (order || part == VERSION_BASE)
        return order;
    order = sign(pre_rank(a) - pre_rank(b));
    if (!order)
        order = compare_numbers(numeric_value(a, a->pre), numeric_value(b, b->pre));
    if (!order)
        order = compare_optional(a, a->post, b, b->post, -1);
    if (!order)
        order = compare_optional(a, a->dev, b, b->dev, 1);
    return order || part == VERSION_PUBLIC ? order : compare_locals(a, b);
}

bool version_is_prerelease(const struct version *version)
{
    return version->pre_kind || version->dev.len;
}

size_t version_release_count(const struct version *version)
{
    struct version_span rest = version->release;
    struct number part;
    size_t count = 0;

    while (next_part(version, &rest, &part))
        count++;
    return count;
}

bool version_has_prefix(const struct version *version, const struct version *prefix, size_t count)
{
    return compare_numbers(numeric_value(version, version->epoch), numeric_value(prefix, prefix->epoch)) ==
               0 &&
           compare_releases(version, prefix, count) == 0;
}
