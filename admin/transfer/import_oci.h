/* OCI image layouts, in a folder or an archive. */
#ifndef ADMIN_TRANSFER_IMPORT_OCI_H
#define ADMIN_TRANSFER_IMPORT_OCI_H

struct buf;
struct import_images;
struct import_plan;

/* Reads the index.json of plan->foreign: the images that it names. Returns 0, or -1 with a sentence in
 * `error`. */
int import_oci_read(const struct import_plan *plan, struct import_images *out, struct buf *error);

#endif
