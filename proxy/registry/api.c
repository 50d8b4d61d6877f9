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

static enum MHD_Result respond_bad_digest(struct request *request, const char *digest)
{
    return respond_registry_error(
        request, MHD_HTTP_BAD_REQUEST, "DIGEST_INVALID",
        "\"%.200s\" is not a valid digest: write \"sha256:\" and 64, or \"sha512:\" and 128 hex digits "
        "in lower case",
        digest);
}

static enum MHD_Result respond_manifest(struct request *request, const struct image *image,
                                        const char *reference)
{
    if (!strchr(reference, ':')) /* which no tag has */
        return registry_tag(request, image, reference);
    return image_digest_valid(reference) ? registry_manifest(request, image, reference)
                                         : respond_bad_digest(request, reference);
}

static enum MHD_Result respond_blob_of_digest(struct request *request, const struct image *image,
                                              const char *digest)
{
    return image_digest_valid(digest) ? registry_blob(request, image, digest)
                                      : respond_bad_digest(request, digest);
}

static enum MHD_Result respond_referrers(struct request *request, const struct image *image,
                                         const char *digest)
{
    return image_digest_valid(digest) ? registry_referrers(request, image, digest)
                                      : respond_bad_digest(request, digest);
}

static enum MHD_Result respond_tags_list(struct request *request, const struct image *image, const char *list)
{
    (void)list;
    return registry_tags(request, image);
}

/* /v2/<name>/<word>/<last>, with the handler of the last; last NULL: any. */
static const struct {
    const char *word;
    const char *last;
    enum MHD_Result (*handler)(struct request *request, const struct image *image, const char *last);
} routes[] = {
    {"manifests", NULL, respond_manifest},
    {"blobs", NULL, respond_blob_of_digest},
    {"tags", "list", respond_tags_list},
    {"referrers", NULL, respond_referrers},
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
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strcmp(word, routes[i].word) != 0 || (routes[i].last && strcmp(last, routes[i].last) != 0))
            continue;
        if (image_of_request(request, 2, &image, &answer) < 0)
            return answer;
        return routes[i].handler(request, &image, last);
    }
    return respond_unknown_path(request);
}
