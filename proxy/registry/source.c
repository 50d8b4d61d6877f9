/* From keys to URLs of upstreams. No state. */
#include "proxy/registry/source.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/url.h"
#include "proxy/core/candidate_list.h"
#include "storage/catalog/image_key.h"

static const struct registry *registry_of(const struct site *site, const char *key)
{
    size_t len = strcspn(key, "/");

    for (size_t i = 0; i < site->registry_count; i++)
        if (text_equal_n(key, len, site->registries[i].config->name))
            return &site->registries[i];
    BUG("%s is of no registry that is configured", key);
}

struct document_times registry_times(const struct site *site, const char *key)
{
    const struct registry_config *config = registry_of(site, key)->config;

    return (struct document_times){config->tag_ttl_s, config->stale_ttl_s, config->negative_ttl_s};
}

/* Only negative_ttl is the registry's own: what a digest names never changes. */
struct document_times registry_immutable_times(const struct site *site, const char *key)
{
    struct document_times times = registry_times(site, key);

    times.ttl_s = DOCUMENT_IMMUTABLE_S;
    times.stale_ttl_s = 0;
    return times;
}

/* Appends the upstream's name of the repository: if several rules fit, the first one wins. */
static void rewrite_repository(const struct registry_upstream_config *config, const char *repository,
                               size_t len, struct buf *out)
{
    for (size_t i = 0; i < config->rewrites.count; i++) {
        const char *from = config->rewrites.items[i];
        size_t from_len = strcspn(from, " \t");
        const char *to = from + from_len + strspn(from + from_len, " \t");
        if (from_len <= len && memcmp(repository, from, from_len) == 0) {
            buf_add_text(out, to);
            buf_add(out, repository + from_len, len - from_len);
            return;
        }
    }
    buf_add(out, repository, len);
}

/* A path in the upstream's URL is a prefix of its repositories, in the scope of tokens as well. */
static void add_registry_candidate(const struct registry_upstream_config *config, struct upstream *upstream,
                                   const struct image_key_parts *parts, const char *path,
                                   struct candidate_list *out)
{
    struct buf CLEANUP_BUF repository = BUF_INIT;
    struct url url;

    CHECK(url_split(config->url, strlen(config->url), &url) ==
          0); /* the configuration was checked when it was read */
    if (url.path.len > 2)
        buf_add(&repository, url.path.text + 1, url.path.len - 1); /* ends in "/" */
    rewrite_repository(config, parts->repository, parts->repository_len, &repository);
    char *CLEANUP_FREE place = xasprintf("%s://%.*s/v2/%s/%s", url.https ? "https" : "http",
                                         (int)url.authority.len, url.authority.text, repository.data, path);
    char *CLEANUP_FREE scope = xasprintf("repository:%s:pull", repository.data);
    candidate_list_add(out, upstream, place, scope);
}

void registry_candidates(const struct site *site, const char *key, const char *path, bool resolving,
                         struct candidate_list *out)
{
    const struct registry *registry = registry_of(site, key);
    struct image_key_parts parts = image_key_split(key);

    for (size_t i = 0; i < registry->config->upstream_count; i++)
        if (registry->config->upstreams[i].resolve || !resolving)
            add_registry_candidate(&registry->config->upstreams[i], registry->upstreams[i], &parts, path,
                                   out);
}

void registry_manifest_candidates(const struct site *site, const char *key, struct candidate_list *out)
{
    char *CLEANUP_FREE path = xasprintf("manifests/%s", image_key_reference(key));

    registry_candidates(site, key, path, !image_key_has_digest(key), out);
}
