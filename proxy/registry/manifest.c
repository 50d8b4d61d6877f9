/* Manifests by digest: immutable documents, kept in memory ready to be sent. Parsed on the jobs thread, which
 * also notes which blobs the image has; answered on workers. The bytes are served exactly as they came: their
 * digest is their name. */
#include "proxy/registry/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "formats/oci/image.h"
#include "formats/oci/manifest.h"
#include "proxy/core/jobs.h"
#include "proxy/document/freshness.h"
#include "proxy/http/respond.h"
#include "proxy/registry/blob_reference.h"
#include "proxy/registry/head.h"
#include "proxy/registry/missing.h"
#include "proxy/registry/registry.h"
#include "proxy/registry/source.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/image_parts.h"
#include "storage/catalog/spaces.h"

/* A use of a manifest is noted for all parts of the image, at most this often: a hot
 * manifest is asked for many times a second, and each note is a write of the index for every layer. */
#define TOUCH_PAUSE_S 600

struct manifest_content {
    struct shared shared;
    struct manifest manifest;
    char *digest;          /* as text */
    struct object *object; /* the answer */
    struct object *in_ns;  /* the same answer for clients that have named the registry by ?ns= */
    _Atomic int64_t touched_at_s;
};

static void manifest_content_free(struct shared *value)
{
    struct manifest_content *content = (struct manifest_content *)value;

    manifest_release(&content->manifest);
    object_unref(content->object);
    object_unref(content->in_ns);
    free(content->digest);
    free(content);
}

static struct object *manifest_object_new(const struct document_source *source, const char *media_type,
                                          const char *digest, const char *ns)
{
    char *CLEANUP_FREE etag = xasprintf("\"%s\"", digest);
    const struct header headers[] = {
        {"Content-Type", media_type},
        {"Docker-Content-Digest", digest},
        {REGISTRY_VERSION_HEADER, REGISTRY_VERSION},
        {"OCI-Namespace", ns},
    };
    char *body = xmalloc(source->body.len + 1);

    memcpy(body, source->body.data, source->body.len);
    return object_new(body, source->body.len, etag, headers, sizeof(headers) / sizeof(headers[0]));
}

static struct shared *manifest_parse_document(const struct document_source *source, const char *key,
                                              int64_t *cost_bytes, struct buf *error)
{
    const char *digest = image_key_reference(key);
    char *CLEANUP_FREE registry = xstrndup(key, image_key_split(key).registry_len);
    const struct buf *body = &source->body;
    struct manifest manifest;
    struct checksum wanted;
    struct checksum got = {0};

    /* The bytes must have the digest that was asked for: an upstream cannot give one image for another. */
    bool parsed = image_digest_parse(digest, strlen(digest), &wanted) == 0;
    if (parsed) {
        struct hasher *hasher = hasher_new(wanted.kind);
        hasher_update(hasher, body->data, body->len);
        hasher_final(hasher, &got);
        hasher_free(hasher);
    }
    if (!parsed || !checksum_equal(&wanted, &got)) {
        buf_set(error, "its bytes do not have that digest");
        return NULL;
    }
    if (manifest_parse(body->data, body->len, source->origin.content_type, &manifest, error) < 0)
        return NULL;
    struct manifest_content *content = xcalloc(1, sizeof(*content));
    shared_init(&content->shared, manifest_content_free);
    content->manifest = manifest;
    content->digest = xstrdup(digest);
    content->object = manifest_object_new(source, manifest.media_type, digest, NULL);
    content->in_ns = manifest_object_new(source, manifest.media_type, digest, registry);
    *cost_bytes = 2 * object_cost_bytes(content->object) +
                  (int64_t)(manifest.descriptor_count * (sizeof(struct descriptor) + 128));
    return &content->shared;
}

/* From now on the image is known to have these blobs, and how large they are. Manifests that an index refers
 * to are not blobs: they bring their own when they are asked for. */
static void manifest_storing(struct proxy *proxy, const char *key, const struct shared *content)
{
    const struct manifest *manifest = &((const struct manifest_content *)content)->manifest;
    struct buf CLEANUP_BUF name = BUF_INIT;

    image_key_name(key, &name);
    for (size_t i = 0; i < manifest->descriptor_count; i++)
        if (!manifest->descriptors[i].is_manifest)
            blob_reference_put(proxy, name.data, &manifest->descriptors[i]);
}

const struct document_kind manifest_kind = {
    .space = SPACE_MANIFEST,
    .accept = manifest_accept,
    .times = registry_immutable_times,
    .max_bytes = MANIFEST_MAX_BYTES,
    .candidates = registry_manifest_candidates,
    .scope = image_key_name,
    .parse = manifest_parse_document,
    .storing = manifest_storing,
};

/* ---- use ---- */

/* A client that has the image asks for its manifest only. A use of the manifest therefore counts as a use of
 * all that it refers to: otherwise the layers would seem forgotten and be evicted from under an image that is
 * in use. */

struct touch {
    struct proxy *proxy;
    struct document *document;
};

static void touch_part(void *store, const struct digest *digest)
{
    blob_touch(store, digest);
}

static void touch_run(void *arg)
{
    struct touch *touch = arg;
    const struct manifest_content *content = (const struct manifest_content *)touch->document->content;
    const char *hex = strchr(content->digest, ':') + 1;
    struct digest digest;

    if (digest_parse(hex, strlen(hex), &digest) == 0)
        blob_touch(touch->proxy->store, &digest);
    image_walk_parts(touch->proxy->store, &content->manifest, touch_part, touch->proxy->store);
    document_unref(touch->document);
    free(touch);
}

/* ---- answering ---- */

enum MHD_Result registry_respond_manifest(struct request *request, const struct image *image,
                                          struct document *document)
{
    struct manifest_content *content = (struct manifest_content *)document->content;
    struct object *object = image->ns ? content->in_ns : content->object;
    int64_t now_s = clock_wall_s();
    int64_t touched_at_s = content->touched_at_s;

    if (now_s - touched_at_s >= TOUCH_PAUSE_S &&
        atomic_compare_exchange_strong(&content->touched_at_s, &touched_at_s, now_s)) {
        struct touch *job = xcalloc(1, sizeof(*job));
        job->proxy = request->proxy;
        job->document = (struct document *)shared_ref(&document->shared);
        jobs_add(request->proxy->jobs, JOB_LATER, touch_run, job);
    }
    return respond_object(request, (struct object *)shared_ref(&object->shared));
}

/* request->step: the store was found not to have it, and the request waits for the upstream's head. A store
 * that cannot be read now would otherwise be tried again after each wait. */
#define STEP_NOT_HELD 1

enum MHD_Result registry_manifest(struct request *request, const struct image *image, const char *digest)
{
    char *CLEANUP_FREE key = image_key_of_digest(image->name, digest);
    struct document *document = NULL;
    bool head = request_is_head(request);
    enum document_result result = DOCUMENT_NOT_FOUND;

    if (head && request->step != STEP_NOT_HELD)
        result = document_get_held(request, &manifest_kind, key, &document);
    bool upstream_head = head && result == DOCUMENT_NOT_FOUND;
    if (upstream_head) {
        /* Passed on as HEAD: nothing is downloaded. */
        request->step = STEP_NOT_HELD;
        request_note_not_held(request, SPACE_MANIFEST, key);
        result = document_get(request, &manifest_head_kind, key, &document);
    } else if (head) {
        request->how = HOW_HIT;
    } else {
        result = document_get(request, &manifest_kind, key, &document);
    }
    if (result != DOCUMENT_HAVE)
        return registry_respond_missing(request, result, "MANIFEST_UNKNOWN", key);
    enum MHD_Result answer = upstream_head ? registry_respond_head(request, image, document, key)
                                           : registry_respond_manifest(request, image, document);
    document_unref(document);
    return answer;
}
