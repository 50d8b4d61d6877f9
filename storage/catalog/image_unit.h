/* Images are evicted as wholes: what else goes when one of their blobs has its turn. All manifests that
 * need it go with it, and of what those need all that no other manifest does; it has to wait while one of
 * them was used later. */
#ifndef STORAGE_CATALOG_IMAGE_UNIT_H
#define STORAGE_CATALOG_IMAGE_UNIT_H

#include "storage/store.h"

/* Of a repository with more manifests than this, or so many parts, blobs go one by one: looking through
 * them takes too long. */
#define IMAGE_UNIT_MANIFESTS_MAX 500
#define IMAGE_UNIT_PARTS_MAX 100000

/* Each manifest is read once from begin() to end(), since it cannot change, and which ones there are is
 * asked anew each time. */
extern const struct store_units image_units;

#endif
