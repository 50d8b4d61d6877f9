/* Link headers (RFC 8288), as registries use them to page lists. Pure. */
#ifndef FORMATS_LINK_H
#define FORMATS_LINK_H

#include <stdbool.h>

struct buf;

/* Appends the target of the first link with rel=next that is an http(s) URL, resolved against `base`. Links
 * with an anchor are about something else and skipped. Returns false, appending nothing, if there is no such
 * link, or the value is malformed before it. The target may be any host, or `base` again: the caller checks
 * it against policy and ends loops. */
bool link_next(const char *value, const char *base, struct buf *out);

#endif
