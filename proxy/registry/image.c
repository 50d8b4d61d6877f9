/* From the path of a request to the image. No state. What is not valid is refused here, so all later code may
 * put the name into keys, URLs and log lines. */
#include "proxy/registry/image.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/memory.h"
#include "formats/oci/image.h"
#include "proxy/http/respond.h"
#include "storage/catalog/image_name.h"

void image_release(struct image *image)
{
    free(take_ptr(&image->name));
}

/* By the Host header that the client sent, with or without a port. */
static const struct registry_config *find_by_host(struct request *request)
{
    const struct config *config = request->site->config;
    const char *header = request_header(request, "Host");

    for (size_t i = 0; header && i < config->registry_count; i++)
        for (size_t k = 0; k < config->registries[i].hosts.count; k++) {
            const char *host = config->registries[i].hosts.items[k];
            size_t len = strlen(host);
            if (strncasecmp(header, host, len) == 0 && (header[len] == '\0' || header[len] == ':'))
                return &config->registries[i];
        }
    return NULL;
}

/* `name` is the registry that the request has named, or NULL. */
static enum MHD_Result respond_unknown_registry(struct request *request, const char *name)
{
    struct buf CLEANUP_BUF known = BUF_INIT;

    for (size_t i = 0; i < request->site->registry_count; i++)
        buf_printf(&known, "%s%s", i ? ", " : "", request->site->registries[i].config->name);
    if (!known.len)
        return respond_registry_error(
            request, MHD_HTTP_NOT_FOUND, "NAME_UNKNOWN",
            "no registry is configured on this mirror: add [registry \"docker.io\"] to "
            "its mirror.conf");
    if (!name)
        return respond_registry_error(request, MHD_HTTP_NOT_FOUND, "NAME_UNKNOWN",
                                      "no registry is the default on this mirror: put one of %s before the "
                                      "repository, or set default = yes for one in its mirror.conf",
                                      known.data);
    return respond_registry_error(request, MHD_HTTP_NOT_FOUND, "NAME_UNKNOWN",
                                  "the registry %.200s is not configured on this mirror, which has %s: add "
                                  "[registry \"%.200s\"] to its mirror.conf",
                                  name, known.data, name);
}

int image_of_request(struct request *request, size_t after, struct image *out, enum MHD_Result *answered)
{
    const struct site *site = request->site;
    const char *named = target_query(&request->target, "ns");
    struct buf CLEANUP_BUF path = BUF_INIT;
    struct buf CLEANUP_BUF name = BUF_INIT;
    struct image_registry registry = {.config = NULL};

    for (size_t i = 1; i + after < request->target.segment_count; i++)
        buf_printf(&path, "%s%s", i > 1 ? "/" : "", request->target.segments[i].text);
    out->ns = named;
    if (named) { /* then the whole path is the repository */
        registry.config = image_registry_find(site->config, named, strlen(named));
    } else {
        registry = image_registry_of(site->config, path.data, path.len, find_by_host(request));
        if (registry.name && !registry.config)
            named = request->target.segments[1].text;
    }
    if (!registry.config) {
        *answered = respond_unknown_registry(request, named);
        return -1;
    }
    /* A site has one struct registry for each section of its configuration, in the same order. */
    out->registry = &site->registries[registry.config - site->config->registries];
    size_t registry_len = strlen(registry.config->name);
    image_name_print(registry.config->name, registry_len, path.data + registry.skip, path.len - registry.skip,
                     &name);
    const char *repository = name.data + registry_len + 1;
    if (!image_name_valid(repository, strlen(repository))) {
        *answered = respond_registry_error(
            request, MHD_HTTP_BAD_REQUEST, "NAME_INVALID",
            "%.300s is not a valid name of a repository: lower-case letters, digits, and "
            "\".\", \"_\", \"-\" between them, in parts separated by \"/\", at "
            "most %d characters",
            repository, IMAGE_NAME_MAX_BYTES);
        return -1;
    }
    out->name = buf_take(&name);
    return 0;
}
