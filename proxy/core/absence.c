/* Absences are values of the memory cache, so a full cache forgets them like anything else: the next request
 * asks the upstreams again, which costs a round trip and is never wrong. */
#include "proxy/core/absence.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "proxy/core/memcache.h"
#include "proxy/core/proxy.h"

struct absence {
    struct shared shared;
    enum fetch_outcome outcome;
    int64_t until_s;
};

static void absence_free(struct shared *value)
{
    free(value);
}

bool absence_known(struct proxy *proxy, const char *key, enum fetch_outcome *outcome)
{
    struct absence *absence = (struct absence *)memcache_get(proxy->memcache, key);

    if (!absence)
        return false;
    bool known = clock_wall_s() < absence->until_s;
    if (known && outcome)
        *outcome = absence->outcome;
    shared_unref(&absence->shared);
    return known;
}

void absence_remember(struct proxy *proxy, const char *key, enum fetch_outcome outcome, int64_t ttl_s)
{
    struct absence *absence = xcalloc(1, sizeof(*absence));

    CHECK(outcome == FETCH_NOT_FOUND || outcome == FETCH_DENIED);
    shared_init(&absence->shared, absence_free);
    absence->outcome = outcome;
    absence->until_s = clock_wall_s() + ttl_s;
    memcache_put(proxy->memcache, key, &absence->shared, sizeof(*absence));
    shared_unref(&absence->shared);
}
