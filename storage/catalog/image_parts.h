/* What an image consists of, as far as it is held: its manifests are read, at most 3 levels of indexes deep,
 * and 8 MiB of them. */
#ifndef STORAGE_CATALOG_IMAGE_PARTS_H
#define STORAGE_CATALOG_IMAGE_PARTS_H

#include <stdbool.h>

#include "base/digest.h"
#include "formats/oci/manifest.h"

struct store;

/* Calls `visit` for each manifest and blob, held or not, that the manifest names, and that those name.
 * More than once for what is named more than once. Reading is no use of what is read. */
void image_walk_parts(struct store *store, const struct manifest *manifest,
                      void (*visit)(void *arg, const struct digest *digest), void *arg);
/* The same for a manifest that may be held, itself included. */
void image_walk(struct store *store, const struct digest *digest,
                void (*visit)(void *arg, const struct digest *digest), void *arg);
/* The same without what those name that it names. Returns false where it is not held. */
bool image_walk_children(struct store *store, const struct digest *digest,
                         void (*visit)(void *arg, const struct digest *digest), void *arg);

#endif
