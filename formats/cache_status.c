#include "formats/cache_status.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "formats/field.h"

/* ";" name, or name "=" value: parameters of a structured field (RFC 8941 section 3.1.2), where "?1" is true as the name
 * alone is. Sets *hit where it is that. Returns false when there is none, or what is there is none. */
static bool take_status_parameter(struct field_scan *scan, bool *hit)
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
    bool valued = field_take_char(&rest, '=');
    bool boolean = valued && field_take_char(&rest, '?');
    if (valued && !field_take_value(&rest, &value))
        return false;
    *scan = rest;
    if (text_equal_n(name.text, name.len, "hit"))
        *hit = !valued || (boolean && strcmp(value.data, "1") == 0);
    return true;
}

/* The list has the cache next to the origin first, the one next to us last. */
bool cache_status_hit(const char *value)
{
    struct field_scan scan = {value, strlen(value)};
    struct buf CLEANUP_BUF cache = BUF_INIT;
    bool hit = false;

    do {
        bool member_hit = false;
        field_skip_space(&scan);
        if (!field_take_value(&scan, &cache))
            return false;
        while (take_status_parameter(&scan, &member_hit))
            ;
        if (strcmp(cache.data, CACHE_STATUS_NAME) == 0)
            hit = member_hit;
        field_skip_space(&scan);
    } while (field_take_char(&scan, ','));
    return hit && !scan.len;
}
