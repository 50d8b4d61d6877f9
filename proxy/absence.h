/* "Nowhere": what every upstream has said not to exist, remembered for negative_ttl. In memory only. */
#ifndef PROXY_ABSENCE_H
#define PROXY_ABSENCE_H

#include <stdbool.h>
#include <stdint.h>

struct proxy;

bool absence_known(struct proxy *proxy, const char *key);
void absence_remember(struct proxy *proxy, const char *key, int64_t ttl_s);

#endif
