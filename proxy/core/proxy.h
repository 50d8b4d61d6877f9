/* The running instance, shared by all parts of the proxy. Set once at start, except `site`, which a reload
 * swaps. */
#ifndef PROXY_CORE_PROXY_H
#define PROXY_CORE_PROXY_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/lock.h"
#include "proxy/core/memcache.h"

struct request;
struct target;
struct upstream;

/* Answers a request (proxy/http/request.h). Returns the result of the respond_*() function or of
 * request_wait(). */
typedef enum MHD_Result (*request_handler)(struct request *request);

/* One configuration in force, with its upstreams. Immutable and reference-counted: requests and fills that
 * began under it keep it, a reload makes a new one. */
struct site {
    struct shared shared;
    struct config *config;
    struct upstream **pypi; /* in the order of mirror.conf */
    size_t pypi_count;
    struct registry *registries; /* one for each of config->registries */
    size_t registry_count;
};

/* A container registry: [registry "name"]. */
struct registry {
    const struct registry_config *config;
    struct upstream **upstreams; /* those of config->upstreams */
};

struct proxy {
    request_handler (*find_handler)(const struct target *target); /* of the path; never NULL */
    struct store *store;
    struct fetcher *fetcher;
    struct fills *fills;
    struct memcache *memcache;
    struct jobs *jobs;
    struct connections *connections;
    struct access_log *access_log;
    struct listener *listener;
    char *address; /* the first one we listen on, for people: "127.0.0.1:8080" */
    int64_t started_at_s;

    struct lock site_lock;
    struct site *site; /* guarded by site_lock */
};

/* Takes over config. `old` (may be NULL) is the site before it: where its upstreams keep their files remains
 * known. */
struct site *site_new(struct config *config, const struct site *old);
/* Returns a new reference to the configuration in force. */
struct site *site_get(struct proxy *proxy);
/* Puts another site in force; takes the reference. */
void site_set(struct proxy *proxy, struct site *site);
/* Calls `visit` for every upstream of the site. */
void site_each_upstream(const struct site *site, void (*visit)(void *arg, struct upstream *upstream),
                        void *arg);
static inline void site_unref(struct site *site)
{
    shared_unref(site ? &site->shared : NULL);
}

#endif
