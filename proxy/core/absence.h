/* "Nowhere": objects that every upstream has reported missing, or has denied, remembered for negative_ttl. In
 * memory only. */
#ifndef PROXY_CORE_ABSENCE_H
#define PROXY_CORE_ABSENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "upstreams/fetch.h"

struct proxy;

/* True if the absence is known: *outcome (may be NULL) is then FETCH_NOT_FOUND or FETCH_DENIED. */
bool absence_known(struct proxy *proxy, const char *key, enum fetch_outcome *outcome);
void absence_remember(struct proxy *proxy, const char *key, enum fetch_outcome outcome, int64_t ttl_s);

#endif
