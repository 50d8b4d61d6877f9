/* Content negotiation, RFC 9110 sections 12.4 and 12.5, and the media types of the simple index (PEP 691).
 * Pure functions; run on workers.
 *
 * Lenient with clients: a malformed element is skipped, and if nothing is left the header counts as absent,
 * because an answer in our preferred form is of more use than 406. */
#include "proxy/http/negotiate.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

/* "latest" comes after the real types, so that a wildcard never chooses it. */
static const struct {
    const char *type;
    enum simple_format format;
} simple_types[] = {
    {"text/html", SIMPLE_TEXT_HTML},
    {"application/vnd.pypi.simple.v1+json", SIMPLE_V1_JSON},
    {"application/vnd.pypi.simple.v1+html", SIMPLE_V1_HTML},
    {"application/vnd.pypi.simple.latest+json", SIMPLE_V1_JSON},
    {"application/vnd.pypi.simple.latest+html", SIMPLE_V1_HTML},
};

#define SIMPLE_TYPES (sizeof(simple_types) / sizeof(*simple_types))

/* One element of a list: "text/html;level=1;q=0.5". */
struct element {
    const char *value;
    size_t len;
    int q;           /* thousandths */
    bool parameters; /* others than q */
};

/* Length up to `stop`, outside of quoted strings: a quoted parameter may contain commas and semicolons. */
static size_t span(const char *text, size_t len, char stop)
{
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        if (quoted && text[i] == '\\' && i + 1 < len)
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && text[i] == stop)
            return i;
    }
    return len;
}

/* qvalue = "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3("0") ]. Returns thousandths, or -1. */
static int parse_q(const char *text, size_t len)
{
    static const int weights[] = {100, 10, 1};

    if (!len || len > 5 || (text[0] != '0' && text[0] != '1') || (len > 1 && text[1] != '.'))
        return -1;
    int q = (text[0] - '0') * 1000;
    for (size_t i = 2; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        q += (text[i] - '0') * weights[i - 2];
    }
    return q <= 1000 ? q : -1;
}

/* Reads the element text[0..len). Returns false if it is malformed. */
static bool parse_element(const char *text, size_t len, bool slash, struct element *out)
{
    size_t value_len = span(text, len, ';');

    *out = (struct element){text, value_len, 1000, false};
    text_trim(&out->value, &out->len);
    if (!(slash ? text_is_media_type : text_is_token)(out->value, out->len))
        return false;
    for (size_t at = value_len; at < len;) {
        const char *parameter = text + at + 1;
        size_t parameter_len = span(parameter, len - at - 1, ';');
        at += 1 + parameter_len;
        text_trim(&parameter, &parameter_len);
        if (parameter_len >= 2 && (parameter[0] == 'q' || parameter[0] == 'Q') && parameter[1] == '=') {
            out->q = parse_q(parameter + 2, parameter_len - 2);
            return out->q >= 0; /* what follows q is an extension */
        }
        out->parameters |= parameter_len > 0;
    }
    return true;
}

/* Steps through the well-formed elements of one line. */
static bool next_element(const char **rest, bool slash, struct element *out)
{
    while (**rest) {
        const char *text = *rest;
        size_t len = span(text, strlen(text), ',');
        *rest = text[len] ? text + len + 1 : text + len;
        if (parse_element(text, len, slash, out))
            return true;
    }
    return false;
}

/* 0: the range does not include the offer; otherwise higher is more specific (RFC 9110 section 12.5.1). */
static int specificity(const struct element *range, const char *offer)
{
    size_t type_len = strcspn(offer, "/") + 1;

    if (range->len == strlen(offer) && strncasecmp(range->value, offer, range->len) == 0)
        /* With parameters it names a variant of the offer, so a range without them describes the offer
         * better. */
        return range->parameters ? 3 : 4;
    if (range->len == type_len + 1 && range->value[type_len] == '*' &&
        strncasecmp(range->value, offer, type_len) == 0)
        return 2;
    return text_equal_n(range->value, range->len, "*/*") ? 1 : 0;
}

/* The quality of one offer; -1 if no line has any well-formed element. */
static int offer_quality(const char *const *lines, size_t count, const char *offer)
{
    int best_specificity = 0;
    int q = -1;
    struct element range;

    for (size_t i = 0; i < count; i++)
        for (const char *rest = lines[i]; next_element(&rest, true, &range);) {
            int found = specificity(&range, offer);
            if (q < 0)
                q = 0;
            /* The most specific range decides, even with a lower q: "text/html;q=0.1" beside a wildcard means
             * HTML only as the last resort. Of equally specific ones the highest q counts. */
            if (found > best_specificity || (found && found == best_specificity && range.q > q)) {
                best_specificity = found;
                q = range.q;
            }
        }
    return q;
}

int negotiate_media(const char *const *lines, size_t count, const char *const *offers, size_t offer_count)
{
    int best = -1;
    int best_q = 0;

    for (size_t i = 0; i < offer_count; i++) {
        int q = offer_quality(lines, count, offers[i]);
        if (q < 0)
            return 0;
        /* Strictly: of equals, the first offer is ours to prefer; and q=0 means "not acceptable". */
        if (q > best_q) {
            best_q = q;
            best = (int)i;
        }
    }
    return best;
}

bool negotiate_gzip(const char *const *lines, size_t count)
{
    int gzip = -1, identity = -1, any = -1;
    struct element coding;

    for (size_t i = 0; i < count; i++)
        for (const char *rest = lines[i]; next_element(&rest, false, &coding);) {
            bool is_gzip = coding.len == 4 && strncasecmp(coding.value, "gzip", 4) == 0;
            bool is_x_gzip = coding.len == 6 && strncasecmp(coding.value, "x-gzip", 6) == 0;
            bool is_identity = coding.len == 8 && strncasecmp(coding.value, "identity", 8) == 0;
            if (is_gzip || is_x_gzip)
                gzip = coding.q;
            else if (is_identity)
                identity = coding.q;
            else if (text_equal_n(coding.value, coding.len, "*"))
                any = coding.q;
        }
    if (gzip < 0)
        gzip = any;
    /* identity is acceptable unless excluded, but its q, if stated, may be the higher one. */
    return gzip > 0 && gzip >= identity;
}

const char *simple_format_type(enum simple_format format)
{
    return simple_types[format].type;
}

int simple_format_negotiate(const char *const *lines, size_t count)
{
    const char *offers[SIMPLE_TYPES];

    for (size_t i = 0; i < SIMPLE_TYPES; i++)
        offers[i] = simple_types[i].type;
    int chosen = negotiate_media(lines, count, offers, SIMPLE_TYPES);
    return chosen < 0 ? -1 : (int)simple_types[chosen].format;
}

int simple_format_by_type(const char *type)
{
    for (size_t i = 0; i < SIMPLE_TYPES; i++)
        if (strcasecmp(simple_types[i].type, type) == 0)
            return (int)simple_types[i].format;
    return -1;
}
