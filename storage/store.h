/* The store: blobs on disk and the index over them. This header and, for administrators, upkeep.h are its
 * whole face, small enough that an object store and a database server could implement it. Each group says
 * which file has its functions.
 *
 * A *blob* is an immutable file named by its SHA-256. An *entry* is a name that somebody gave to a blob, or
 * to a fact worth remembering: (space, key) -> digest, times and a short text of attributes. The meaning of
 * spaces, keys and attributes is the business of storage/catalog/spaces.h.
 *
 * Writing a blob:
 *     blob_begin()            a .part file
 *     blob_write() ...        any thread, one at a time; into the page cache, never waits for a sync
 *     blob_commit()           hands it to the store thread: fdatasync, rename, directory fsync, index rows;
 *                             in groups
 *   or blob_abort()
 * Reading one:
 *     blob_open()             a descriptor and the size; the blob is pinned: not evicted before blob_close()
 *
 * Errors are negative errno values. -ENOENT: not there. -ENOSPC, -EROFS, -EDQUOT: the disk takes nothing
 * now. Threads: everything here may be called from any thread unless a comment says otherwise. Entries are
 * read on the calling thread through a spare read-only connection, never waiting for a write transaction.
 * All changes are made by the store thread, in the order they were asked for. */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

struct buf;
struct digest_set;
struct store;
struct blob_writer;

/* Which blobs belong together, so that eviction leaves nothing incomplete: they go, or stay, as one. */
struct store_units {
    /* A blob that no entry of these spaces names goes alone: add() is not called for it. */
    const char *spaces[2];
    /* Around a series of calls to add() on one thread, which may share what they read. Each answer holds
     * only for the moment: entries come and go between the calls. */
    void *(*begin)(struct store *store);
    void (*end)(void *units);
    /* Adds to `out` what goes with the blob, whose turn it is and which was last used at used_at_s; the
     * blob itself may be among it. False: the blob has to wait for something that was used later. It may
     * read the store, but wait for nothing. */
    bool (*add)(void *units, const struct digest *digest, int64_t used_at_s, struct digest_set *out);
};

struct store_options {
    const char *path;       /* created if missing */
    int64_t max_size_bytes; /* evict down to this */
    int64_t min_free_bytes; /* and until the file system has this much free */
    int64_t keep_s;         /* blobs used within this time go for min_free only, not for max_size; 0: off */
    /* Adds what is never evicted. Called on the store thread before a step of eviction, and by
     * store_evict_preview() on its caller's: it may read the store, but wait for nothing. Its answer is
     * used for a second, or until store_set_limits() or store_set_keep(). NULL: nothing is spared. */
    void (*spare)(void *arg, struct store *store, struct digest_set *out);
    void *spare_arg;
    const struct store_units *units; /* NULL: each blob goes alone */
};

/* ---- opening and settings (store.c) ---- */

/* Takes the lock, sweeps tmp/, opens (migrates, or rebuilds) the index, starts the store thread. Returns
 * 0, or -1 with one sentence in `error` that says what to do; -EBUSY likewise where another process has
 * the store. */
int store_open(const struct store_options *options, struct store **out, struct buf *error);
/* Every blob must have been closed, every writer committed or aborted. Finishes what was asked for, stops the
 * thread, checkpoints, releases the lock. */
void store_close(struct store **store);
void store_set_limits(struct store *store, int64_t max_size_bytes, int64_t min_free_bytes);
void store_set_keep(struct store *store, int64_t keep_s);

/* ---- blobs (blob.c) ---- */

struct blob {
    int fd; /* a caller may take it and leave -1; the pin stays until blob_close() */
    bool in_use;
    int64_t size_bytes;
    struct digest digest;
};

/* Opens and pins. Checks the file's size against the index where the index knows it; a file that is short or
 * gone is -ENOENT (and its row is dropped). Notes the use for eviction. */
int blob_open(struct store *store, const struct digest *digest, struct blob *out);
/* Closes the descriptor and drops the pin. */
void blob_close(struct store *store, struct blob *blob);
/* Notes a use for eviction as blob_open() does, without opening it: for what belongs together with
 * something that is used. The blob need not be there. */
void blob_touch(struct store *store, const struct digest *digest);
/* One look at the file's name: no pin, no index. */
bool blob_exists(struct store *store, const struct digest *digest);
/* Reads the whole blob; -EFBIG if it has more than max_bytes. */
int blob_read(struct store *store, const struct digest *digest, size_t max_bytes, struct buf *out);

/* size_hint_bytes (-1: unknown) is preallocated where the file system can. Never waits for eviction: where
 * the hint does not fit now, it returns -ENOSPC and asks the store thread to free that much. A hint above
 * max_size is -ENOSPC too, and evicts nothing. Returns 0 or negative errno. */
int blob_begin(struct store *store, int64_t size_hint_bytes, struct blob_writer **out);
/* Writes all of it or returns negative errno; -ENOSPC too where the file would outgrow max_size. */
int blob_write(struct blob_writer *writer, int64_t offset, const void *data, size_t len);
/* The growing file, for pread() by others. Valid until commit or abort; dup() it to keep it longer. */
int blob_writer_fd(const struct blob_writer *writer);
/* The file is removed by the store thread. */
void blob_abort(struct blob_writer **writer);

/* ---- entries (entry.c; entry_open_blob() in blob.c) ---- */

struct entry {
    const char *space; /* "page", "file", ... */
    const char *key;
    const char *scope; /* groups entries for entry_list; "" if none */
    bool has_digest;
    struct digest digest;
    int64_t size_bytes;     /* of the blob; set by the store in blob_commit(), else the caller's */
    int64_t confirmed_at_s; /* wall time when an upstream last said so */
    const char *attributes; /* caller's text, "" if none */
};

/* On success the strings of *out point into out->memory. */
struct entry_read {
    struct entry entry;
    void *memory;
};

/* Returns 0, -ENOENT, or -EIO (logged). */
int entry_get(struct store *store, const char *space, const char *key, struct entry_read *out);
void entry_release(struct entry_read *read);
/* The entry was there since store_open(), and its blob has been evicted. True is reliable; false may also
 * mean that it was forgotten among thousands (evicted.h). */
bool entry_was_evicted(struct store *store, const char *space, const char *key);
/* blob_open() of the blob that the entry names; -ENOENT without an entry, or where it has no digest. */
int entry_open_blob(struct store *store, const char *space, const char *key, struct blob *out);
/* Calls `visit` for every entry of (space, scope), ordered by key, until it returns non-zero. The strings
 * live only during the call. Returns 0, or -EIO. */
int entry_list(struct store *store, const char *space, const char *scope,
               int (*visit)(void *arg, const struct entry *entry), void *arg);
/* Calls `visit` for the different scopes of the entries of `space`, in order, from the first one after
 * `after` ("": from the first), until it returns non-zero. Returns 0, or -EIO. */
int entry_scopes(struct store *store, const char *space, const char *after,
                 int (*visit)(void *arg, const char *scope), void *arg);
/* Inserts or replaces. NULL for scope or attributes is "". A digest need not be in the store (yet); when a
 * blob is evicted, the entries that name it go with it. The entry is copied, and put by the store thread
 * with the next group. */
void entry_put(struct store *store, const struct entry *entry);
/* All of them in one transaction, or none; none of their texts may be NULL. Waits until they are durable.
 * Returns 0, or negative errno. Not from the store thread. */
int entries_put(struct store *store, const struct entry *entries, size_t count);
/* Only moves confirmed_at_s. */
void entry_confirm(struct store *store, const char *space, const char *key, int64_t confirmed_at_s);
void entry_delete(struct store *store, const char *space, const char *key);

/* ---- commit (blob.c, done by batch.c) ---- */

/* The file of `writer` has been checked by the caller to have this digest and size. Enters the blob and, in
 * the same transaction, `entries` (copied; their digest and size are set to the blob's). Consumes *writer.
 * When it is durable, or has failed, `done` (may be NULL) runs on the store thread with 0 or negative errno.
 * A blob that is there already is fine: the new file is dropped, the entries are put. */
void blob_commit(struct store *store, struct blob_writer **writer, const struct digest *digest,
                 int64_t size_bytes, const struct entry *entries, size_t entry_count,
                 void (*done)(void *arg, int error), void *arg);

/* For bytes that are in memory: begin, write, commit. Returns 0, or negative errno when they cannot be
 * written; `done` runs only after 0. */
int blob_put(struct store *store, const void *data, size_t len, const struct entry *entries,
             size_t entry_count, void (*done)(void *arg, int error), void *arg);

/* Waits until everything asked for before this call is durable, and eviction has done what it can. For
 * tests and administrators; not from done(), which runs on the thread that is waited for. */
void store_flush(struct store *store);

/* ---- figures (store.c) ---- */

struct store_figures {
    int64_t blobs;
    int64_t bytes;
    int64_t entries;
    int64_t evicted_blobs; /* since store_open() */
    int64_t evicted_bytes;
};
void store_get_figures(struct store *store, struct store_figures *out);

#endif
