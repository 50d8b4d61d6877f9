/* GET /v2/<name>/blobs/<digest>: configurations and layers, from the store or as they arrive. serve_blob() is
 * the way through; here is what it asks about blobs of images. No state but what is kept in the request.
 *
 * The bytes of a digest are shared by all images; an image gets at them only when one of its manifests refers
 * to them, or its upstream confirms that it has them (blob_reference.h). A fill is shared for the same reason
 * by some images only:
 *
 *   the image is known to have the blob    one fill for all images of the registry that are known to have it
 *   it is not                              a fill of its own, from its own repository
 *   the shared fill failed for another     a fill of its own: the other's repository may lack the blob */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "formats/oci/image.h"
#include "proxy/core/blob_fill.h"
#include "proxy/core/candidate_list.h"
#include "proxy/core/keys.h"
#include "proxy/http/respond.h"
#include "proxy/http/serve_blob.h"
#include "proxy/registry/blob_reference.h"
#include "proxy/registry/image.h"
#include "proxy/registry/missing.h"
#include "proxy/registry/registry.h"
#include "proxy/registry/source.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

struct blob_lookup {
    struct wanted wanted; /* its key is "<image name>@<digest>" */
    const struct image *image;
    const char *digest_text;
    struct checksum digest;
    struct blob_reference reference;
    struct file_headers headers;
};

/* ---- filling ---- */

#define STEP_OWN_FILL 1

/* Only images of one registry share a fill, because the upstreams of another registry may be slow or lie. An
 * image that is not known to have the blob gets a fill of its own, because joining another's would give the
 * bytes away. It keeps that fill even if a manifest comes to refer to the blob while the request waits. */
static bool wants_own_fill(const struct request *request, const struct blob_lookup *lookup)
{
    return request->step == STEP_OWN_FILL || !lookup->reference.referred;
}

static struct fill *image_blob_fill_join(struct request *request, const struct blob_lookup *lookup,
                                         const char *fill_key)
{
    struct candidate_list CLEANUP_CANDIDATES candidates = CANDIDATE_LIST_INIT;
    char *CLEANUP_FREE path = xasprintf("blobs/%s", lookup->digest_text);
    char *CLEANUP_FREE label = xasprintf("blob %s", lookup->wanted.key);
    const struct image_key_parts parts = image_key_split(lookup->wanted.key);
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
        .expected_bytes = lookup->reference.size_bytes,
        .max_bytes = -1,
        .space = SPACE_BLOB,
        .key = lookup->wanted.key,
        .scope = lookup->image->name,
        /* Bytes that are in the store under the digest count only for an image that is known to have them. */
        .stored =
            request->step != STEP_OWN_FILL && lookup->reference.has_blob ? &lookup->reference.blob : NULL,
    };

    registry_candidates(request->site, lookup->wanted.key, path, false, &candidates);
    return blob_fill_join(request->proxy, fill_key, &options);
}

static char *wanted_blob_fill_key(const struct request *request, const struct wanted *wanted)
{
    const struct blob_lookup *lookup = (const struct blob_lookup *)wanted;
    const struct image *image = lookup->image;

    return fill_key_blob(wants_own_fill(request, lookup) ? image->name : image->registry->config->name,
                         lookup->digest_text, request->late);
}

static bool wanted_blob_respond_held(struct request *request, struct wanted *wanted, enum MHD_Result *result)
{
    struct blob_lookup *lookup = (struct blob_lookup *)wanted;
    struct blob blob;

    if (!lookup->reference.has_blob || blob_open(request->proxy->store, &lookup->reference.blob, &blob) < 0)
        return false;
    request->how = HOW_HIT; /* a wait for the confirmation makes it a miss */
    enum document_result referred = DOCUMENT_HAVE;
    if (!lookup->reference.referred)
        referred = request_offline(request)
                       ? DOCUMENT_NOT_FOUND
                       : blob_reference_confirm(request, lookup->wanted.key, &lookup->reference);
    if (referred == DOCUMENT_HAVE) {
        *result = respond_blob(request, &blob, &lookup->headers);
        return true;
    }
    /* An answer that the store has the bytes would tell a stranger what others pull. */
    blob_close(request->proxy->store, &blob);
    *result = registry_respond_missing(request, referred, "BLOB_UNKNOWN", wanted->key);
    return true;
}

/* HEAD fetches nothing: a manifest has said how large it is, or the upstream is asked. */
static enum MHD_Result wanted_blob_respond_head(struct request *request, struct blob_lookup *lookup)
{
    enum document_result result = DOCUMENT_HAVE;

    if (lookup->reference.size_bytes < 0)
        result = blob_reference_confirm(request, lookup->wanted.key, &lookup->reference);
    if (result == DOCUMENT_HAVE && lookup->reference.size_bytes < 0)
        result = DOCUMENT_UNAVAILABLE; /* the upstream did not say how large it is either */
    if (result != DOCUMENT_HAVE)
        return registry_respond_missing(request, result, "BLOB_UNKNOWN", lookup->wanted.key);
    request->how = HOW_MISS;
    return respond_head(request, lookup->reference.size_bytes, &lookup->headers);
}

static enum serve_next wanted_blob_begin(struct request *request, struct wanted *wanted, struct fill **fill,
                                         enum MHD_Result *result)
{
    struct blob_lookup *lookup = (struct blob_lookup *)wanted;
    enum fetch_outcome absence = FETCH_NOT_FOUND;

    request_note_not_held(request, wanted->space, wanted->key);
    if (request_offline(request) || wanted_known_absent(request, wanted, &absence)) {
        enum document_result absent = absence == FETCH_DENIED ? DOCUMENT_DENIED : DOCUMENT_NOT_FOUND;
        *result = registry_respond_missing(request, absent, "BLOB_UNKNOWN", wanted->key);
        return SERVE_ANSWERED;
    }
    if (request_is_head(request)) {
        *result = wanted_blob_respond_head(request, lookup);
        return SERVE_ANSWERED;
    }
    if (!lookup->reference.referred)
        request->step = STEP_OWN_FILL;
    char *CLEANUP_FREE fill_key = wanted_blob_fill_key(request, wanted);
    if ((*fill = image_blob_fill_join(request, lookup, fill_key)))
        return SERVE_FOLLOW;
    *result = registry_respond_missing(request, DOCUMENT_UNAVAILABLE, "BLOB_UNKNOWN", wanted->key);
    return SERVE_ANSWERED;
}

static enum serve_next wanted_blob_ready(struct request *request, struct wanted *wanted,
                                         enum MHD_Result *result)
{
    *result = respond_fill(request, request->fill, &((struct blob_lookup *)wanted)->headers);
    return SERVE_ANSWERED;
}

static enum serve_next wanted_blob_failed(struct request *request, struct wanted *wanted,
                                          enum fill_failure why, enum MHD_Result *result)
{
    static const enum document_result results[] = {
        [FILL_FAILURE_ABSENT] = DOCUMENT_NOT_FOUND,
        [FILL_FAILURE_DENIED] = DOCUMENT_DENIED,
        [FILL_FAILURE_UNABLE] = DOCUMENT_UNAVAILABLE,
    };
    struct fill *fill = request->fill;

    /* A fill that another image began says nothing about this one when it fails: the other's repository may
     * not have the blob, and its manifest may tell a wrong size. */
    lock_acquire(&fill->lock);
    bool failed_for_another = fill->made_for && strcmp(fill->made_for, wanted->key) != 0;
    lock_release(&fill->lock);
    if (failed_for_another && request->step != STEP_OWN_FILL) {
        request->step = STEP_OWN_FILL;
        return SERVE_AGAIN;
    }
    if (why != FILL_FAILURE_UNABLE)
        wanted_remember_absent(request, wanted, why == FILL_FAILURE_DENIED ? FETCH_DENIED : FETCH_NOT_FOUND);
    *result = registry_respond_missing(request, results[why], "BLOB_UNKNOWN", wanted->key);
    return SERVE_ANSWERED;
}

static const struct wanted_kind wanted_blob_kind = {
    .until = WAIT_FOR_START,
    .fill_key = wanted_blob_fill_key,
    .respond_held = wanted_blob_respond_held,
    .begin = wanted_blob_begin,
    .ready = wanted_blob_ready,
    .failed = wanted_blob_failed,
};

enum MHD_Result registry_blob(struct request *request, const struct image *image, const char *digest)
{
    char *CLEANUP_FREE key = image_key_of_digest(image->name, digest);
    char *CLEANUP_FREE etag = xasprintf("\"%s\"", digest);
    const struct header more[] = {
        {"Docker-Content-Digest", digest},
        {REGISTRY_VERSION_HEADER, REGISTRY_VERSION},
        {"OCI-Namespace", image->ns ? image->registry->config->name : NULL},
    };
    struct blob_lookup lookup = {
        .wanted = {&wanted_blob_kind, SPACE_BLOB, key, image->registry->config->negative_ttl_s},
        .image = image,
        .digest_text = digest,
        .headers = {.content_type = "application/octet-stream",
                    .etag = etag,
                    .more = more,
                    .more_count = sizeof(more) / sizeof(more[0])},
    };

    CHECK(image_digest_parse(digest, strlen(digest), &lookup.digest) == 0);
    blob_reference_find(request->proxy, key, &lookup.digest, &lookup.reference);
    return serve_blob(request, &lookup.wanted);
}
