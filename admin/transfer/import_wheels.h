/* Folders of wheels and sdists, as `pip download -d` and `pip wheel -w` make them. */
#ifndef ADMIN_TRANSFER_IMPORT_WHEELS_H
#define ADMIN_TRANSFER_IMPORT_WHEELS_H

#include <stdbool.h>

#include "admin/transfer/import_plan.h"

/* Whether the folder has a file that is named like a wheel or an sdist. */
bool import_wheels_like(const char *path);
/* Plans every distribution in the folder, each at the path that the official index gives it (its
 * BLAKE2b-256), with the metadata of wheels, and a page for each project, which the import adds to what the
 * store has of that (page_merge.h). Other files are noted. Returns 0, or -1 with a sentence in `error`. */
int import_wheels_read(const char *path, struct import_plan *plan, struct buf *error);

#endif
