#include "base/config_registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/memory.h"

#define PASSWORD_MAX_BYTES 4096

static struct registry_upstream_config *find_section(struct config *config, const char *url)
{
    for (size_t i = 0; i < config->registry_upstream_count; i++)
        if (strcmp(config->registry_upstreams[i].url, url) == 0)
            return &config->registry_upstreams[i];
    return NULL;
}

/* ---- credentials ---- */

static int read_password(struct registry_upstream_config *upstream, struct buf *error)
{
    int CLEANUP_CLOSE fd = open(upstream->password_file, O_RDONLY | O_CLOEXEC);
    char text[PASSWORD_MAX_BYTES + 1];
    ssize_t got = fd < 0 ? -1 : read(fd, text, PASSWORD_MAX_BYTES);

    if (got < 0) {
        buf_set(error, "password_file = %s cannot be read: %s", upstream->password_file, strerror(errno));
        return -1;
    }
    text[got] = '\0';
    size_t len = strcspn(text, "\r\n");
    if (!len || len == PASSWORD_MAX_BYTES) {
        buf_set(error, "password_file = %s has no password in its first line", upstream->password_file);
        memset(text, 0, sizeof(text));
        return -1;
    }
    upstream->password = xstrndup(text, len);
    explicit_bzero(text, sizeof(text));
    return 0;
}

/* The keys of one section. */
static int check_credentials(struct registry_upstream_config *upstream, struct buf *error)
{
    if (upstream->password && upstream->password_file) {
        buf_set(error, "password and password_file are both given; expected one of them");
        return -1;
    }
    if (upstream->password_file && read_password(upstream, error) < 0)
        return -1;
    if (!upstream->username == !upstream->password)
        return 0;
    buf_set(error, upstream->username
                       ? "username is given, but neither password nor password_file"
                       : "a password is given, but no username; for an access token, the registry's "
                         "documentation says which");
    return -1;
}

/* ---- upstreams ---- */

/* Credentials go to one server. */
static int check_shared_keys(const struct registry_config *registry, struct buf *error)
{
    const struct registry_upstream_config *own = &registry->own;
    const char *key = own->username       ? "username"
                      : own->password     ? "password"
                      : own->realms.count ? "realm"
                                          : NULL;

    if (!key || registry->urls.count == 1)
        return 0;
    buf_set(
        error,
        "%s is given for %zu upstreams, so that it would go to all of them; expected it in a section of the "
        "one it is for, such as [upstream \"%s\"]",
        key, registry->urls.count, registry->urls.items[0]);
    return -1;
}

static int complete(struct config *config, struct registry_config *registry, struct buf *error)
{
    bool resolves = false;

    registry->upstream_count = registry->urls.count;
    registry->upstreams = xcalloc(registry->upstream_count, sizeof(*registry->upstreams));
    for (size_t i = 0; i < registry->upstream_count; i++) {
        const struct registry_upstream_config *section = find_section(config, registry->urls.items[i]);
        registry->upstreams[i] = section ? *section : registry->own;
        registry->upstreams[i].url = registry->urls.items[i];
        resolves |= registry->upstreams[i].resolve;
    }
    if (resolves)
        return 0;
    buf_set(error, "none of its upstreams may say what a tag is; expected resolve = yes for one at least");
    return -1;
}

static bool is_used(const struct config *config, const char *url)
{
    for (size_t i = 0; i < config->registry_count; i++)
        for (size_t k = 0; k < config->registries[i].urls.count; k++)
            if (strcmp(config->registries[i].urls.items[k], url) == 0)
                return true;
    return false;
}

static int complete_upstreams(struct config *config, const char **section, struct buf *error)
{
    for (size_t i = 0; i < config->registry_upstream_count; i++) {
        struct registry_upstream_config *upstream = &config->registry_upstreams[i];
        *section = upstream->url;
        if (!is_used(config, upstream->url)) {
            buf_set(error, "no registry has upstream = %s; expected the URL of one that has", upstream->url);
            return -1;
        }
        if (check_credentials(upstream, error) < 0)
            return -1;
    }
    return 0;
}

int config_registries_complete(struct config *config, const char **section, struct buf *error)
{
    const char *by_default = NULL;

    if (complete_upstreams(config, section, error) < 0)
        return -1;
    for (size_t i = 0; i < config->registry_count; i++) {
        struct registry_config *registry = &config->registries[i];
        *section = registry->name;
        if (registry->is_default && by_default) {
            buf_set(error, "[registry \"%s\"] has default = yes already; expected it for one registry",
                    by_default);
            return -1;
        }
        if (registry->is_default)
            by_default = registry->name;
        if (check_credentials(&registry->own, error) < 0 || check_shared_keys(registry, error) < 0 ||
            complete(config, registry, error) < 0)
            return -1;
    }
    return 0;
}
