/* The administrator's face of the store: looking through what is held, removing it by name, evicting on
 * demand, comparing it with the disk. The commands and the catalog use it; store.h is the face for serving.
 *
 * Each group says which file has its functions. Any thread may call them but the store's own; calls that
 * change something wait for the store thread. Errors are negative errno values, as in store.h. */
#ifndef STORAGE_UPKEEP_H
#define STORAGE_UPKEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/store.h"

/* ---- looking (look.c) ---- */

/* There is a store at this path, whether a process has it open or not. */
bool store_exists(const char *path);

struct blob_row {
    struct digest digest;
    int64_t size_bytes;
    int64_t added_at_s;
    int64_t used_at_s; /* as of store_save_uses() */
};

/* Writes the uses that have been noted in memory into the index, and waits for it. */
void store_save_uses(struct store *store);

/* The index's row of a blob: 0, -ENOENT, or -EIO. */
int blob_look(struct store *store, const struct digest *digest, struct blob_row *out);
/* Calls `visit` for every digest that has a row or a file, in order, until it returns non-zero. Returns
 * that, 0, or negative errno. Blobs that come or go during the walk may be missed. */
int blob_walk(struct store *store, int (*visit)(void *arg, const struct digest *digest), void *arg);
/* Calls `visit` for every blob that the index knows, the least recently used first, until it returns
 * non-zero. Returns that, 0, or negative errno. `visit` may call anything here. */
int blob_walk_by_use(struct store *store, int (*visit)(void *arg, const struct blob_row *row), void *arg);

/* Calls `visit` for every entry of the space, ordered by key, from the first one after `after` ("": from
 * the first), until it returns non-zero. Returns that, 0, or -EIO. `visit` may call anything here. */
int entry_walk(struct store *store, const char *space, const char *after,
               int (*visit)(void *arg, const struct entry *entry), void *arg);
/* Calls `visit` for every entry that names the blob, until it returns non-zero. Returns 0, or -EIO. */
int entry_list_naming(struct store *store, const struct digest *digest,
                      int (*visit)(void *arg, const struct entry *entry), void *arg);

/* Entries added up. A blob that several entries name counts once in a sum, and in each sum that it belongs
 * to. */
struct entry_sum {
    const char *space;
    const char *scope; /* "" in sums of spaces */
    int64_t entries;
    int64_t blobs; /* of those they name, how many are held */
    int64_t bytes;
    int64_t used_at_s; /* the latest use of one of them; 0: none is held */
};
/* A sum for each space. */
int entry_sum_spaces(struct store *store, int (*visit)(void *arg, const struct entry_sum *sum), void *arg);
/* A sum for each scope of the space, the largest first, at most `max` (-1: all). */
int entry_sum_scopes(struct store *store, const char *space, int64_t max,
                     int (*visit)(void *arg, const struct entry_sum *sum), void *arg);

/* ---- reading without using, and holding (blob.c) ---- */

/* blob_read() that does not count as a use. */
int blob_peek(struct store *store, const struct digest *digest, size_t max_bytes, struct buf *out);
/* Keeps the blob from being evicted until it has been let go as many times: for a caller that will open
 * many, one after the other. It need not be there (yet). Removal by name ignores it. */
void blob_hold(struct store *store, const struct digest *digest);
void blob_let_go(struct store *store, const struct digest *digest);

/* ---- removing (remove.c) ---- */

struct removed {
    bool blob; /* its file went too */
    int64_t bytes;
};

/* Removes the entry and, where no other entry names it, its blob, even from under a reader: a reader that
 * has it open keeps it, one that is about to open it misses. Returns 0, -ENOENT when there is no such
 * entry, or negative errno. */
int entry_remove(struct store *store, const char *space, const char *key, struct removed *out);
/* Removes the blob, unless it is in use or was used after unused_since_s, with all entries that name it.
 * Returns 0, -ENOENT, -EBUSY, or negative errno. */
int blob_remove(struct store *store, const struct digest *digest, int64_t unused_since_s,
                struct removed *out);
/* blob_remove() for blobs that belong together: -EBUSY, and none is removed, where that holds for one of
 * them. Those that are not there are skipped. A use that begins during the call saves the blobs that have
 * not been removed by then, in the order given. out[count]. */
int blobs_remove(struct store *store, const struct digest *digests, size_t count, int64_t unused_since_s,
                 struct removed *out);

/* ---- evicting (evict_now.c) ---- */

/* Evicts what the limits demand, and waits until that is done. Returns how many bytes are still over them:
 * 0, or what is left is in use, spared or kept, or the disk refuses (logged). hurry: no clients are
 * served, so it takes no rests. */
int64_t store_evict(struct store *store, bool hurry);
/* Dry run of store_evict() under the limits and keep_s of `options`: calls `visit` for each blob that
 * would go, until it returns non-zero. Returns how many bytes would still be over the limits, or negative
 * errno. */
int64_t store_evict_preview(struct store *store, const struct store_options *options,
                            int (*visit)(void *arg, const struct blob_row *row), void *arg);

/* ---- verifying (verify.c) ---- */

enum blob_fault {
    BLOB_SOUND,
    BLOB_NOT_HELD,     /* neither file nor row: it went since it was named */
    BLOB_WITHOUT_FILE, /* a row, no file */
    BLOB_WITHOUT_ROW,  /* a file, no row */
    BLOB_WRONG_SIZE,   /* the row says another size */
    BLOB_WRONG_BYTES,  /* they hash to another digest */
    BLOB_UNREADABLE,   /* the disk cannot read it */
    BLOB_FAULTS
};

struct blob_check {
    bool hash; /* read every file; else only those whose size is wrong */
    bool repair;
    /* Called with the size of each piece that was read; non-zero ends the check. */
    int (*pace)(void *arg, size_t bytes);
    void *arg;
};
struct blob_verdict {
    enum blob_fault fault;
    int64_t size_bytes;
    bool repaired; /* index and disk agree again */
    bool removed;  /* the file, or the row with all entries that name it, went; else the file was right */
};

/* Compares file, row and digest. Repair gives a right file its row, and removes a wrong one, even from
 * under a reader: the next request for it misses. Returns 0; -ECANCELED when pace() ended it; or negative
 * errno when it could not find out. */
int blob_verify(struct store *store, const struct digest *digest, const struct blob_check *check,
                struct blob_verdict *out);

#endif
