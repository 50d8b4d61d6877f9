/* mirror.conf: what is accepted is complete and in range, what is refused has a message that begins with the
 * place. */
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/config.h"
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

static void check_config(const struct config *config)
{
    CHECK(config->server.offline || config->pypi_upstream_count > 0);
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
