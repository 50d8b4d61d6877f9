/* Version specifiers by PEP 440, "Version specifiers"; deviations from `packaging` are listed in the header.
 * The meanings of the operators are in specifier_matches() and the functions before it, which never ask
 * whether pre-releases are wanted: that is a question about the whole set. */
#include "formats/python/specifier.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "formats/scan.h"

/* Indexed by enum specifier_operator. The scanner takes the first that fits, so "===" is before "==" and "<="
 * before "<". */
static const char *const operators[] = {"~=", "===", "==", "!=", "<=", ">=", "<", ">"};
#define OPERATORS (sizeof(operators) / sizeof(*operators))

/* ---- reading ---- */

int specifier_operator_scan(struct scan *scan)
{
    for (size_t i = 0; i < OPERATORS; i++)
        if (scan_take(scan, operators[i]))
            return (int)i;
    return -1;
}

const char *specifier_operator_text(enum specifier_operator op)
{
    return operators[op];
}

void specifier_release(struct specifier *specifier)
{
    free(specifier->arbitrary);
    specifier->arbitrary = NULL;
}

static bool ends_arbitrary(int c)
{
    return c == SCAN_END || c == ' ' || (c >= '\t' && c <= '\r') || c == ';' || c == ')' || c == ',';
}

/* The text after "===" need not be a version ("===2012b"), so it ends where the larger grammar continues:
 * that is how `packaging` reads it, too. */
static int read_arbitrary(struct scan *scan, struct specifier *out)
{
    size_t start = scan->at;

    while (!ends_arbitrary(scan_peek(scan)))
        scan->at++;
    size_t len = scan->at - start;
    if (!len)
        return scan_expected(scan, "a version after \"===\"");
    if (memchr(scan->text + start, '\0', len)) {
        scan->at = start;
        return scan_expected(scan, "a version without NUL after \"===\"");
    }
    if (version_parse(scan->text + start, len, &out->version, NULL) < 0)
        out->version.text[0] = '\0';
    out->arbitrary = xstrndup(scan->text + start, len);
    return 0;
}

static bool may_be_local(enum specifier_operator op)
{
    return op == SPECIFIER_EQUAL || op == SPECIFIER_NOT_EQUAL;
}

int specifier_scan(struct scan *scan, enum specifier_operator op, struct specifier *out)
{
    const char *name = specifier_operator_text(op);
    const struct version *version = &out->version;

    memset(out, 0, sizeof(*out));
    out->op = op;
    scan_skip_whitespace(scan);
    if (op == SPECIFIER_ARBITRARY)
        return read_arbitrary(scan, out);
    if (!scan_digit(scan) && scan_peek(scan) != 'v' && scan_peek(scan) != 'V')
        return scan_expected(scan, "a version after \"%s\"", name);
    if (version_scan(scan, may_be_local(op), &out->version) < 0)
        return -1;
    /* A part that this operator does not take is named as such: "the end" would not help anybody. */
    if (scan_peek(scan) == '+')
        return scan_expected(scan, "no local version after \"%s\", which only == and != take", name);
    if (scan_take(scan, ".*")) {
        out->wildcard = true;
        scan->at -= 2; /* errors point at the wildcard */
        if (!may_be_local(op))
            return scan_expected(scan, "no wildcard after \"%s\", which only == and != take", name);
        if (version_is_prerelease(version) || version->post.len || version->local.len)
            return scan_expected(scan, "a wildcard directly after the release, without suffixes");
        scan->at += 2;
    }
    if (op == SPECIFIER_COMPATIBLE && version_release_count(version) < 2)
        return scan_expected(scan, "a second number of the version, which \"~=\" needs");
    return 0;
}

int specifier_set_add(struct specifier_set *set, struct specifier *specifier, struct scan *scan)
{
    if (set->count == SPECIFIERS_MAX) {
        specifier_release(specifier);
        return scan_expected(scan, "at most %d specifiers", SPECIFIERS_MAX);
    }
    /* Grows at powers of two. */
    if (!(set->count & (set->count - 1)))
        set->items = xrealloc(set->items, (set->count ? 2 * set->count : 1) * sizeof(*set->items));
    set->items[set->count++] = *specifier;
    specifier->arbitrary = NULL;
    return 0;
}

/* Empty pieces are dropped, as `packaging` does: ">=3.6," is a set of one. */
static int read_set(struct scan *scan, struct specifier_set *out)
{
    struct specifier specifier;

    for (;;) {
        scan_skip_whitespace(scan);
        if (scan_take(scan, ","))
            continue;
        if (scan_peek(scan) == SCAN_END)
            return 0;
        int op = specifier_operator_scan(scan);
        if (op < 0)
            return scan_expected(scan, "one of ~= == != <= >= < > ===");
        if (specifier_scan(scan, op, &specifier) < 0 || specifier_set_add(out, &specifier, scan) < 0)
            return -1;
        scan_skip_whitespace(scan);
        if (scan_peek(scan) != SCAN_END && scan_peek(scan) != ',')
            return scan_expected(scan, "\",\" or the end after a specifier");
    }
}

int specifier_set_parse(const char *text, size_t len, struct specifier_set *out, struct buf *error)
{
    struct scan scan = {.text = text, .len = len, .error = error};

    *out = (struct specifier_set)SPECIFIER_SET_INIT;
    if (read_set(&scan, out) == 0)
        return 0;
    specifier_set_release(out);
    return -1;
}

void specifier_set_release(struct specifier_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        specifier_release(&set->items[i]);
    free(set->items);
    *set = (struct specifier_set)SPECIFIER_SET_INIT;
}

/* ---- matching ---- */

/* A specifier without a local version matches all local versions: "==1.0" takes 1.0+cpu. */
static bool equals(const struct specifier *specifier, const struct version *version)
{
    const struct version *wanted = &specifier->version;

    if (specifier->wildcard)
        return version_has_prefix(version, wanted, version_release_count(wanted));
    return version_compare(version, wanted, wanted->local.len ? VERSION_WHOLE : VERSION_PUBLIC) == 0;
}

static bool same_base(const struct specifier *specifier, const struct version *version)
{
    return version_compare(version, &specifier->version, VERSION_BASE) == 0;
}

/* "<3.1" excludes pre-releases of 3.1, unless it names one: a project that does not work with 3.1 does not
 * want 3.1rc1. */
static bool less(const struct specifier *specifier, const struct version *version)
{
    if (version_compare(version, &specifier->version, VERSION_WHOLE) >= 0)
        return false;
    return version_is_prerelease(&specifier->version) || !version_is_prerelease(version) ||
           !same_base(specifier, version);
}

/* ">3.1" excludes post-releases of 3.1, unless it names one, and always its local versions: both are 3.1,
 * mended or rebuilt. */
static bool greater(const struct specifier *specifier, const struct version *version)
{
    if (version_compare(version, &specifier->version, VERSION_WHOLE) <= 0)
        return false;
    bool own_post = version->post.len && !specifier->version.post.len;
    return !(own_post || version->local.len) || !same_base(specifier, version);
}

bool specifier_matches(const struct specifier *specifier, const struct version *version)
{
    const struct version *wanted = &specifier->version;

    switch (specifier->op) {
    case SPECIFIER_COMPATIBLE:
        /* "~=2.2.post3" is ">=2.2.post3, ==2.*": suffixes do not count for the prefix. */
        return version_compare(version, wanted, VERSION_PUBLIC) >= 0 &&
               version_has_prefix(version, wanted, version_release_count(wanted) - 1);
    case SPECIFIER_ARBITRARY:
        return strcasecmp(version->text, specifier->arbitrary) == 0;
    case SPECIFIER_EQUAL:
        return equals(specifier, version);
    case SPECIFIER_NOT_EQUAL:
        return !equals(specifier, version);
    case SPECIFIER_LESS_EQUAL:
        return version_compare(version, wanted, VERSION_PUBLIC) <= 0;
    case SPECIFIER_GREATER_EQUAL:
        return version_compare(version, wanted, VERSION_PUBLIC) >= 0;
    case SPECIFIER_LESS:
        return less(specifier, version);
    case SPECIFIER_GREATER:
        return greater(specifier, version);
    }
    BUG("operator %d of a specifier", (int)specifier->op);
}

/* Naming a pre-release asks for pre-releases only where the named version itself can match. */
static bool names_prerelease(const struct specifier *specifier)
{
    switch (specifier->op) {
    case SPECIFIER_NOT_EQUAL:
    case SPECIFIER_LESS:
    case SPECIFIER_GREATER:
        return false;
    default:
        return specifier->version.text[0] && version_is_prerelease(&specifier->version);
    }
}

bool specifier_set_names_prerelease(const struct specifier_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (names_prerelease(&set->items[i]))
            return true;
    return false;
}

bool specifier_set_contains(const struct specifier_set *set, const struct version *version,
                            enum prereleases prereleases)
{
    bool allowed = prereleases == PRERELEASES_ALLOWED ||
                   (prereleases == PRERELEASES_BY_SET && specifier_set_names_prerelease(set));

    if (!allowed && version_is_prerelease(version))
        return false;
    for (size_t i = 0; i < set->count; i++)
        if (!specifier_matches(&set->items[i], version))
            return false;
    return true;
}

void specifier_set_print(const struct specifier_set *set, struct buf *out)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct specifier *specifier = &set->items[i];
        buf_printf(out, "%s%s%s%s", i ? "," : "", specifier_operator_text(specifier->op),
                   specifier->arbitrary ? specifier->arbitrary : specifier->version.text,
                   specifier->wildcard ? ".*" : "");
    }
}
