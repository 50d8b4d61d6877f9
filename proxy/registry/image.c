/* Which registry and repository a request means. No state. */
#include "proxy/registry/image.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "proxy/http/respond.h"

void image_release(struct image *image)
{
    free(take_ptr(&image->name));
}

static const struct registry *find_by_name(const struct site *site, const char *name)
{
    for (size_t i = 0; i < site->registry_count; i++)
        if (strcmp(site->registries[i].config->name, name) == 0)
            return &site->registries[i];
    return NULL;
}

/* With or without the port. */
static bool host_is(const char *header, const char *host)
{
    size_t len = strlen(host);

    return strncasecmp(header, host, len) == 0 && (header[len] == '\0' || header[len] == ':');
}

static const struct registry *find_by_host(struct request *request)
{
    const char *header = request_header(request, "Host");

    for (size_t i = 0; header && i < request->site->registry_count; i++) {
        const struct registry *registry = &request->site->registries[i];
        for (size_t k = 0; k < registry->config->hosts.count; k++)
            if (host_is(header, registry->config->hosts.items[k]))
                return registry;
    }
    return NULL;
}

static const struct registry *find_default(const struct site *site)
{
    for (size_t i = 0; i < site->registry_count; i++)
        if (site->registries[i].config->is_default)
            return &site->registries[i];
    return NULL;
}

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

/* Sets *skip to the number of segments of the repository that name the registry. */
static const struct registry *choose(struct request *request, const char *first, size_t segments,
                                     size_t *skip, bool *ns, enum MHD_Result *answered)
{
    const char *named = target_query(&request->target, "ns");
    const struct registry *registry;

    *skip = 0;
    *ns = named;
    if (named) {
        registry = find_by_name(request->site, named);
    } else if (segments > 1 && (registry = find_by_name(request->site, first))) {
        *skip = 1;
    } else if (!(registry = find_by_host(request))) {
        if (segments > 1 && image_registry_like(first, strlen(first)))
            named = first;
        else
            registry = find_default(request->site);
    }
    if (!registry)
        *answered = respond_unknown_registry(request, named);
    return registry;
}

/* Appends the repository that the segments from `from` on spell. "nginx" of docker.io is "library/nginx". */
static void join_repository(const struct request *request, const struct registry *registry, size_t from,
                            size_t to, struct buf *out)
{
    if (to - from == 1 && strcmp(registry->config->name, "docker.io") == 0)
        buf_add_text(out, "library/");
    for (size_t i = from; i < to; i++) {
        if (i > from)
            buf_add_char(out, '/');
        buf_add_text(out, request->target.segments[i].text);
    }
}

int image_of_request(struct request *request, size_t behind, struct image *out, enum MHD_Result *answered)
{
    struct buf CLEANUP_BUF name = BUF_INIT;
    size_t end = request->target.segment_count - behind;
    size_t skip;

    out->registry = choose(request, request->target.segments[1].text, end - 1, &skip, &out->ns, answered);
    if (!out->registry)
        return -1;
    buf_add_text(&name, out->registry->config->name);
    buf_add_char(&name, '/');
    size_t start = name.len;
    join_repository(request, out->registry, 1 + skip, end, &name);
    const char *repository = name.data + start;
    if (!image_name_valid(repository, name.len - start)) {
        *answered =
            respond_registry_error(request, MHD_HTTP_BAD_REQUEST, "NAME_INVALID",
                                   "%.300s is no name of a repository: lower-case letters, digits, and "
                                   "\".\", \"_\", \"-\" between them, in parts separated by \"/\", at "
                                   "most %d characters",
                                   repository, IMAGE_NAME_MAX_BYTES);
        return -1;
    }
    out->name = buf_take(&name);
    return 0;
}
