#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "proxy/proxy.h"
#include "upstreams/upstream.h"

static void site_free(struct shared *value)
{
    struct site *site = (struct site *)value;

    for (size_t i = 0; i < site->pypi_count; i++)
        upstream_unref(site->pypi[i]);
    free(site->pypi);
    config_free(site->config);
    free(site);
}

static struct upstream *pypi_upstream_new(const struct pypi_upstream_config *config)
{
    struct upstream_options options = {
        .name = config->name,
        .base_url = config->index,
        .files_url = config->files,
        .connections = (int)config->common.connections,
        .connect_timeout_s = (int)config->common.connect_timeout_s,
        .first_byte_timeout_s = (int)config->common.first_byte_timeout_s,
        .stall_timeout_s = (int)config->common.stall_timeout_s,
        .proxy = config->common.proxy,
    };
    struct upstream *upstream = upstream_new(&options);

    if (config->files)
        upstream_set_files_base(upstream, config->files);
    return upstream;
}

/* What was learned about a server holds under a new configuration too. */
static void adopt_learned(struct upstream *upstream, const struct site *old)
{
    const char *base_url = upstream_get_options(upstream)->base_url;

    for (size_t i = 0; i < old->pypi_count; i++) {
        if (strcmp(upstream_get_options(old->pypi[i])->base_url, base_url) != 0)
            continue;
        char *CLEANUP_FREE learned = upstream_files_base(old->pypi[i]);
        if (learned && !upstream_get_options(upstream)->files_url)
            upstream_set_files_base(upstream, learned);
    }
}

struct site *site_new(struct config *config, const struct site *old)
{
    struct site *site = xcalloc(1, sizeof(*site));

    shared_init(&site->shared, site_free);
    site->config = config;
    site->pypi_count = config->pypi_upstream_count;
    site->pypi = xcalloc(site->pypi_count, sizeof(struct upstream *));
    for (size_t i = 0; i < site->pypi_count; i++)
        site->pypi[i] = pypi_upstream_new(&config->pypi_upstreams[i]);
    for (size_t i = 0; old && i < site->pypi_count; i++)
        adopt_learned(site->pypi[i], old);
    return site;
}

struct site *site_get(struct proxy *proxy)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&proxy->site_lock);
    shared_ref(&proxy->site->shared);
    return proxy->site;
}

void site_set(struct proxy *proxy, struct site *site)
{
    lock_acquire(&proxy->site_lock);
    struct site *old = proxy->site;
    proxy->site = site;
    lock_release(&proxy->site_lock);
    site_unref(old);
}
