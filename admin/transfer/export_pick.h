/* Decides which manifests and blobs of a bundle an exported image needs. */
#ifndef ADMIN_TRANSFER_EXPORT_PICK_H
#define ADMIN_TRANSFER_EXPORT_PICK_H

#include <stdbool.h>

#include "admin/transfer/bundle.h"
#include "formats/oci/manifest.h"

struct buf;

struct picked_manifest {
    struct digest digest;
    char *media_type; /* from its entry */
    char *body;       /* NULL: not yet read, or not in the bundle */
    size_t len;
    struct manifest manifest; /* once there is a body */
};

/* An image that was asked for. */
struct picked_image {
    const char *name;                    /* "docker.io/library/nginx" */
    const char *tag;                     /* NULL: it has none */
    struct digest digest;                /* what the tag means */
    const struct picked_manifest *taken; /* that, or the one for the platform */
};

struct export_pick {
    const struct bundle_content *content;
    const char *platform; /* NULL: all */
    bool one;             /* of several platforms one must be chosen */
    struct picked_manifest *manifests;
    size_t manifest_count;
    struct picked_image *images;
    size_t image_count;
    struct digest_set *wanted; /* after export_pick_choose() */
};
#define CLEANUP_EXPORT_PICK __attribute__((cleanup(export_pick_release)))

void export_pick_init(struct export_pick *pick, const struct bundle_content *content, const char *platform,
                      bool one);
void export_pick_release(struct export_pick *pick);
/* Finds a manifest of the content by its digest. Returns NULL if the content does not have it. */
struct picked_manifest *export_pick_find(const struct export_pick *pick, const struct digest *digest);
/* Parses the bytes of a manifest, and takes them over. Returns 0, or -1 with a sentence. */
int export_pick_read(struct picked_manifest *manifest, char *body, size_t len, struct buf *error);
/* Once all manifests have been read: decides what is taken, and checks that none of it is missing. notes gets
 * sentences, a line each. Returns 0, or -1 with a sentence. */
int export_pick_choose(struct export_pick *pick, struct buf *notes, struct buf *error);

#endif
