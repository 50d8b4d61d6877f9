/* A growing blob as the store thread takes it over. The functions that callers of the store know are in
 * store.h. */
#ifndef STORAGE_BLOB_H
#define STORAGE_BLOB_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/layout.h"

struct store;

/* Belongs to its caller until blob_commit() or blob_abort(), then to the store thread. */
struct blob_writer {
    struct store *store;
    int fd;
    char name[LAYOUT_PART_SIZE]; /* in tmp/ */
    int64_t hint_bytes;          /* -1: unknown */
    int64_t end_bytes;           /* how far it has been written; counted in store->growing_bytes */
};

/* Closes the growing file, removes it if so told, and frees the writer. May take the disk a while. */
void blob_writer_free(struct blob_writer *writer, bool remove);

#endif
