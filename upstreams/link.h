/* Link headers (RFC 8288), as registries use them to page lists. Pure. */
#ifndef UPSTREAMS_LINK_H
#define UPSTREAMS_LINK_H

#include <stdbool.h>

struct buf;

/* Appends the target of the first link with rel=next, resolved against `base`. Returns false, appending nothing, when
 * there is none that is a http(s) URL. */
bool link_next(const char *value, const char *base, struct buf *out);

#endif
