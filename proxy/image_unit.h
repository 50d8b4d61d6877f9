/* Images are evicted as wholes: what else goes when one of their blobs has its turn. */
#ifndef PROXY_IMAGE_UNIT_H
#define PROXY_IMAGE_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

struct digest_set;
struct store;

/* Of a repository with more manifests than this, blobs go one by one: looking through them takes too long. */
#define IMAGE_UNIT_MANIFESTS_MAX 500

/* The blob was used last at used_at_s. Returns false where it must wait, since an image that needs it was used later.
 * Else true, with all manifests that need it added to `out`, and of what those need all that no other manifest does;
 * nothing where it belongs to no image. A store_options.together(), so it reads and waits for nothing. */
bool image_unit_of(struct store *store, const struct digest *digest, int64_t used_at_s,
                   struct digest_set *out);

#endif
