/* RFC 9110 section 14: one range of bytes. Several are answered with the whole file, which the RFC allows: no
 * client of packages or images needs multipart/byteranges, and many overlapping ranges are an old attack.
 *
 * Clients use it to read the end of a wheel for its metadata (pip, uv) and to resume layers (docker, podman).
 * A malformed header is ignored rather than refused (section 14.2): they get 200 and the whole file. */
#include "proxy/http/range.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

/* Digits only, so no sign and no blank. A number that is too large counts as the largest: no file reaches it.
 * Returns 0, or -1. */
static int parse_position(const char *text, size_t len, int64_t *out)
{
    uint64_t value;

    if (!len)
        return -1;
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return -1;
    *out = text_parse_uint(text, len, &value) < 0 || value > INT64_MAX ? INT64_MAX : (int64_t)value;
    return 0;
}

static enum range_kind parse_suffix(const char *text, size_t text_len, int64_t size, int64_t *start,
                                    int64_t *len)
{
    int64_t wanted;

    if (parse_position(text, text_len, &wanted) < 0)
        return RANGE_NONE;
    /* "-0" asks for nothing, and an empty file has no last byte: 416 by section 14.1.2. */
    if (!wanted || !size)
        return RANGE_UNSATISFIABLE;
    *len = wanted < size ? wanted : size;
    *start = size - *len;
    return RANGE_OK;
}

enum range_kind range_parse(const char *header, int64_t size, int64_t *start, int64_t *len)
{
    static const char unit[] = "bytes=";
    size_t unit_len = sizeof(unit) - 1;

    if (!header)
        return RANGE_NONE;
    size_t text_len = strlen(header);
    text_trim(&header, &text_len);
    if (text_len < unit_len || strncasecmp(header, unit, unit_len) != 0)
        return RANGE_NONE;
    const char *text = header + unit_len;
    text_len -= unit_len;
    text_trim(&text, &text_len);

    const char *dash = memchr(text, '-', text_len);
    if (!dash)
        return RANGE_NONE;
    if (dash == text)
        return parse_suffix(text + 1, text_len - 1, size, start, len);
    int64_t first, last = INT64_MAX;
    size_t last_len = text_len - (size_t)(dash + 1 - text);
    if (parse_position(text, (size_t)(dash - text), &first) < 0 ||
        (last_len && parse_position(dash + 1, last_len, &last) < 0) || last < first)
        return RANGE_NONE;
    /* After the syntax: a last position before the first one makes the range invalid, not unsatisfiable. */
    if (first >= size)
        return RANGE_UNSATISFIABLE;
    *start = first;
    *len = (last < size ? last : size - 1) - first + 1;
    return RANGE_OK;
}

static void skip_separators(const char **at)
{
    *at += strspn(*at, " \t,");
}

bool etag_list_matches(const char *header, const char *etag, bool strong)
{
    bool ours_weak = text_starts(etag, "W/");
    const char *ours = ours_weak ? etag + 2 : etag;

    if (!header)
        return false;
    skip_separators(&header);
    if (*header == '*')
        /* "*" matches whatever there is; If-Range has no such form (RFC 9110 section 13.1.5). */
        return !strong && !header[1 + strspn(header + 1, " \t")];
    while (*header) {
        bool weak = text_starts(header, "W/");
        if (weak)
            header += 2;
        const char *end = *header == '"' ? strchr(header + 1, '"') : NULL;
        if (!end)
            return false; /* not a list of tags: a date, or malformed from here on */
        size_t len = (size_t)(end + 1 - header);
        /* Weak comparison ignores W/ on both sides; the strong one fails if either has it (section
         * 8.8.3.2). */
        if (!(strong && (weak || ours_weak)) && text_equal_n(header, len, ours))
            return true;
        header = end + 1;
        skip_separators(&header);
    }
    return false;
}
