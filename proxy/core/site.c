/* A site is one configuration with its upstreams.
 *
 * It is made by the main thread at start and at each reload, and never changed: only proxy->site is, under
 * site_lock. Requests and fills hold a reference, so the site of an earlier configuration lives until the
 * last of them has ended, and no handler needs to expect a reload in its middle. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "proxy/core/proxy.h"
#include "upstreams/upstream.h"

static void site_free(struct shared *value)
{
    struct site *site = (struct site *)value;

    for (size_t i = 0; i < site->pypi_count; i++)
        upstream_unref(site->pypi[i]);
    free(site->pypi);
    for (size_t i = 0; i < site->registry_count; i++) {
        for (size_t k = 0; k < site->registries[i].config->upstream_count; k++)
            upstream_unref(site->registries[i].upstreams[k]);
        free(site->registries[i].upstreams);
    }
    free(site->registries);
    config_free(site->config);
    free(site);
}

static struct upstream_options common_options(const struct upstream_config *config)
{
    return (struct upstream_options){
        .connections = (int)config->connections,
        .connect_timeout_s = (int)config->connect_timeout_s,
        .first_byte_timeout_s = (int)config->first_byte_timeout_s,
        .stall_timeout_s = (int)config->stall_timeout_s,
        .proxy = config->proxy,
    };
}

static struct upstream *pypi_upstream_new(const struct pypi_upstream_config *config)
{
    struct upstream_options options = common_options(&config->common);

    options.name = config->name;
    options.base_url = config->index;
    options.files_url = config->files;
    struct upstream *upstream = upstream_new(&options);

    if (config->files)
        upstream_set_files_base(upstream, config->files);
    return upstream;
}

/* A registry's upstream has no name in mirror.conf: "https://m.daocloud.io/docker.io/" is called
 * "m.daocloud.io/docker.io". */
static struct upstream *registry_upstream_new(const struct registry_upstream_config *config)
{
    struct upstream_options options = common_options(&config->common);
    const char *host = strstr(config->url, "://");
    const char *name = host ? host + strlen("://") : config->url;
    char *CLEANUP_FREE bare = xstrndup(name, strlen(name) - text_ends(name, "/"));

    options.name = bare;
    options.base_url = config->url;
    options.username = config->username;
    options.password = config->password;
    options.realms = (const char *const *)config->realms.items;
    options.realm_count = config->realms.count;
    return upstream_new(&options);
}

/* Where a server keeps its files was learned from its pages, and holds under a new configuration too: without
 * it, the place would be guessed until the next page is fetched. Health and quota start afresh. */
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
    site->registry_count = config->registry_count;
    site->registries = xcalloc(site->registry_count, sizeof(struct registry));
    for (size_t i = 0; i < site->registry_count; i++) {
        struct registry *registry = &site->registries[i];
        registry->config = &config->registries[i];
        registry->upstreams = xcalloc(registry->config->upstream_count, sizeof(struct upstream *));
        for (size_t k = 0; k < registry->config->upstream_count; k++)
            registry->upstreams[k] = registry_upstream_new(&registry->config->upstreams[k]);
    }
    return site;
}

void site_each_upstream(const struct site *site, void (*visit)(void *arg, struct upstream *upstream),
                        void *arg)
{
    for (size_t i = 0; i < site->pypi_count; i++)
        visit(arg, site->pypi[i]);
    for (size_t i = 0; i < site->registry_count; i++)
        for (size_t k = 0; k < site->registries[i].config->upstream_count; k++)
            visit(arg, site->registries[i].upstreams[k]);
}

struct site *site_get(struct proxy *proxy)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&proxy->site_lock);
    return (struct site *)shared_ref(&proxy->site->shared);
}

void site_set(struct proxy *proxy, struct site *site)
{
    lock_acquire(&proxy->site_lock);
    struct site *old = proxy->site;
    proxy->site = site;
    lock_release(&proxy->site_lock);
    site_unref(old);
}
