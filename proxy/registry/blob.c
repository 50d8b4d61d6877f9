/* Blobs: configurations and layers, from the store or as they arrive. The bytes of a digest are shared by all images; an
 * image gets at them only when one of its manifests refers to them, or its upstream confirms that it has them. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "formats/oci/image.h"
#include "proxy/core/absence.h"
#include "proxy/core/blob_fill.h"
#include "proxy/core/candidate_list.h"
#include "proxy/core/keys.h"
#include "proxy/http/respond.h"
#include "proxy/registry/blob_reference.h"
#include "proxy/registry/image.h"
#include "proxy/registry/missing.h"
#include "proxy/registry/registry.h"
#include "proxy/registry/source.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

/* What one request is about. */
struct blob_lookup {
    const struct image *image;
    const char *digest_text;
    struct checksum digest;
    char *etag;
    char *key; /* "<image name>@<digest>" */
    struct blob_reference reference;
};

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
    return request->step == STEP_OWN_FILL || !lookup->reference.referred;
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
        .expected_bytes = lookup->reference.size_bytes,
        .max_bytes = -1,
        .space = SPACE_BLOB,
        .key = lookup->key,
        .scope = lookup->image->name,
        .stored =
            request->step != STEP_OWN_FILL && lookup->reference.has_blob ? &lookup->reference.blob : NULL,
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

    if (!lookup->reference.referred)
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
    if (lookup->reference.size_bytes < 0) {
        result = blob_reference_confirm(request, lookup->key, &lookup->reference);
        if (result == DOCUMENT_WAIT)
            return MHD_YES;
        if (result != DOCUMENT_HAVE)
            return respond_missing(request, result, lookup);
    }
    if (lookup->reference.size_bytes < 0) /* the upstream did not say how large it is either */
        return respond_missing(request, DOCUMENT_UNAVAILABLE, lookup);
    request->how = HOW_MISS;
    return respond_head(request, lookup->reference.size_bytes, make_headers(lookup, &headers));
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

    blob_reference_find(request->proxy, lookup->key, &lookup->digest, &lookup->reference);
    if (request->fill && waited_for_bytes(request, lookup)) /* stored by now or not: it was no hit */
        return respond_from_upstream(request, lookup);
    if (!lookup->reference.has_blob || blob_open(request->proxy->store, &lookup->reference.blob, &blob) < 0)
        return respond_not_stored(request, lookup);
    request->how = HOW_HIT;
    if (!lookup->reference.referred) {
        enum document_result result = request_offline(request)
                                          ? DOCUMENT_NOT_FOUND
                                          : blob_reference_confirm(request, lookup->key, &lookup->reference);
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
