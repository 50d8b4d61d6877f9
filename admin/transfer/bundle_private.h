/* Private to bundle_read.c and bundle_write.c: the names of members. */
#ifndef ADMIN_TRANSFER_BUNDLE_PRIVATE_H
#define ADMIN_TRANSFER_BUNDLE_PRIVATE_H

#include "base/digest.h"

#define BUNDLE_BLOB_NAME_SIZE 79 /* blobs/sha256/ab/<62 hex>, NUL */

void bundle_blob_name(const struct digest *digest, char out[BUNDLE_BLOB_NAME_SIZE]);

#endif
