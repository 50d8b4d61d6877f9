/* Tags: which manifest they mean, by HEAD upstream, which costs no quota. The rules of documents say how long
 * that answer is good for; the manifest itself is fetched by digest, and only when it is new.
 *
 *   tag (a document of heads, kept in the request) ──► manifest by digest ──► answered
 *                                                          │ cannot be fetched
 *                                                          ▼
 *                                       the digest that the tag had before, if that is held */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "formats/oci/image.h"
#include "proxy/document/freshness.h"
#include "proxy/http/respond.h"
#include "proxy/registry/head.h"
#include "proxy/registry/image.h"
#include "proxy/registry/manifest.h"
#include "proxy/registry/missing.h"
#include "proxy/registry/registry.h"
#include "proxy/registry/source.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/spaces.h"

static const struct document_kind tag_kind = {
    .space = SPACE_TAG,
    .accept = manifest_accept,
    .shape = DOCUMENT_HEAD,
    .head_suffices = manifest_head_suffices,
    .times = registry_times,
    .max_bytes = MANIFEST_MAX_BYTES,
    .candidates = registry_manifest_candidates,
    .scope = image_key_name,
    .parse = manifest_head_parse,
};

/* request->step: the new manifest was given up; after a wait it is not asked for again. */
#define STEP_PREVIOUS 1

static enum MHD_Result respond_tagged(struct request *request, const struct image *image, const char *key)
{
    const struct manifest_head *tag = manifest_head_of(document_kept(request));
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
    /* The upstreams cannot send the manifest that they say the tag means now (a mirror that is half
     * synchronised): the one that it meant before is better than nothing. */
    if (result != DOCUMENT_HAVE && result != DOCUMENT_WAIT && *tag->previous) {
        char *CLEANUP_FREE before = image_key_of_digest(image->name, tag->previous);
        request->step = STEP_PREVIOUS;
        enum document_result previous = document_get_held(request, &manifest_kind, before, &document);
        if (previous == DOCUMENT_HAVE) {
            log_warn("tag %s: served as %s, because its new manifest %s cannot be fetched", key,
                     tag->previous, tag->digest);
            request->how = HOW_STALE;
        }
        if (previous != DOCUMENT_NOT_FOUND)
            result = previous;
    }
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
            "\"%.200s\" is not a valid tag: letters, digits, \"_\", \".\" and \"-\", at most %d "
            "characters",
            tag, IMAGE_TAG_MAX_BYTES);
    enum document_result result = document_get_kept(request, &tag_kind, key);
    if (result != DOCUMENT_HAVE)
        return registry_respond_missing(request, result, "MANIFEST_UNKNOWN", key);
    return respond_tagged(request, image, key);
}
