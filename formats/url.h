/* http and https URLs: taking apart and resolving references, RFC 3986 sections 3 and 5. Strings come from
 * upstreams: anything that is not a URL is refused, stray characters in paths are escaped, nothing allocates
 * but the output buffer. */
#ifndef FORMATS_URL_H
#define FORMATS_URL_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define URL_MAX_BYTES 8192

struct url_span {
    const char *text;
    size_t len;
};

/* Views into the text that was split. */
struct url {
    bool https;
    struct url_span authority; /* user, host and port as written */
    struct url_span host;      /* without the brackets of an IPv6 address */
    unsigned port;             /* the scheme's if none is written */
    struct url_span path;      /* "" or begins with "/" */
    struct url_span query;     /* text is NULL when there is no "?" */
};

/* Takes an absolute URL apart; a fragment is ignored. Returns 0; -1 if it is not a http(s) URL with a host,
 * has control characters or is longer than URL_MAX_BYTES. */
int url_split(const char *text, size_t len, struct url *out);

/* Appends the absolute URL of `reference` in a document at `base`: scheme in lower case, dot segments
 * resolved, no fragment, and bytes that no URL has in path and query (spaces, UTF-8) percent-encoded. Returns
 * 0; -1, with nothing appended, if the result is not an http(s) URL. */
int url_resolve(const char *base, const char *reference, size_t len, struct buf *out);

#endif
