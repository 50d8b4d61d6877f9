/* No state. Runs once after a configuration is read, on the main thread.
 *
 * Credentials are the reason for most checks: they go to one server only, so a registry with several
 * upstreams must say in [upstream "URL"] which one they are for. */
#include "base/config_registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/memory.h"

#define PASSWORD_MAX_BYTES 4096

static void print_urls(const struct config *config, struct buf *out)
{
    const char *separator = "";

    for (size_t i = 0; i < config->registry_count; i++) {
        for (size_t k = 0; k < config->registries[i].urls.count; k++) {
            buf_printf(out, "%s%s", separator, config->registries[i].urls.items[k]);
            separator = ", ";
        }
    }
}

/* ---- credentials ---- */

/* Reads up to `size` bytes. Returns how many, or -1 with errno. */
static ssize_t read_file_start(const char *path, char *out, size_t size)
{
    /* O_NONBLOCK: opening a fifo must not wait for a writer. */
    int CLEANUP_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t len = 0;
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return -1;
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    while (len < size) {
        ssize_t got = read(fd, out + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

/* The length of the first line; -1 if that cannot be a password: empty, too long, or with control
 * characters. */
static ssize_t password_len(const char *text, size_t len)
{
    size_t end = 0;

    while (end < len && text[end] != '\n')
        end++;
    if (end && text[end - 1] == '\r')
        end--;
    for (size_t i = 0; i < end; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
            return -1;
    return end && end <= PASSWORD_MAX_BYTES ? (ssize_t)end : -1;
}

static int read_password(struct registry_upstream_config *upstream, struct buf *error)
{
    char text[PASSWORD_MAX_BYTES + 2]; /* with the end of the line */
    ssize_t got = read_file_start(upstream->password_file, text, sizeof(text));

    if (got < 0) {
        buf_set(error,
                "password_file = %s cannot be read: %s; expected a file that the server may read, whose "
                "first line "
                "is the password%s",
                upstream->password_file, errno == EINVAL ? "it is not a regular file" : strerror(errno),
                *upstream->password_file == '/' ? "" : " (the path starts where the program is started)");
        return -1;
    }
    ssize_t len = password_len(text, (size_t)got);
    if (len < 0)
        buf_set(
            error,
            "password_file = %s has no password; expected its first line to be 1 to %d bytes without control "
            "characters",
            upstream->password_file, PASSWORD_MAX_BYTES);
    else
        upstream->password = xstrndup(text, (size_t)len);
    explicit_bzero(text, sizeof(text));
    return len < 0 ? -1 : 0;
}

/* The keys of one section. */
static int check_credentials(struct registry_upstream_config *upstream, struct config_place *place,
                             struct buf *error)
{
    place->key = upstream->password_file ? "password_file" : "password";
    if (upstream->password && upstream->password_file) {
        buf_set(error, "password and password_file are both given; expected one of them");
        return -1;
    }
    if (!upstream->username && (upstream->password || upstream->password_file)) {
        buf_set(error,
                "%s is given, but no username; expected username = too, for an access token as the "
                "registry's documentation has it",
                place->key);
        return -1;
    }
    if (upstream->password_file && read_password(upstream, error) < 0)
        return -1;
    place->key = "username";
    if (upstream->username && !upstream->password) {
        buf_set(error, "username is given, but no password; expected password_file = or password = too");
        return -1;
    }
    return 0;
}

/* ---- [upstream "URL"] ---- */

static struct registry_upstream_config *find_section(const struct config *config, const char *url)
{
    for (size_t i = 0; i < config->registry_upstream_count; i++)
        if (strcmp(config->registry_upstreams[i].url, url) == 0)
            return &config->registry_upstreams[i];
    return NULL;
}

static bool is_used(const struct config *config, const char *url)
{
    for (size_t i = 0; i < config->registry_count; i++)
        for (size_t k = 0; k < config->registries[i].urls.count; k++)
            if (strcmp(config->registries[i].urls.items[k], url) == 0)
                return true;
    return false;
}

static int complete_upstream(const struct config *config, struct registry_upstream_config *upstream,
                             struct config_place *place, struct buf *error)
{
    *place = (struct config_place){"upstream", upstream->url, NULL};
    if (is_used(config, upstream->url))
        return check_credentials(upstream, place, error);
    buf_set(error, "no registry has upstream = %s; ", upstream->url);
    if (config->registry_count) {
        buf_add_text(error, "expected one of ");
        print_urls(config, error);
    } else {
        buf_add_text(error, "expected a section [registry \"name\"] with it");
    }
    return -1;
}

/* ---- [registry "name"] ---- */

/* Credentials go to one server. */
static int check_own_keys(const struct config *config, struct registry_config *registry,
                          struct config_place *place, struct buf *error)
{
    struct registry_upstream_config *own = &registry->own;

    place->key = own->username        ? "username"
                 : own->password      ? "password"
                 : own->password_file ? "password_file"
                 : own->realms.count  ? "realm"
                                      : NULL;
    if (!place->key)
        return 0;
    if (registry->urls.count == 1 && !find_section(config, registry->urls.items[0]))
        return check_credentials(own, place, error);
    if (registry->urls.count == 1)
        buf_set(error,
                "%s is given here, but the upstream has a section of its own; put it into [upstream \"%s\"]",
                place->key, registry->urls.items[0]);
    else
        buf_set(error,
                "%s is given for %zu upstreams, and credentials must go to one only; put it into a section "
                "of the "
                "one that it is for, such as [upstream \"%s\"]",
                place->key, registry->urls.count, registry->urls.items[0]);
    return -1;
}

/* Keys that at most one registry may have; `before` comes earlier in the file. */
static int check_unique(const struct registry_config *registry, const struct registry_config *before,
                        struct config_place *place, struct buf *error)
{
    if (registry->is_default && before->is_default) {
        place->key = "default";
        buf_set(error, "default = yes, but [registry \"%s\"] has it already; expected it for one registry",
                before->name);
        return -1;
    }
    for (size_t i = 0; i < registry->hosts.count; i++) {
        for (size_t k = 0; k < before->hosts.count; k++) {
            if (strcasecmp(registry->hosts.items[i], before->hosts.items[k]) != 0)
                continue;
            place->key = "host";
            buf_set(error, "host = %s means [registry \"%s\"] already; expected another name",
                    registry->hosts.items[i], before->name);
            return -1;
        }
    }
    return 0;
}

static int fill_in_upstreams(const struct config *config, struct registry_config *registry,
                             struct config_place *place, struct buf *error)
{
    bool resolves = false;

    registry->upstream_count = registry->urls.count;
    registry->upstreams = xcalloc(registry->upstream_count, sizeof(*registry->upstreams));
    for (size_t i = 0; i < registry->upstream_count; i++) {
        const struct registry_upstream_config *section = find_section(config, registry->urls.items[i]);
        registry->upstreams[i] = section ? *section : registry->own;
        registry->upstreams[i].url = registry->urls.items[i];
        resolves |= registry->upstreams[i].resolve;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(registry->urls.items[k], registry->urls.items[i]) != 0)
                continue;
            place->key = "upstream";
            buf_set(error, "upstream = %s is given twice; expected it once", registry->urls.items[i]);
            return -1;
        }
    }
    if (resolves)
        return 0;
    place->key = "resolve";
    buf_set(error, "no upstream may say what a tag means; expected resolve = yes for one of them at least");
    return -1;
}

static int complete_registry(const struct config *config, struct registry_config *registry,
                             struct config_place *place, struct buf *error)
{
    *place = (struct config_place){"registry", registry->name, NULL};
    for (const struct registry_config *before = config->registries; before < registry; before++)
        if (check_unique(registry, before, place, error) < 0)
            return -1;
    if (check_own_keys(config, registry, place, error) < 0)
        return -1;
    return fill_in_upstreams(config, registry, place, error);
}

int config_registries_complete(struct config *config, struct config_place *place, struct buf *error)
{
    for (size_t i = 0; i < config->registry_upstream_count; i++)
        if (complete_upstream(config, &config->registry_upstreams[i], place, error) < 0)
            return -1;
    for (size_t i = 0; i < config->registry_count; i++)
        if (complete_registry(config, &config->registries[i], place, error) < 0)
            return -1;
    return 0;
}
