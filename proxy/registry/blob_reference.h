/* That an image has a blob: kept in memory, where manifests put it, and as an entry of SPACE_BLOB. The bytes of a digest are
 * shared by all images, but who may ask for a private repository's name must not get at its blobs under a public one: an
 * image gets at them only when one of its manifests refers to them, or its upstream confirms that it has them. */
#ifndef PROXY_REGISTRY_BLOB_REFERENCE_H
#define PROXY_REGISTRY_BLOB_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/oci/manifest.h"
#include "proxy/document/document_serve.h"

/* What is known of one blob of one image. */
struct blob_reference {
    bool referred;      /* the image is known to have it */
    int64_t size_bytes; /* as the manifest or the upstream says; -1 unknown */
    bool has_blob;      /* blob is its name in the store, where it may lie or not */
    struct digest blob;
};

/* `key` is "<image name>@<digest>". */
void blob_reference_find(struct proxy *proxy, const char *key, const struct checksum *digest,
                         struct blob_reference *out);
/* A manifest of the image refers to this blob. */
void blob_reference_put(struct proxy *proxy, const char *image_name, const struct descriptor *blob);
/* Asks the upstream whether the image has the blob. HAVE sets referred and the size. */
enum document_result blob_reference_confirm(struct request *request, const char *key,
                                            struct blob_reference *reference);

#endif
