/* The list of artifacts that refer to an image: signatures, attestations, bills of materials. OCI
 * distribution specification 1.1, "Listing Referrers" and "Unavailable Referrers API": an upstream without
 * that interface keeps the list as an index under the tag sha256-<hex>. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "formats/oci/manifest.h"
#include "proxy/core/candidate_list.h"
#include "proxy/document/freshness.h"
#include "proxy/http/respond.h"
#include "proxy/registry/image.h"
#include "proxy/registry/missing.h"
#include "proxy/registry/registry.h"
#include "proxy/registry/source.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/spaces.h"

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

struct referrer {
    char *artifact_type; /* NULL: none */
    char *json;          /* its descriptor, as the upstream has it */
};

struct referrers_content {
    struct shared shared;
    struct referrer *items;
    size_t count;
};

static void referrers_free(struct shared *value)
{
    struct referrers_content *content = (struct referrers_content *)value;

    for (size_t i = 0; i < content->count; i++) {
        free(content->items[i].artifact_type);
        free(content->items[i].json);
    }
    free(content->items);
    free(content);
}

/* Both forms, the interface's answer and the tag's manifest, are an index. */
static struct shared *referrers_parse(const struct document_source *source, const char *key,
                                      int64_t *cost_bytes, struct buf *error)
{
    const struct buf *body = &source->body;
    struct manifest manifest;

    (void)key;
    if (manifest_parse(body->data, body->len, source->origin.content_type, &manifest, error) < 0)
        return NULL;
    bool is_index = manifest.kind == MANIFEST_INDEX;
    manifest_release(&manifest);
    json_t *index = is_index ? json_loadb(body->data, body->len, 0, NULL) : NULL;
    if (!index) {
        buf_set(error, "it is not an index");
        return NULL;
    }
    /* manifest_parse() has checked it: its manifests are an array of objects. */
    const json_t *manifests = json_object_get(index, "manifests");
    size_t count = json_array_size(manifests);
    struct referrers_content *content = xcalloc(1, sizeof(*content));
    shared_init(&content->shared, referrers_free);
    content->items = xcalloc(count ? count : 1, sizeof(*content->items));
    for (size_t i = 0; i < count; i++) {
        const json_t *descriptor = json_array_get(manifests, i);
        const char *type = json_string_value(json_object_get(descriptor, "artifactType"));
        struct referrer *item = &content->items[content->count++];
        item->artifact_type = xstrdup_or_null(type);
        item->json = json_dumps(descriptor, JSON_COMPACT);
        CHECK(item->json);
    }
    json_decref(index);
    *cost_bytes = 2 * (int64_t)body->len;
    return &content->shared;
}

/* All upstreams that know what is new, by the interface; then the same ones by the tag. */
static void referrers_candidates(const struct site *site, const char *key, struct candidate_list *out)
{
    const char *digest = image_key_reference(key);
    size_t algorithm = strcspn(digest, ":");
    char *CLEANUP_FREE path = xasprintf("referrers/%s", digest);
    char *CLEANUP_FREE tag =
        xasprintf("manifests/%.*s-%.64s", (int)algorithm, digest, digest + algorithm + 1);

    registry_candidates(site, key, path, true, out);
    registry_candidates(site, key, tag, true, out);
}

static const struct document_kind referrers_kind = {
    .space = SPACE_REFERRERS,
    .accept = INDEX_TYPE,
    .times = registry_times,
    .max_bytes = MANIFEST_MAX_BYTES,
    .candidates = referrers_candidates,
    .scope = image_key_name,
    .parse = referrers_parse,
};

/* Filters by ?artifactType=, as the specification wants it, whether the upstream does so or not. content
 * NULL: nothing refers to the image. */
static enum MHD_Result respond_index(struct request *request, const struct image *image,
                                     const struct referrers_content *content)
{
    const char *wanted = target_query(&request->target, "artifactType");
    struct buf json = BUF_INIT;
    const char *separator = "";
    const struct header headers[] = {
        {REGISTRY_VERSION_HEADER, REGISTRY_VERSION},
        {"OCI-Filters-Applied", wanted ? "artifactType" : NULL},
        {"OCI-Namespace", image->ns ? image->registry->config->name : NULL},
    };

    buf_add_text(&json, "{\"schemaVersion\":2,\"mediaType\":\"" INDEX_TYPE "\",\"manifests\":[");
    for (size_t i = 0; content && i < content->count; i++) {
        const struct referrer *item = &content->items[i];
        if (wanted && (!item->artifact_type || strcmp(item->artifact_type, wanted) != 0))
            continue;
        buf_printf(&json, "%s%s", separator, item->json);
        separator = ",";
    }
    buf_add_text(&json, "]}");
    return respond_body(request, INDEX_TYPE, &json, headers, sizeof(headers) / sizeof(headers[0]));
}

enum MHD_Result registry_referrers(struct request *request, const struct image *image, const char *digest)
{
    char *CLEANUP_FREE key = image_key_of_digest(image->name, digest);
    struct document *document = NULL;
    enum document_result result = document_get(request, &referrers_kind, key, &document);

    if (result == DOCUMENT_NOT_FOUND && request->held_only)
        return respond_not_held(request, "MANIFEST_UNKNOWN", key);
    if (result == DOCUMENT_NOT_FOUND) /* an empty index, not a 404 (OCI distribution specification 1.1) */
        return respond_index(request, image, NULL);
    if (result != DOCUMENT_HAVE)
        return registry_respond_missing(request, result, "MANIFEST_UNKNOWN", key);
    enum MHD_Result answer =
        respond_index(request, image, (const struct referrers_content *)document->content);
    document_unref(document);
    return answer;
}
