/* Cache-Status (RFC 9211): how a cache came by an answer. The server sends it, the client reads it. */
#ifndef FORMATS_CACHE_STATUS_H
#define FORMATS_CACHE_STATUS_H

#include <stdbool.h>

#define CACHE_STATUS_HEADER "Cache-Status"
#define CACHE_STATUS_NAME "yizhan"
#define CACHE_STATUS_HIT CACHE_STATUS_NAME "; hit"
#define CACHE_STATUS_MISS CACHE_STATUS_NAME "; fwd=uri-miss"
/* The transfer was already running, for another request. */
#define CACHE_STATUS_COLLAPSED CACHE_STATUS_NAME "; fwd=uri-miss; collapsed"

/* Not held any more, because it was evicted. `detail` is each cache's own (RFC 9211 section 2.9). */
#define CACHE_STATUS_EVICTED CACHE_STATUS_NAME "; detail=evicted"

/* The answer of the last Yizhan on the way to us. */
struct cache_status {
    bool hit;
    bool evicted;
};

/* All false for a value that is not well-formed. */
struct cache_status cache_status_read(const char *value);

#endif
