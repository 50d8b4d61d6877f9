/* The routes below /v2/. A repository's name has slashes, so paths are read from their end: the last two
 * segments say what is asked for, and all between /v2/ and them is the repository, perhaps with the registry
 * before it. No state. */
#include <string.h>

#include "base/buf.h"
#include "formats/oci/image.h"
#include "proxy/http/respond.h"
#include "proxy/registry/image.h"
#include "proxy/registry/registry.h"

/* GET /v2/: clients ask whether this is a registry, and whether they must authenticate: 200 says that they
 * need not. */
static enum MHD_Result respond_version(struct request *request)
{
    const struct header headers[] = {{REGISTRY_VERSION_HEADER, REGISTRY_VERSION}};
    struct buf body = BUF_INIT;

    buf_add_text(&body, "{}");
    return respond_body(request, "application/json", &body, headers, 1);
}

/* /v2/<name>/<word>/<digest> */
static const struct {
    const char *word;
    enum MHD_Result (*handler)(struct request *request, const struct image *image, const char *digest);
} routes[] = {
    {"manifests", registry_manifest},
    {"blobs", registry_blob},
    {"referrers", registry_referrers},
};

static enum MHD_Result respond_unknown_path(struct request *request)
{
    return respond_registry_error(request, MHD_HTTP_NOT_FOUND, "UNSUPPORTED",
                                  "nothing is served at %.300s: there are /v2/, /v2/_catalog and, below "
                                  "/v2/<name>/, manifests/<tag or digest>, blobs/<digest>, tags/list and "
                                  "referrers/<digest>",
                                  request->target.path);
}

enum MHD_Result registry_api(struct request *request)
{
    struct image CLEANUP_IMAGE image = IMAGE_INIT;
    const struct target *target = &request->target;
    size_t count = target->segment_count;
    enum MHD_Result answer;

    if (count == 1)
        return respond_version(request);
    if (count == 2 && strcmp(target->segments[1].text, "_catalog") == 0)
        return registry_catalog(request);
    if (count < 4)
        return respond_unknown_path(request);
    const char *word = target->segments[count - 2].text;
    const char *last = target->segments[count - 1].text;
    bool tags = strcmp(word, "tags") == 0 && strcmp(last, "list") == 0;
    size_t route = 0;
    while (route < sizeof(routes) / sizeof(routes[0]) && strcmp(word, routes[route].word) != 0)
        route++;
    if (!tags && route == sizeof(routes) / sizeof(routes[0]))
        return respond_unknown_path(request);
    if (image_of_request(request, 2, &image, &answer) < 0)
        return answer;
    if (tags)
        return registry_tags(request, &image);
    if (strcmp(word, "manifests") == 0 && !strchr(last, ':')) /* which no tag has */
        return registry_tag(request, &image, last);
    if (!image_digest_valid(last))
        return respond_registry_error(request, MHD_HTTP_BAD_REQUEST, "DIGEST_INVALID",
                                      "\"%.200s\" is not a valid digest: write \"sha256:\" and 64, or "
                                      "\"sha512:\" and 128 hex digits in lower case",
                                      last);
    return routes[route].handler(request, &image, last);
}
