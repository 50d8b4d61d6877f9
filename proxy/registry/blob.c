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
    const char *etag;
    struct blob_reference reference;
};

/* ---- answering ---- */

struct blob_headers {
    struct header more[3];
    struct file_headers file;
};

static const struct file_headers *blob_headers_make(const struct blob_lookup *lookup,
                                                    struct blob_headers *out)
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

static enum MHD_Result blob_respond_missing(struct request *request, enum document_result result,
                                            const struct blob_lookup *lookup)
{
    return registry_respond_missing(request, result, "BLOB_UNKNOWN", lookup->wanted.key);
}

/* ---- filling ---- */

#define STEP_OWN_FILL 1

/* Only images of one registry share a fill, because the upstreams of another registry may be slow or lie. An
 * image that is not known to have the blob gets a fill of its own, because joining another's would give the
 * bytes away. It keeps that fill even if a manifest comes to refer to the blob while the request waits. */
static bool wants_own_fill(const struct request *request, const struct blob_lookup *lookup)
{
    return request->step == STEP_OWN_FILL || !lookup->reference.referred;
}

static char *fill_key_of(const struct request *request, const struct blob_lookup *lookup)
{
    const struct image *image = lookup->image;

    return fill_key_blob(wants_own_fill(request, lookup) ? image->name : image->registry->config->name,
                         lookup->digest_text, request->late);
}

/* A fill that another image began says nothing about this one when it fails: the other's repository may not
 * have the blob, and its manifest may tell a wrong size. */
static bool failed_for_another(const struct request *request, struct fill *fill,
                               const struct blob_lookup *lookup)
{
    if (request->step == STEP_OWN_FILL)
        return false;
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    return fill->made_for && strcmp(fill->made_for, lookup->wanted.key) != 0;
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

static struct blob_lookup *blob_lookup_of(struct wanted *wanted)
{
    return (struct blob_lookup *)wanted;
}

static char *wanted_blob_fill_key(const struct request *request, const struct wanted *wanted)
{
    return fill_key_of(request, (const struct blob_lookup *)wanted);
}

static bool wanted_blob_respond_held(struct request *request, struct wanted *wanted, enum MHD_Result *result)
{
    struct blob_lookup *lookup = blob_lookup_of(wanted);
    struct blob_headers headers;
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
        *result = respond_blob(request, &blob, blob_headers_make(lookup, &headers));
        return true;
    }
    /* An answer that the store has the bytes would tell a stranger what others pull. */
    blob_close(request->proxy->store, &blob);
    *result = referred == DOCUMENT_WAIT ? MHD_YES : blob_respond_missing(request, referred, lookup);
    return true;
}

/* HEAD fetches nothing: a manifest has said how large it is, or the upstream is asked. */
static enum MHD_Result wanted_blob_respond_head(struct request *request, struct blob_lookup *lookup)
{
    struct blob_headers headers;
    enum document_result result = DOCUMENT_HAVE;

    if (lookup->reference.size_bytes < 0)
        result = blob_reference_confirm(request, lookup->wanted.key, &lookup->reference);
    if (result == DOCUMENT_WAIT)
        return MHD_YES;
    if (result == DOCUMENT_HAVE && lookup->reference.size_bytes < 0)
        result = DOCUMENT_UNAVAILABLE; /* the upstream did not say how large it is either */
    if (result != DOCUMENT_HAVE)
        return blob_respond_missing(request, result, lookup);
    request->how = HOW_MISS;
    return respond_head(request, lookup->reference.size_bytes, blob_headers_make(lookup, &headers));
}

static enum serve_next wanted_blob_begin(struct request *request, struct wanted *wanted, struct fill **fill,
                                         enum MHD_Result *result)
{
    struct blob_lookup *lookup = blob_lookup_of(wanted);
    enum fetch_outcome absence = FETCH_NOT_FOUND;

    request_note_not_held(request, wanted->space, wanted->key);
    if (request_offline(request) || wanted_known_absent(request, wanted, &absence)) {
        *result = blob_respond_missing(
            request, absence == FETCH_DENIED ? DOCUMENT_DENIED : DOCUMENT_NOT_FOUND, lookup);
        return SERVE_ANSWERED;
    }
    if (request_is_head(request)) {
        *result = wanted_blob_respond_head(request, lookup);
        return SERVE_ANSWERED;
    }
    if (!lookup->reference.referred)
        request->step = STEP_OWN_FILL;
    char *CLEANUP_FREE fill_key = fill_key_of(request, lookup);
    if ((*fill = image_blob_fill_join(request, lookup, fill_key)))
        return SERVE_FOLLOW;
    *result = blob_respond_missing(request, DOCUMENT_UNAVAILABLE, lookup);
    return SERVE_ANSWERED;
}

static enum serve_next wanted_blob_ready(struct request *request, struct wanted *wanted,
                                         enum MHD_Result *result)
{
    struct blob_headers headers;

    *result = respond_fill(request, request->fill, blob_headers_make(blob_lookup_of(wanted), &headers));
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
    struct blob_lookup *lookup = blob_lookup_of(wanted);

    if (failed_for_another(request, request->fill, lookup)) {
        request->step = STEP_OWN_FILL;
        return SERVE_AGAIN;
    }
    if (why != FILL_FAILURE_UNABLE)
        wanted_remember_absent(request, wanted, why == FILL_FAILURE_DENIED ? FETCH_DENIED : FETCH_NOT_FOUND);
    *result = blob_respond_missing(request, results[why], lookup);
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
    struct blob_lookup lookup = {
        .wanted = {&wanted_blob_kind, SPACE_BLOB, key, image->registry->config->negative_ttl_s},
        .image = image,
        .digest_text = digest,
        .etag = etag,
    };

    CHECK(image_digest_parse(digest, strlen(digest), &lookup.digest) == 0);
    blob_reference_find(request->proxy, key, &lookup.digest, &lookup.reference);
    return serve_blob(request, &lookup.wanted);
}
