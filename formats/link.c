/* Link headers by RFC 8288 section 3 and appendix B.2, which is lenient: empty elements of the list,
 * parameters without a value and unknown ones are skipped. After the first thing that breaks the grammar
 * nothing more is read, since nothing says where the next link begins. */
#include "formats/link.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "formats/field.h"
#include "formats/url.h"

struct link {
    struct field_scan target; /* between < and > */
    bool is_next;
    bool has_rel;
    bool has_anchor;
};

/* "prev next": relation types are separated by spaces and have no case. */
static bool rel_has_next(const char *rel)
{
    const char *rest = rel;
    const char *word;
    size_t len;

    while ((word = text_next(&rest, ' ', &len)))
        if (len == strlen("next") && strncasecmp(word, "next", len) == 0)
            return true;
    return false;
}

/* One ";"-separated parameter, which may be a name without a value, or empty. If rel is repeated, the first
 * one wins (section 3.3). */
static bool take_link_parameter(struct field_scan *scan, struct link *link)
{
    struct buf CLEANUP_BUF value = BUF_INIT;
    struct field_scan name;

    field_skip_space(scan);
    if (!scan->len || *scan->text == ',' || *scan->text == ';')
        return true;
    if (!field_take_parameter(scan, &name, &value)) {
        if (!field_take_token(scan, &name))
            return false;
        field_skip_space(scan);
        return !scan->len || *scan->text == ',' || *scan->text == ';';
    }
    if (field_token_is(&name, "rel") && !link->has_rel) {
        link->has_rel = true;
        link->is_next = rel_has_next(value.data);
    }
    link->has_anchor |= field_token_is(&name, "anchor");
    return true;
}

/* Takes one link and its parameters. Returns false at the end, or where the text is not a link. */
static bool take_link(struct field_scan *scan, struct link *out)
{
    memset(out, 0, sizeof(*out));
    do
        field_skip_space(scan);
    while (field_take_char(scan, ','));
    if (!field_take_char(scan, '<'))
        return false;
    /* The target may have "," and ";": only ">" ends it, which no URL contains. */
    const char *end = memchr(scan->text, '>', scan->len);
    if (!end)
        return false;
    out->target = (struct field_scan){scan->text, (size_t)(end - scan->text)};
    scan->len -= (size_t)(end + 1 - scan->text);
    scan->text = end + 1;
    field_skip_space(scan);
    while (field_take_char(scan, ';')) {
        if (!take_link_parameter(scan, out))
            return false;
        field_skip_space(scan);
    }
    return !scan->len || *scan->text == ',';
}

bool link_next(const char *value, const char *base, struct buf *out)
{
    struct field_scan scan = {value, strlen(value)};
    struct link link;

    while (take_link(&scan, &link))
        if (link.is_next && !link.has_anchor &&
            url_resolve(base, link.target.text, link.target.len, out) == 0)
            return true;
    return false;
}
