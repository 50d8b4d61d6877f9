/* The index: an SQLite file with the blobs that there are, their sizes and last uses, and the entries that
 * name them (tables: schema.c).
 *
 * struct index is the one writing connection. It belongs to the store thread, and before and after that to
 * store_open() and store_close(). Readers have connections of their own (index_read.h).
 *
 * Changes are made between index_begin() and index_commit(), which saves the totals in the same
 * transaction. Errors are negative errno; after one the caller calls index_rollback(). */
#ifndef STORAGE_INDEX_H
#define STORAGE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/store.h"

struct buf;
struct index;

enum index_condition {
    INDEX_CLEAN,   /* closed in order: it agrees with the disk */
    INDEX_UNCLEAN, /* sound, but the last commits may be missing, and files may be gone */
    INDEX_NEW      /* empty: there was none, or it was damaged and moved aside */
};

struct index_blob {
    struct digest digest;
    int64_t size_bytes;
    int64_t used_at_s;
};

/* Opens, migrates, checks. A damaged file is moved to <path>.corrupt-<time>, logged, and a new one is made.
 * Returns 0, or -1 with one sentence in `error`. */
int index_open(const char *path, struct index **out, enum index_condition *condition, struct buf *error);
/* Writes the log back into the file, empties it, and closes. */
void index_close(struct index **index);

/* Durable before it returns. False is set before the first change by a process, true is its last change. */
int index_mark_clean(struct index *index, bool clean);
/* SQLite reported damage: the index must not be marked clean. */
bool index_is_damaged(const struct index *index);

int index_begin(struct index *index);
int index_commit(struct index *index);
void index_rollback(struct index *index);

/* Returns 1 if the blob is new, 0 if it was there (its size is set right). */
int index_add_blob(struct index *index, const struct digest *digest, int64_t size_bytes, int64_t at_s);
/* With all entries that name it. */
int index_remove_blob(struct index *index, const struct digest *digest);
/* The size, or -ENOENT. used_at_s, or NULL: when the blob was last used. */
int64_t index_blob_size(struct index *index, const struct digest *digest, int64_t *used_at_s);
/* Moves used_at forward, never back. */
int index_use_blob(struct index *index, const struct digest *digest, int64_t used_at_s);

int index_put_entry(struct index *index, const struct entry *entry);
int index_confirm_entry(struct index *index, const char *space, const char *key, int64_t confirmed_at_s);
int index_delete_entry(struct index *index, const char *space, const char *key);
/* The blob that the entry names. Returns 1, 0 if it names none, or -ENOENT. */
int index_entry_digest(struct index *index, const char *space, const char *key, struct digest *out);
/* Calls `visit` for each entry that names the blob. Returns 0 or negative errno. */
int index_each_name(struct index *index, const struct digest *digest,
                    void (*visit)(void *arg, const char *space, const char *key), void *arg);
/* Returns 1 if an entry names the blob, else 0. */
int index_blob_is_named(struct index *index, const struct digest *digest);
/* Returns 1 if an entry of one of these spaces names the blob, else 0. */
int index_blob_is_in(struct index *index, const struct digest *digest, const char *const spaces[2]);

/* Up to `max` blobs in the order of last use, from after the position (used_at, digest) of *after. Returns
 * their number, or negative errno. */
int index_oldest_blobs(struct index *index, const struct index_blob *after, struct index_blob *out, int max);
/* All blobs whose digest begins with the byte `folder`, in order. Heap memory in *out. Returns 0 or negative
 * errno. */
int index_folder_blobs(struct index *index, int folder, struct index_blob **out, size_t *count);

struct store_figures index_totals(const struct index *index);
/* Replaces the totals of blobs by the caller's, those of entries by a fresh count. Inside a transaction. */
int index_set_totals(struct index *index, int64_t blobs, int64_t bytes);

#endif
