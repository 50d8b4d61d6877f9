/* Images are evicted whole. When one of their blobs has its turn, all manifests that need it go with it,
 * and all their parts that no other manifest needs; it has to wait while one of those manifests was used
 * later. */
#ifndef STORAGE_CATALOG_IMAGE_UNIT_H
#define STORAGE_CATALOG_IMAGE_UNIT_H

#include "storage/store.h"

/* In a repository with more manifests or parts than this, blobs go one by one: looking through them would
 * take the store thread too long. */
#define IMAGE_UNIT_MANIFESTS_MAX 500
#define IMAGE_UNIT_PARTS_MAX 100000

/* From begin() to end() each manifest is read once, since it cannot change; which ones there are is looked
 * up for each question. */
extern const struct store_units image_units;

#endif
