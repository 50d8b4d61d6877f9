/* The entries by which the store knows an image, as the fills of tags, manifests and blobs put them: for
 * imports, which bring an image without an upstream. image_reference_entry() is also what those fills put
 * (proxy/registry/). */
#ifndef STORAGE_CATALOG_IMAGE_ENTRIES_H
#define STORAGE_CATALOG_IMAGE_ENTRIES_H

#include "base/digest.h"
#include "formats/oci/manifest.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

/* An image name refers to a blob; confirmed now. The strings stay the caller's. */
struct entry image_reference_entry(const char *image_name, const char *key, const struct checksum *digest,
                                   int64_t size_bytes);

struct image_entries {
    const char *image_name; /* "docker.io/library/nginx" */
    const char *origin;     /* where it came from, for people: a file's name without line breaks */
    void (*add)(void *arg, const struct entry *entry);
    void *arg;
};

/* A manifest, whose bytes have this digest, and the blobs that it refers to. */
void image_entries_of_manifest(const struct image_entries *entries, const struct digest *digest,
                               int64_t size_bytes, const struct manifest *manifest);
/* A tag that means this manifest. */
void image_entries_of_tag(const struct image_entries *entries, const char *tag, const struct digest *digest,
                          int64_t size_bytes, const char *media_type);

#endif
