/* Which blobs an image has. The bytes of a digest are shared by all images, but a client that may pull one
 * repository must not get at the blobs of another by their digests: an image gets at a blob only when one of
 * its manifests refers to it, or its upstream confirms that it has it. Kept as entries of SPACE_BLOB and in
 * memory. */
#ifndef PROXY_REGISTRY_BLOB_REFERENCE_H
#define PROXY_REGISTRY_BLOB_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/oci/manifest.h"
#include "proxy/document/freshness.h"

/* One blob, as one image knows it. */
struct blob_reference {
    bool referred;      /* the image is known to have it */
    int64_t size_bytes; /* as the manifest or the upstream says; -1 unknown */
    bool has_blob; /* blob is its SHA-256, under which the store may have it; false: a sha512 not seen yet */
    struct digest blob;
};

/* Looks in memory, then in the index. `key` is "<image name>@<digest>", `digest` the same digest. */
void blob_reference_find(struct proxy *proxy, const char *key, const struct checksum *digest,
                         struct blob_reference *out);
/* Remembers that the image has the blob, because a manifest refers to it or the upstream confirmed it. Any
 * thread. */
void blob_reference_put(struct proxy *proxy, const char *image_name, const struct descriptor *blob);
/* Asks the upstreams by HEAD whether the image has the blob. Returns HAVE after setting referred and the
 * size, WAIT, or why not. */
enum document_result blob_reference_confirm(struct request *request, const char *key,
                                            struct blob_reference *reference);

#endif
