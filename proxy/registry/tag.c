/* Tags: which manifest they are, by HEAD upstream, which costs no quota. The rules of documents say how long that
 * counts; the manifest itself is fetched by digest, and only when it is new. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/memory.h"
#include "proxy/http/respond.h"
#include "proxy/registry/registry.h"

static const struct manifest_head *head_of(const struct document *document)
{
    return (const struct manifest_head *)document->content;
}

static void head_free(struct shared *value)
{
    struct manifest_head *head = (struct manifest_head *)value;

    free(head->media_type);
    free(head->digest);
    free(head->previous);
    free(head);
}

static bool digest_valid(const char *text)
{
    struct checksum digest;

    return image_digest_parse(text, strlen(text), &digest) == 0;
}

/* Clients need all three. */
static bool head_enough(const struct document_source *source)
{
    return digest_valid(source->origin.digest) && source->origin.size_bytes >= 0 &&
           manifest_kind_of(source->origin.content_type) != MANIFEST_OTHER;
}

static struct shared *head_new(const struct document_source *source, enum manifest_kind kind,
                               const char *media_type)
{
    struct manifest_head *head = xcalloc(1, sizeof(*head));

    shared_init(&head->shared, head_free);
    head->kind = kind;
    head->media_type = xstrndup(media_type, strcspn(media_type, "; \t"));
    head->size_bytes = source->origin.size_bytes;
    head->digest = xstrdup(source->origin.digest);
    head->previous = xstrdup(source->origin.previous);
    return &head->shared;
}

static int head_parse(const struct document_source *source, const char *key, struct shared **content,
                      int64_t *cost_bytes, struct buf *error)
{
    struct manifest manifest;

    *cost_bytes = 1024;
    if (!digest_valid(source->origin.digest) ||
        (image_key_has_digest(key) && strcmp(source->origin.digest, image_key_reference(key)) != 0)) {
        buf_set(error, "it says the digest \"%.100s\"", source->origin.digest);
        return -1;
    }
    if (head_enough(source)) {
        *content =
            head_new(source, manifest_kind_of(source->origin.content_type), source->origin.content_type);
        return 0;
    }
    if (manifest_parse(source->body.data, source->body.len, source->origin.content_type, &manifest, error) <
        0)
        return -1;
    *content = head_new(source, manifest.kind, manifest.media_type);
    manifest_release(&manifest);
    return 0;
}

const struct document_kind tag_kind = {
    .space = SPACE_TAG,
    .accept = manifest_accept,
    .head = true,
    .enough = head_enough,
    .times = registry_times,
    .max_bytes = registry_manifest_max_bytes,
    .candidates = registry_manifest_candidates,
    .scope = image_key_name,
    .parse = head_parse,
};

const struct document_kind manifest_head_kind = {
    .space = SPACE_MANIFEST_HEAD,
    .accept = manifest_accept,
    .head = true,
    .enough = head_enough,
    .forgotten = true,
    .times = registry_immutable_times,
    .max_bytes = registry_manifest_max_bytes,
    .candidates = registry_manifest_candidates,
    .parse = head_parse,
};

/* ---- answering ---- */

static enum MHD_Result respond_schema1(struct request *request, const char *what)
{
    return respond_registry_error(
        request, MHD_HTTP_NOT_FOUND, "MANIFEST_UNKNOWN",
        "%s has a schema 1 manifest, a format that was given up in 2019 and whose digest "
        "cannot be checked: push the image again with a current tool",
        what);
}

enum MHD_Result registry_respond_head(struct request *request, const struct image *image,
                                      const struct document *document, const char *what)
{
    const struct manifest_head *head = head_of(document);
    char *CLEANUP_FREE etag = xasprintf("\"%s\"", head->digest);
    const struct header more[] = {
        {"Docker-Content-Digest", head->digest},
        {REGISTRY_VERSION_HEADER, REGISTRY_VERSION},
        {"OCI-Namespace", image->ns ? image->registry->config->name : NULL},
    };
    const struct file_headers headers = {
        .content_type = head->media_type,
        .etag = etag,
        .cache_control = "no-cache",
        .whole_only = true,
        .more = more,
        .more_count = sizeof(more) / sizeof(more[0]),
    };

    if (head->kind == MANIFEST_SCHEMA1)
        return respond_schema1(request, what);
    return respond_head(request, head->size_bytes, &headers);
}

#define STEP_PREVIOUS 1

/* The manifest that the upstream has come to name cannot be had: then what the tag was before, if that is held. Returns
 * NOT_FOUND when it is not. */
static enum document_result get_previous(struct request *request, const struct image *image, const char *key,
                                         struct document **out)
{
    const struct manifest_head *tag = head_of(document_kept(request));
    char *CLEANUP_FREE before = image_key_of_digest(image->name, tag->previous);

    request->step = STEP_PREVIOUS;
    enum document_result result = document_get_held(request, &manifest_kind, before, out);
    if (result == DOCUMENT_HAVE) {
        log_warn("tag %s: served as %s, since its new manifest %s cannot be had", key, tag->previous,
                 tag->digest);
        request->how = HOW_STALE;
    }
    return result;
}

static enum MHD_Result respond_tagged(struct request *request, const struct image *image, const char *key)
{
    const struct manifest_head *tag = head_of(document_kept(request));
    char *CLEANUP_FREE manifest_key = image_key_of_digest(image->name, tag->digest);
    enum request_how how = request->how;
    enum document_result result = DOCUMENT_UNAVAILABLE;
    struct document *document = NULL;

    /* A tag whose manifest is not held is not held. */
    bool head_only = request_is_head(request) && !request->held_only;
    if (head_only || tag->kind == MANIFEST_SCHEMA1)
        return registry_respond_head(request, image, document_kept(request), key);
    if (request->step != STEP_PREVIOUS)
        result = document_get(request, &manifest_kind, manifest_key, &document);
    if (how == HOW_MISS || how == HOW_STALE)
        request->how = how; /* the tag's, which the manifest's would hide */
    if (result != DOCUMENT_HAVE && result != DOCUMENT_WAIT && *tag->previous) {
        enum document_result previous = get_previous(request, image, key, &document);
        if (previous != DOCUMENT_NOT_FOUND)
            result = previous;
    }
    if (result == DOCUMENT_WAIT)
        return MHD_YES;
    if (result != DOCUMENT_HAVE)
        return registry_respond_missing(request, result, "MANIFEST_UNKNOWN", key);
    enum MHD_Result answer = registry_respond_manifest(request, image, document);
    document_unref(document);
    return answer;
}

enum MHD_Result registry_tag(struct request *request, const struct image *image, const char *tag)
{
    char *CLEANUP_FREE key = image_key_of_tag(image->name, tag);

    if (!image_tag_valid(tag, strlen(tag)))
        return respond_registry_error(
            request, MHD_HTTP_NOT_FOUND, "MANIFEST_UNKNOWN",
            "\"%.200s\" is no tag: letters, digits, \"_\", \".\" and \"-\", at most %d "
            "characters",
            tag, IMAGE_TAG_MAX_BYTES);
    enum document_result result = document_get_kept(request, &tag_kind, key);
    if (result == DOCUMENT_WAIT)
        return MHD_YES;
    if (result != DOCUMENT_HAVE)
        return registry_respond_missing(request, result, "MANIFEST_UNKNOWN", key);
    return respond_tagged(request, image, key);
}
