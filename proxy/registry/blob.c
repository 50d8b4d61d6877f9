/* Blobs: configurations and layers, from the store or as they arrive. The bytes of a digest are shared by all images; an
 * image gets at them only when one of its manifests refers to them, or its upstream confirms that it has them. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "proxy/core/absence.h"
#include "proxy/core/blob_fill.h"
#include "proxy/core/candidate_list.h"
#include "proxy/core/keys.h"
#include "proxy/http/respond.h"
#include "proxy/registry/registry.h"
#include "storage/catalog/image_entries.h"
#include "storage/store.h"

/* That an image has a blob. In memory, where manifests put it, and as an entry of SPACE_BLOB. */
struct reference {
    struct shared shared;
    int64_t size_bytes; /* -1 unknown */
};

/* What one request is about. */
struct blob_lookup {
    const struct image *image;
    const char *digest_text;
    struct checksum digest;
    char *etag;
    char *key;          /* "<image name>@<digest>" */
    bool referred;      /* the image is known to have it */
    int64_t size_bytes; /* as the manifest says; -1 unknown */
    bool has_blob;      /* blob is its name in the store, where it may lie or not */
    struct digest blob;
};

/* ---- references ---- */

static void reference_free(struct shared *value)
{
    free(value);
}

static struct shared *reference_new(int64_t size_bytes)
{
    struct reference *reference = xcalloc(1, sizeof(*reference));

    shared_init(&reference->shared, reference_free);
    reference->size_bytes = size_bytes;
    return &reference->shared;
}

static bool sha256_name(const struct checksum *digest, struct digest *out)
{
    if (digest->kind != HASH_SHA256)
        return false;
    memcpy(out->bytes, digest->bytes, sizeof(out->bytes));
    return true;
}

static void put_reference(struct proxy *proxy, const char *image_name, const char *key,
                          const struct checksum *digest, int64_t size_bytes)
{
    struct entry entry = image_reference_entry(image_name, key, digest, size_bytes);
    struct entry_read held;

    if (entry_get(proxy->store, SPACE_BLOB, key, &held) == 0) {
        entry_release(&held);
        return;
    }
    entry_put(proxy->store, &entry);
}

void registry_refer(struct proxy *proxy, const char *image_name, const struct descriptor *blob)
{
    char digest[IMAGE_DIGEST_SIZE];

    image_digest_print(&blob->digest, digest);
    char *CLEANUP_FREE key = image_key_of_digest(image_name, digest);
    char *CLEANUP_FREE in_memory = memory_key_reference(key);
    struct shared *reference = reference_new(blob->size_bytes);
    memcache_put(proxy->memcache, in_memory, reference, 64);
    shared_unref(reference);
    put_reference(proxy, image_name, key, &blob->digest, blob->size_bytes);
}

static void find_reference(struct request *request, struct blob_lookup *lookup)
{
    char *CLEANUP_FREE in_memory = memory_key_reference(lookup->key);
    struct entry_read read;
    struct reference *reference = (struct reference *)memcache_get(request->proxy->memcache, in_memory);

    lookup->size_bytes = -1;
    if (reference) {
        lookup->referred = true;
        lookup->size_bytes = reference->size_bytes;
        shared_unref(&reference->shared);
    }
    lookup->has_blob = sha256_name(&lookup->digest, &lookup->blob);
    if ((lookup->referred && lookup->has_blob) ||
        entry_get(request->proxy->store, SPACE_BLOB, lookup->key, &read) < 0)
        return;
    lookup->referred = true;
    lookup->size_bytes = read.entry.size_bytes;
    if (read.entry.has_digest && !lookup->has_blob) {
        lookup->has_blob = true;
        lookup->blob = read.entry.digest;
    }
    entry_release(&read);
}

/* ---- asking the upstream whether the image has the blob ---- */

static void confirmation_candidates(const struct site *site, const char *key, struct candidate_list *out)
{
    char *CLEANUP_FREE path = xasprintf("blobs/%s", image_key_reference(key));

    registry_candidates(site, key, path, false, out);
}

static int confirmation_parse(const struct document_source *source, const char *key, struct shared **content,
                              int64_t *cost_bytes, struct buf *error)
{
    const char *digest = image_key_reference(key);

    if (*source->origin.digest && strcmp(source->origin.digest, digest) != 0) {
        buf_set(error, "it is about the digest \"%.100s\"", source->origin.digest);
        return -1;
    }
    *content = reference_new(source->origin.size_bytes);
    *cost_bytes = 64;
    return 0;
}

static void confirmation_storing(struct proxy *proxy, const char *key, const struct shared *content)
{
    const char *text = image_key_reference(key);
    struct descriptor blob = {.size_bytes = ((const struct reference *)content)->size_bytes};
    struct buf CLEANUP_BUF name = BUF_INIT;

    if (image_digest_parse(text, strlen(text), &blob.digest) < 0)
        return;
    image_key_name(key, &name);
    registry_refer(proxy, name.data, &blob);
}

static int64_t confirmation_max_bytes(const struct site *site)
{
    (void)site;
    return -1;
}

static const struct document_kind confirmation_kind = {
    .space = SPACE_BLOB_HEAD,
    .head = true,
    .forgotten = true,
    .times = registry_immutable_times,
    .max_bytes = confirmation_max_bytes,
    .candidates = confirmation_candidates,
    .parse = confirmation_parse,
    .storing = confirmation_storing,
};

/* HAVE sets lookup->referred and the size. */
static enum document_result confirm(struct request *request, struct blob_lookup *lookup)
{
    struct document *document = NULL;
    enum document_result result = document_get(request, &confirmation_kind, lookup->key, &document);

    if (result != DOCUMENT_HAVE)
        return result;
    lookup->referred = true;
    lookup->size_bytes = ((const struct reference *)document->content)->size_bytes;
    document_unref(document);
    return result;
}

/* ---- answering ---- */

struct blob_headers {
    struct header more[3];
    struct file_headers file;
};

static const struct file_headers *make_headers(const struct blob_lookup *lookup, struct blob_headers *out)
{
    const struct image *image = lookup->image;

    out->more[0] = (struct header){"Docker-Content-Digest", lookup->digest_text};
    out->more[1] = (struct header){REGISTRY_VERSION_HEADER, REGISTRY_VERSION};
    out->more[2] = (struct header){"OCI-Namespace", image->ns ? image->registry->config->name : NULL};
    out->file = (struct file_headers){
        .content_type = "application/octet-stream",
        .etag = lookup->etag,
        .more = out->more,
        .more_count = sizeof(out->more) / sizeof(out->more[0]),
    };
    return &out->file;
}

static enum MHD_Result respond_missing(struct request *request, enum document_result result,
                                       const struct blob_lookup *lookup)
{
    return registry_respond_missing(request, result, "BLOB_UNKNOWN", lookup->key);
}

/* ---- filling ---- */

#define STEP_OWN_FILL 1

/* Images of one registry share a fill: the slow or lying upstreams of another are nothing to them. An image that is not
 * known to have the blob gets a fill of its own: joining another's would give the bytes away. It stays with that when a
 * manifest comes to refer to the blob meanwhile. */
static bool wants_own_fill(const struct request *request, const struct blob_lookup *lookup)
{
    return request->step == STEP_OWN_FILL || !lookup->referred;
}

static char *fill_key_of(const struct request *request, const struct blob_lookup *lookup)
{
    const struct image *image = lookup->image;

    return fill_key_blob(wants_own_fill(request, lookup) ? image->name : image->registry->config->name,
                         lookup->digest_text, request->late);
}

/* A fill that failed for another image, whose repository may not have the blob and whose manifest may tell a wrong size,
 * says nothing about this one. */
static bool failed_for_another(const struct request *request, struct fill *fill,
                               const struct blob_lookup *lookup)
{
    if (request->step == STEP_OWN_FILL)
        return false;
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    return fill->made_for && strcmp(fill->made_for, lookup->key) != 0;
}

static struct fill *join(struct request *request, const struct blob_lookup *lookup, const char *fill_key)
{
    struct candidate_list CLEANUP_CANDIDATES candidates = CANDIDATE_LIST_INIT;
    char *CLEANUP_FREE path = xasprintf("blobs/%s", lookup->digest_text);
    char *CLEANUP_FREE label = xasprintf("blob %s", lookup->key);
    const struct image_key_parts parts = image_key_split(lookup->key);
    char *CLEANUP_FREE repository =
        wants_own_fill(request, lookup) ? xstrndup(parts.repository, parts.repository_len) : NULL;
    const struct blob_fill_options options = {
        .label = label,
        .subject = {.kind = FILL_KIND_BLOB,
                    .registry = lookup->image->registry->config->name,
                    .repository = repository,
                    .digest = lookup->digest_text},
        .candidates = &candidates,
        .checksum = &lookup->digest,
        .expected_bytes = lookup->size_bytes,
        .max_bytes = -1,
        .space = SPACE_BLOB,
        .key = lookup->key,
        .scope = lookup->image->name,
        .stored = request->step != STEP_OWN_FILL && lookup->has_blob ? &lookup->blob : NULL,
    };

    registry_candidates(request->site, lookup->key, path, false, &candidates);
    return blob_fill_join(request->proxy, fill_key, &options);
}

static bool known_absent(struct request *request, const struct blob_lookup *lookup,
                         enum document_result *result)
{
    char *CLEANUP_FREE key = memory_key_absence(SPACE_BLOB, lookup->key);
    enum fetch_outcome outcome;

    if (!absence_known(request->proxy, key, &outcome))
        return false;
    request->how = HOW_NEGATIVE;
    *result = outcome == FETCH_DENIED ? DOCUMENT_DENIED : DOCUMENT_NOT_FOUND;
    return true;
}

static enum MHD_Result respond_absent(struct request *request, const struct blob_lookup *lookup,
                                      enum fetch_outcome outcome)
{
    char *CLEANUP_FREE key = memory_key_absence(SPACE_BLOB, lookup->key);

    absence_remember(request->proxy, key, outcome, lookup->image->registry->config->negative_ttl_s);
    return respond_missing(request, outcome == FETCH_DENIED ? DOCUMENT_DENIED : DOCUMENT_NOT_FOUND, lookup);
}

static enum MHD_Result respond_from_upstream(struct request *request, struct blob_lookup *lookup)
{
    char *CLEANUP_FREE fill_key = fill_key_of(request, lookup);
    struct blob_headers headers;
    struct fill *fill = NULL;

    if (!lookup->referred)
        request->step = STEP_OWN_FILL;
    if (request_waited_for(request, fill_key)) {
        fill = request->fill;
        shared_ref(&fill->shared);
    } else {
        fill = join(request, lookup, fill_key);
    }
    if (!fill)
        return respond_missing(request, DOCUMENT_UNAVAILABLE, lookup);
    enum request_follows follows = request_follow(request, fill);
    if ((follows == FOLLOWS_ABSENT || follows == FOLLOWS_DENIED || follows == FOLLOWS_UNABLE) &&
        failed_for_another(request, fill, lookup)) {
        request->step = STEP_OWN_FILL;
        return respond_from_upstream(request, lookup);
    }
    switch (follows) {
    case FOLLOWS_WAITING:
        return MHD_YES;
    case FOLLOWS_READY:
        return respond_fill(request, fill, make_headers(lookup, &headers));
    case FOLLOWS_LATE:
        return respond_from_upstream(request, lookup);
    case FOLLOWS_ABSENT:
        return respond_absent(request, lookup, FETCH_NOT_FOUND);
    case FOLLOWS_DENIED:
        return respond_absent(request, lookup, FETCH_DENIED);
    case FOLLOWS_UNABLE:
        break;
    }
    return respond_missing(request, DOCUMENT_UNAVAILABLE, lookup);
}

static enum MHD_Result respond_not_stored(struct request *request, struct blob_lookup *lookup)
{
    struct blob_headers headers;
    enum document_result result = DOCUMENT_NOT_FOUND;

    request_note_not_held(request, SPACE_BLOB, lookup->key);
    if (request_offline(request) || known_absent(request, lookup, &result))
        return respond_missing(request, result, lookup);
    if (!request_is_head(request))
        return respond_from_upstream(request, lookup);
    if (lookup->size_bytes < 0) {
        result = confirm(request, lookup);
        if (result == DOCUMENT_WAIT)
            return MHD_YES;
        if (result != DOCUMENT_HAVE)
            return respond_missing(request, result, lookup);
    }
    if (lookup->size_bytes < 0) /* the upstream did not say how large it is either */
        return respond_missing(request, DOCUMENT_UNAVAILABLE, lookup);
    request->how = HOW_MISS;
    return respond_head(request, lookup->size_bytes, make_headers(lookup, &headers));
}

static bool waited_for_bytes(const struct request *request, const struct blob_lookup *lookup)
{
    char *CLEANUP_FREE fill_key = fill_key_of(request, lookup);

    return request_waited_for(request, fill_key);
}

static enum MHD_Result respond(struct request *request, struct blob_lookup *lookup)
{
    struct blob_headers headers;
    struct blob blob;

    find_reference(request, lookup);
    if (request->fill && waited_for_bytes(request, lookup)) /* stored by now or not: it was no hit */
        return respond_from_upstream(request, lookup);
    if (!lookup->has_blob || blob_open(request->proxy->store, &lookup->blob, &blob) < 0)
        return respond_not_stored(request, lookup);
    request->how = HOW_HIT;
    if (!lookup->referred) {
        enum document_result result =
            request_offline(request) ? DOCUMENT_NOT_FOUND : confirm(request, lookup);
        if (result != DOCUMENT_HAVE)
            blob_close(request->proxy->store, &blob);
        if (result == DOCUMENT_WAIT)
            return MHD_YES;
        if (result != DOCUMENT_HAVE)
            return respond_missing(request, result, lookup);
    }
    return respond_blob(request, &blob, make_headers(lookup, &headers));
}

enum MHD_Result registry_blob(struct request *request, const struct image *image, const char *digest)
{
    struct blob_lookup lookup = {.image = image, .digest_text = digest};

    CHECK(image_digest_parse(digest, strlen(digest), &lookup.digest) == 0);
    char *CLEANUP_FREE key = image_key_of_digest(image->name, digest);
    char *CLEANUP_FREE etag = xasprintf("\"%s\"", digest);
    lookup.key = key;
    lookup.etag = etag;
    return respond(request, &lookup);
}
