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

/* Whether the header says that the last Yizhan on the way to us answered from its store. */
bool cache_status_hit(const char *value);

#endif
