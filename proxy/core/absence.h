/* "Nowhere": what every upstream has said not to exist, or has denied, remembered for negative_ttl. In memory
 * only. */
#ifndef PROXY_CORE_ABSENCE_H
#define PROXY_CORE_ABSENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "upstreams/fetch.h"

struct proxy;

/* *outcome (may be NULL) is set to FETCH_NOT_FOUND or FETCH_DENIED when it is known. */
bool absence_known(struct proxy *proxy, const char *key, enum fetch_outcome *outcome);
void absence_remember(struct proxy *proxy, const char *key, enum fetch_outcome outcome, int64_t ttl_s);

#endif
