/* A plan of what to bring into a store from files that other programs made: entries, and where the bytes of
 * their blobs are. It is made whole, with every digest computed, before the first byte goes out; then it is
 * written as a bundle (admin/transfer/bundle.h), which the import takes like any other. */
#ifndef ADMIN_TRANSFER_IMPORT_PLAN_H
#define ADMIN_TRANSFER_IMPORT_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "admin/transfer/bundle.h"
#include "admin/transfer/foreign.h"

struct buf;

struct import_plan {
    struct bundle_content content;
    struct foreign *foreign;   /* the archive that has the needed blobs, owned by the plan; NULL: none */
    struct digest_set *needed; /* digests of blobs in `foreign` */
    struct planned_blob *blobs;
    size_t blob_count; /* those that are not in `foreign` */
    struct buf *notes; /* the caller's; sentences for people about what was left out, a line each */
};

void import_plan_init(struct import_plan *plan, struct buf *notes);
void import_plan_release(struct import_plan *plan);
#define CLEANUP_IMPORT_PLAN __attribute__((cleanup(import_plan_release)))

/* Adds bytes that were made here, by copying them. */
void import_plan_add_bytes(struct import_plan *plan, const void *data, size_t len, struct digest *out);
/* Finds bytes that were made here. Returns NULL if there are none with this digest. */
const char *import_plan_bytes(const struct import_plan *plan, const struct digest *digest, size_t *len);
/* Adds a file on disk, which must not change until the plan is written. */
void import_plan_add_file(struct import_plan *plan, const char *path, const struct digest *digest,
                          int64_t size_bytes);
/* Adds a file of plan->foreign. */
void import_plan_need(struct import_plan *plan, const struct digest *digest);
/* Adds an entry. It is the add() of an image_entries, so arg is the plan. */
void import_plan_add_entry(void *arg, const struct entry *entry);
/* Call it once, after everything has been added. */
void import_plan_finish(struct import_plan *plan);

/* Writes the bundle. Returns 0; -1 with a sentence in `error`; else the output's negative errno, with `error`
 * empty. */
int import_plan_write(struct import_plan *plan, const struct bundle_output *output, struct buf *error);

#endif
