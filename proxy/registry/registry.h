/* Container registries: the pull side of the OCI distribution specification 1.1, which is that of the Docker
 * Registry HTTP API V2. The handler of the route /v2/, and those that it chooses from, by what follows the
 * repository.
 *
 * Keys of documents, of the store and of memory begin with an image name (storage/catalog/image_key.h). Bytes
 * are shared by digest, but nothing that is known of one name holds for another: a client that may pull one
 * repository must not get at the blobs of another (blob_reference.h). */
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
