/* The parts of an image: manifests, configurations and layers, found by reading the manifests that are
 * held, at most 3 levels of indexes deep and 8 MiB of them. Reading counts as no use. Any thread; used for
 * pins, exports, purges, eviction, and to note the uses of a manifest's parts. */
#ifndef STORAGE_CATALOG_IMAGE_PARTS_H
#define STORAGE_CATALOG_IMAGE_PARTS_H

#include <stdbool.h>

#include "base/digest.h"
#include "formats/oci/manifest.h"

struct store;

/* Calls `visit` for each manifest and blob, held or not, that the manifest names, and that those name; as
 * often as each is named. */
void image_walk_parts(struct store *store, const struct manifest *manifest,
                      void (*visit)(void *arg, const struct digest *digest), void *arg);
/* image_walk_parts() of a manifest by its digest, after a call for itself; it need not be held. */
void image_walk(struct store *store, const struct digest *digest,
                void (*visit)(void *arg, const struct digest *digest), void *arg);
/* image_walk() without the second level: the manifest and what it names itself. Returns false where it is
 * not held. */
bool image_walk_children(struct store *store, const struct digest *digest,
                         void (*visit)(void *arg, const struct digest *digest), void *arg);
/* A `visit` that adds to the struct digest_set that its `arg` is. */
void image_part_add(void *set, const struct digest *digest);

#endif
