/* Cache-Status (RFC 9211): what a cache says it did for an answer. The server says it, the client reads it. */
#ifndef FORMATS_CACHE_STATUS_H
#define FORMATS_CACHE_STATUS_H

#include <stdbool.h>

#define CACHE_STATUS_HEADER "Cache-Status"
#define CACHE_STATUS_NAME "yizhan"
#define CACHE_STATUS_HIT CACHE_STATUS_NAME "; hit"
#define CACHE_STATUS_MISS CACHE_STATUS_NAME "; fwd=uri-miss"
/* It was on its way already, for another request. */
#define CACHE_STATUS_COLLAPSED CACHE_STATUS_NAME "; fwd=uri-miss; collapsed"

/* The value of the header says that the last Yizhan on the way here had it. */
bool cache_status_hit(const char *value);

#endif
