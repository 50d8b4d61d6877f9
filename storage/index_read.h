/* Reading the index on the calling thread, beside the writer. Each call borrows a spare read-only connection,
 * or opens one more; it never waits for a write transaction, and sees what was committed when it began. */
#ifndef STORAGE_INDEX_READ_H
#define STORAGE_INDEX_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/store.h"

struct index_readers;

struct index_readers *index_readers_new(const char *index_path);
/* No call may be running. */
void index_readers_free(struct index_readers **readers);

/* A call found the file broken. */
bool index_readers_found_damage(const struct index_readers *readers);

/* The blob's size, -ENOENT, or -EIO (logged). */
int64_t index_read_blob_size(struct index_readers *readers, const struct digest *digest);
/* As entry_get(), entry_list() and entry_scopes(). */
int index_read_entry(struct index_readers *readers, const char *space, const char *key,
                     struct entry_read *out);
int index_read_entries(struct index_readers *readers, const char *space, const char *scope,
                       int (*visit)(void *arg, const struct entry *entry), void *arg);
int index_read_scopes(struct index_readers *readers, const char *space, const char *after,
                      int (*visit)(void *arg, const char *scope), void *arg);

#endif
