/* Images on their way in, whatever they were found in: their names, and what a store needs of each. */
#ifndef ADMIN_TRANSFER_IMPORT_IMAGE_H
#define ADMIN_TRANSFER_IMPORT_IMAGE_H

#include <stddef.h>

#include "admin/transfer/import_plan.h"

struct config;

struct import_image {
    struct digest digest; /* of its manifest or index */
    char *media_type;     /* of the manifest or index; NULL: unknown */
    char **names;         /* as found: "nginx:latest", "ghcr.io/owner/app:1" */
    size_t name_count;
    char **tags; /* where the archive has only a tag */
    size_t tag_count;
};

struct import_images {
    struct import_image *items;
    size_t count;
};
void import_images_release(struct import_images *images);
#define CLEANUP_IMPORT_IMAGES __attribute__((cleanup(import_images_release)))
struct import_image *import_images_add(struct import_images *images, const struct digest *digest,
                                       const char *media_type);
void import_image_add_name(struct import_image *image, const char *name);
void import_image_add_tag(struct import_image *image, const char *tag);

/* Plans all of them. `name` is "docker:registry/repository[:tag]", or NULL if none was given: the name of
 * images that have none, or another one for a single image. The bytes of manifests are looked for among the
 * plan's own, then in plan->foreign. Returns 0, or a negative number with a sentence in `error`. */
int import_images_plan(const struct import_images *images, const struct config *config, const char *name,
                       struct import_plan *plan, struct buf *error);

#endif
