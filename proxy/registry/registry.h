/* Container registries: the pull side of the OCI distribution specification 1.1, which is that of the Docker Registry
 * HTTP API V2. The handler of the route /v2/, and those that it chooses from, by what follows the repository.
 *
 * Keys of documents, of the store and of memory are image names with what belongs to them (storage/catalog/image_key.h).
 * Bytes are shared by digest, but what is known of one name says nothing about another: who may ask for a private
 * repository's name must not get at its blobs under a public one. */
#ifndef PROXY_REGISTRY_REGISTRY_H
#define PROXY_REGISTRY_REGISTRY_H

#include "proxy/http/request.h"

struct image;

/* Everything at /v2 and below (api.c). */
enum MHD_Result registry_api(struct request *request);
/* GET /v2/_catalog (tag_lists.c) */
enum MHD_Result registry_catalog(struct request *request);

/* Below /v2/<name>/; their digest is a valid one. */

/* manifests/<tag> (tag.c), manifests/<digest> (manifest.c) */
enum MHD_Result registry_tag(struct request *request, const struct image *image, const char *tag);
enum MHD_Result registry_manifest(struct request *request, const struct image *image, const char *digest);
/* blobs/<digest> (blob.c) */
enum MHD_Result registry_blob(struct request *request, const struct image *image, const char *digest);
/* tags/list (tag_lists.c) */
enum MHD_Result registry_tags(struct request *request, const struct image *image);
/* referrers/<digest> (referrers.c) */
enum MHD_Result registry_referrers(struct request *request, const struct image *image, const char *digest);

#endif
