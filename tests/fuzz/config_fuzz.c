/* mirror.conf: what is accepted is complete and in range, what is refused has a message that begins with the
 * place. */
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/config.h"
#include "base/config_file.h"
#include "base/memory.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_upstream(const struct pypi_upstream_config *upstream)
{
    CHECK(*upstream->name && text_ends(upstream->index, "/"));
    CHECK(!upstream->files || text_ends(upstream->files, "/"));
    CHECK(!upstream->json || text_ends(upstream->json, "/"));
    CHECK(upstream->common.connections >= 1 && upstream->common.connections <= 256);
    CHECK(upstream->common.connect_timeout_s >= 1 && upstream->common.connect_timeout_s <= 600);
}

static void check_registry_upstream(const struct registry_upstream_config *upstream)
{
    CHECK(text_starts(upstream->url, "http") && text_ends(upstream->url, "/"));
    CHECK(!upstream->username == !upstream->password);
    CHECK(!upstream->username || !strchr(upstream->username, ':'));
    for (size_t i = 0; i < upstream->realms.count; i++)
        CHECK(*upstream->realms.items[i] && !strpbrk(upstream->realms.items[i], "/@[] "));
    for (size_t i = 0; i < upstream->rewrites.count; i++)
        CHECK(strpbrk(upstream->rewrites.items[i], " \t"));
    CHECK(upstream->common.connections >= 1 && upstream->common.connections <= 256);
}

static void check_registries(const struct config *config)
{
    size_t defaults = 0;

    for (size_t i = 0; i < config->registry_count; i++) {
        const struct registry_config *registry = &config->registries[i];
        bool resolves = false;
        defaults += registry->is_default;
        CHECK(*registry->name && !strpbrk(registry->name, "/ ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        CHECK(registry->upstream_count > 0 && registry->upstream_count <= CONFIG_MAX_ITEMS);
        for (size_t k = 0; k < registry->upstream_count; k++) {
            check_registry_upstream(&registry->upstreams[k]);
            resolves |= registry->upstreams[k].resolve;
        }
        CHECK(resolves);
    }
    CHECK(defaults <= 1);
}

static void check_config(const struct config *config)
{
    CHECK(config->server.offline || config->pypi_upstream_count + config->registry_count > 0);
    check_registries(config);
    for (size_t i = 0; i < config->pypi_upstream_count; i++)
        check_upstream(&config->pypi_upstreams[i]);
    CHECK(config->server.listen.count > 0);
    for (size_t i = 0; i < config->server.listen.count; i++)
        CHECK(strchr(config->server.listen.items[i], ':'));
    CHECK(config->server.workers >= 0 && config->server.workers <= 256);
    CHECK(*config->server.access_log && *config->storage.path);
    CHECK(config->storage.max_size_bytes > 0 && config->storage.min_free_bytes >= 0);
    CHECK(config->pypi.ttl_s >= 0 && config->pypi.max_page_bytes >= 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct config *config = NULL;

    if (config_parse((const char *)data, size, "m.conf", &config, &error) == 0) {
        CHECK(error.len == 0);
        check_config(config);
        config_free(config);
    } else {
        CHECK(!config && text_starts(error.data, "m.conf:"));
    }
    return 0;
}
