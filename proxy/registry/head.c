/* Heads of manifests: asking upstreams what a tag or digest is without downloading it. HEAD does not count
 * against the quota of pulls that some registries have, and saves the manifest where the client has it. No
 * state; parsing runs on the jobs thread, answering on workers. */
#include "proxy/registry/head.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "formats/oci/image.h"
#include "proxy/http/respond.h"
#include "proxy/registry/source.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/spaces.h"

const struct manifest_head *manifest_head_of(const struct document *document)
{
    return (const struct manifest_head *)document->content;
}

static void manifest_head_free(struct shared *value)
{
    struct manifest_head *head = (struct manifest_head *)value;

    free(head->media_type);
    free(head->digest);
    free(head->previous);
    free(head);
}

/* Clients need all three: without the digest they cannot ask for the manifest, and without the others HEAD
 * would have to lie. Some registries leave them out; the body is asked for then. */
bool manifest_head_suffices(const struct document_source *source)
{
    return image_digest_valid(source->origin.digest) && source->origin.size_bytes >= 0 &&
           manifest_kind_of(source->origin.content_type) != MANIFEST_OTHER;
}

struct shared *manifest_head_parse(const struct document_source *source, const char *key, int64_t *cost_bytes,
                                   struct buf *error)
{
    const struct origin *origin = &source->origin;
    struct manifest manifest = {.kind = manifest_kind_of(origin->content_type)};

    *cost_bytes = 1024; /* about: a handful of short strings */
    if (!image_digest_valid(origin->digest) ||
        (image_key_has_digest(key) && strcmp(origin->digest, image_key_reference(key)) != 0)) {
        buf_set(error, "it has the digest \"%.100s\"", origin->digest);
        return NULL;
    }
    /* Otherwise the source has the body, with the size and digest that were computed from it. */
    bool suffices = manifest_head_suffices(source);
    if (!suffices &&
        manifest_parse(source->body.data, source->body.len, origin->content_type, &manifest, error) < 0)
        return NULL;
    const char *media_type = suffices ? origin->content_type : manifest.media_type;
    struct manifest_head *head = xcalloc(1, sizeof(*head));
    shared_init(&head->shared, manifest_head_free);
    head->kind = manifest.kind;
    head->media_type = xstrndup(media_type, strcspn(media_type, "; \t"));
    head->size_bytes = origin->size_bytes;
    head->digest = xstrdup(origin->digest);
    head->previous = xstrdup(origin->previous);
    manifest_release(&manifest);
    return &head->shared;
}

const struct document_kind manifest_head_kind = {
    .space = SPACE_MANIFEST_HEAD,
    .accept = manifest_accept,
    .shape = DOCUMENT_HEAD,
    .head_suffices = manifest_head_suffices,
    .memory_only = true,
    .times = registry_immutable_times,
    .max_bytes = MANIFEST_MAX_BYTES,
    .candidates = registry_manifest_candidates,
    .parse = manifest_head_parse,
};

enum MHD_Result registry_respond_head(struct request *request, const struct image *image,
                                      const struct document *document, const char *what)
{
    const struct manifest_head *head = manifest_head_of(document);
    char *CLEANUP_FREE etag = xasprintf("\"%s\"", head->digest);
    const struct header more[] = {
        {"Docker-Content-Digest", head->digest},
        {REGISTRY_VERSION_HEADER, REGISTRY_VERSION},
        {"OCI-Namespace", image->ns ? image->registry->config->name : NULL},
    };
    const struct file_headers headers = {
        .content_type = head->media_type,
        .etag = etag,
        .cache_control = "no-cache", /* a tag may move at any time */
        .whole_only = true,
        .more = more,
        .more_count = sizeof(more) / sizeof(more[0]),
    };

    /* Schema 1 manifests are signed: the digest is not that of the bytes, so nothing could be verified. */
    if (head->kind == MANIFEST_SCHEMA1)
        return respond_registry_error(
            request, MHD_HTTP_NOT_FOUND, "MANIFEST_UNKNOWN",
            "%s has a schema 1 manifest, a format that was given up in 2019 and "
            "whose digest cannot be checked: push the image again with a current tool",
            what);
    return respond_head(request, head->size_bytes, &headers);
}
