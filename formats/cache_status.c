/* Cache-Status (RFC 9211): a list of structured fields (RFC 8941), read only as far as one question needs. A
 * value that breaks the grammar before its end is no hit, whatever came before: then we do not know which
 * cache said it. */
#include "formats/cache_status.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "formats/field.h"

/* A parameter of a structured field (RFC 8941 section 3.1.2): ";" name, or ";" name "=" value. A name alone
 * means true, which may also be written "?1". Notes "hit" and "detail" in *status. Returns false, and nothing
 * is taken, if there is no parameter or a malformed one. */
static bool take_status_parameter(struct field_scan *scan, struct cache_status *status)
{
    struct buf CLEANUP_BUF value = BUF_INIT;
    struct field_scan rest = *scan;
    struct field_scan name;

    field_skip_space(&rest);
    if (!field_take_char(&rest, ';'))
        return false;
    field_skip_space(&rest);
    if (!field_take_token(&rest, &name))
        return false;
    /* "?" is not part of a token, so a boolean has to be recognized before field_take_value(). */
    bool valued = field_take_char(&rest, '=');
    bool boolean = valued && field_take_char(&rest, '?');
    if (valued && !field_take_value(&rest, &value))
        return false;
    *scan = rest;
    if (text_equal_n(name.text, name.len, "hit"))
        status->hit = !valued || (boolean && strcmp(value.data, "1") == 0);
    if (text_equal_n(name.text, name.len, "detail"))
        status->evicted = valued && !boolean && strcmp(value.data, "evicted") == 0;
    return true;
}

/* The list has the cache nearest to the origin first and the one nearest to us last. Another Yizhan may be in
 * front of the one we ask; the last one of that name is the one that answered us. */
struct cache_status cache_status_read(const char *value)
{
    static const struct cache_status nothing;
    struct field_scan scan = {value, strlen(value)};
    struct buf CLEANUP_BUF cache = BUF_INIT;
    struct cache_status status = nothing;

    do {
        struct cache_status member = nothing;
        field_skip_space(&scan);
        if (!field_take_value(&scan, &cache))
            return nothing;
        while (take_status_parameter(&scan, &member))
            ;
        if (strcmp(cache.data, CACHE_STATUS_NAME) == 0)
            status = member;
        field_skip_space(&scan);
    } while (field_take_char(&scan, ','));
    return scan.len ? nothing : status;
}
