/* Range and entity tags: RFC 9110 sections 14, 13.1.2, 13.1.5 and 8.8.3. Pure functions over header
 * values. */
#ifndef PROXY_HTTP_RANGE_H
#define PROXY_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum range_kind {
    RANGE_NONE,          /* no range, or one to be ignored: answer 200 with everything */
    RANGE_OK,            /* answer 206 with *len bytes from *start */
    RANGE_UNSATISFIABLE, /* answer 416 */
};

/* Reads a Range header (NULL: absent) for a representation of `size` bytes. One range of bytes, "a-b", "a-"
 * or "-n"; several ranges, other units and malformed ones are ignored, as the RFC allows. Writes *start and
 * *len only for RANGE_OK; then 0 <= *start, 1 <= *len, *start + *len <= size. */
enum range_kind range_parse(const char *header, int64_t size, int64_t *start, int64_t *len);

/* True if the header (NULL: absent), a list of entity tags, names ours. `etag` is written with its quotes.
 * If-None-Match compares weakly and takes "*"; If-Range compares strongly: no W/ matches, and a date never
 * does. */
bool etag_list_matches(const char *header, const char *etag, bool strong);

#endif
