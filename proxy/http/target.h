/* The request target, taken apart from its raw bytes. (The server library decodes percent escapes and cuts at
 * %00 before anyone can look, so it is told not to.) RFC 9112 section 3.2: origin-form; the scheme and host
 * of an absolute-form are skipped.
 *
 *     struct target target;
 *     if (target_parse(raw, &target, &error) < 0)
 *         answer 400 with error.data
 *     ... target.segments[0].text ...
 *     target_release(&target);
 */
#ifndef PROXY_HTTP_TARGET_H
#define PROXY_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define TARGET_MAX_BYTES 4096
#define TARGET_MAX_SEGMENTS 64
#define TARGET_MAX_PARAMETERS 32

struct target_segment {
    const char *raw; /* as sent */
    /* Percent-decoded: UTF-8 without NUL, control characters, "/" and "\"; never "", "." or "..". */
    const char *text;
};

struct target_parameter {
    const char *name;
    const char *value; /* "" without "=" */
};

/* All strings belong to the target. */
struct target {
    char *path;                                          /* raw, begins with "/", without query */
    char *query;                                         /* raw, without "?"; may be NULL */
    struct target_segment segments[TARGET_MAX_SEGMENTS]; /* "/simple/foo/" has two */
    size_t segment_count;
    bool slash; /* the path ends in "/"; always true for "/" */
    struct target_parameter parameters[TARGET_MAX_PARAMETERS];
    size_t parameter_count;
    char *memory;
};

#define CLEANUP_TARGET __attribute__((cleanup(target_release)))

/* Returns 0, or -1 with a sentence for the client in `error`; *out may be released in both cases. */
int target_parse(const char *raw, struct target *out, struct buf *error);
/* The decoded value of a query parameter, or NULL; if it is repeated, the first one wins. "+" is itself, not
 * a space: media types have it. */
const char *target_query(const struct target *target, const char *name);
void target_release(struct target *target);

#endif
