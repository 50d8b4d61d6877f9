/* Container registries: the pull side of the OCI distribution specification 1.1, which is that of the Docker Registry
 * HTTP API V2. The handlers behind /v2/, and what they share.
 *
 * Keys of documents, of the store and of memory are image names with what belongs to them (image_key.h).
 * Bytes are shared by digest, but what is known of one name says nothing about another: who may ask for a private
 * repository's name must not get at its blobs under a public one. */
#ifndef PROXY_REGISTRY_REGISTRY_H
#define PROXY_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/oci/image.h"
#include "formats/oci/manifest.h"
#include "proxy/document/document.h"
#include "proxy/http/request.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/spaces.h"

struct candidate_list;

/* ---- what a path means (image.c) ---- */

/* The image that a request is about. */
struct image {
    const struct registry *registry;
    char *name; /* see above; heap */
    bool ns;    /* the registry was named by ?ns= */
};
#define IMAGE_INIT        \
    {                     \
        NULL, NULL, false \
    }
#define CLEANUP_IMAGE __attribute__((cleanup(image_release)))

/* Reads registry and repository of the request, whose path has `behind` segments behind the repository. Returns 0; -1
 * with *answered set when it names none that is served here. */
int image_of_request(struct request *request, size_t behind, struct image *out, enum MHD_Result *answered);
void image_release(struct image *image);

/* ---- where upstreams keep things (source.c) ---- */

/* Appends for each upstream of the registry its URL of `path` ("manifests/1.27") below the repository of `key`, which is
 * an image name, perhaps with a tag or digest. resolving: only upstreams that know what is new. */
void registry_candidates(const struct site *site, const char *key, const char *path, bool resolving,
                         struct candidate_list *out);
/* For the kinds of documents that are manifests: where they are, by digest everywhere, by tag where tags are new ... */
void registry_manifest_candidates(const struct site *site, const char *key, struct candidate_list *out);
/* ... and how large they may be. */
int64_t registry_manifest_max_bytes(const struct site *site);
/* For the kinds of documents: times of the key's registry ... */
struct document_times registry_times(const struct site *site, const char *key);
/* ... and of what never changes there. */
struct document_times registry_immutable_times(const struct site *site, const char *key);

/* ---- tags, and other heads of manifests (tag.c) ---- */

/* What an upstream says of a manifest without sending it. */
struct manifest_head {
    struct shared shared;
    enum manifest_kind kind;
    char *media_type;
    int64_t size_bytes;
    char *digest;   /* as text */
    char *previous; /* what it was before; "" if it was never another */
};
/* Documents by "<image name>:<tag>". */
extern const struct document_kind tag_kind;
/* Documents by "<image name>@<digest>", for those who ask for the head of a manifest that is not held. */
extern const struct document_kind manifest_head_kind;

/* GET /v2/<name>/manifests/<tag> */
enum MHD_Result registry_tag(struct request *request, const struct image *image, const char *tag);

/* ---- manifests (manifest.c) ---- */

/* Documents by "<image name>@<digest>". */
extern const struct document_kind manifest_kind;

/* GET /v2/<name>/manifests/<digest> */
enum MHD_Result registry_manifest(struct request *request, const struct image *image, const char *digest);
/* Answers with a manifest that was found. */
enum MHD_Result registry_respond_manifest(struct request *request, const struct image *image,
                                          struct document *document);
/* Answers HEAD with what a document of heads tells; clearly refuses schema 1. `what` is for people. */
enum MHD_Result registry_respond_head(struct request *request, const struct image *image,
                                      const struct document *document, const char *what);

/* ---- blobs (blob.c) ---- */

/* GET /v2/<name>/blobs/<digest>. In these handlers the digest is a valid one. */
enum MHD_Result registry_blob(struct request *request, const struct image *image, const char *digest);
/* A manifest of the image refers to this blob. */
void registry_refer(struct proxy *proxy, const char *image_name, const struct descriptor *blob);

/* ---- lists (tag_lists.c, referrers.c) ---- */

/* GET /v2/<name>/tags/list */
enum MHD_Result registry_tags(struct request *request, const struct image *image);
/* GET /v2/_catalog */
enum MHD_Result registry_catalog(struct request *request);
/* GET /v2/<name>/referrers/<digest> */
enum MHD_Result registry_referrers(struct request *request, const struct image *image, const char *digest);

/* ---- the way in (api.c) ---- */

/* Everything at /v2 and below. */
enum MHD_Result registry_api(struct request *request);
/* Answers when document_get() has not found it: `code` is the error for 404. */
enum MHD_Result registry_respond_missing(struct request *request, enum document_result result,
                                         const char *code, const char *what);

#endif
