/* The store's face for whoever looks after it; store.h is the one for whoever serves from it. Looking through what is
 * held, removing it by name, comparing it with the disk. Any thread but the store's; calls that change something wait
 * for the store thread.
 *
 * Errors are negative errno values, as in store.h. */
#ifndef STORAGE_KEEP_H
#define STORAGE_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/store.h"

/* There is a store at this path, used or not. */
bool store_exists(const char *path);

/* ---- looking ---- */

struct blob_row {
    struct digest digest;
    int64_t size_bytes;
    int64_t added_at_s;
    int64_t used_at_s; /* as of store_save_uses() */
};

/* Tells the index about the uses that were noted since the last time. */
void store_save_uses(struct store *store);

/* What the index says of a blob: 0, -ENOENT, or -EIO. */
int blob_look(struct store *store, const struct digest *digest, struct blob_row *out);
/* blob_read() that does not count as a use. */
int blob_peek(struct store *store, const struct digest *digest, size_t max_bytes, struct buf *out);
/* Calls `visit` for every digest that has a row or a file, in order, until it returns non-zero. Returns that, 0, or
 * negative errno. What comes and goes meanwhile may be missed. */
int blob_walk(struct store *store, int (*visit)(void *arg, const struct digest *digest), void *arg);
/* Calls `visit` for every blob that the index knows, the one used longest ago first, until it returns non-zero. Returns
 * that, 0, or negative errno. `visit` may call whatever it likes. */
int blob_walk_by_use(struct store *store, int (*visit)(void *arg, const struct blob_row *row), void *arg);

/* Calls `visit` for every entry of the space, in order of the keys, from the first one behind `after` ("": from the
 * first), until it returns non-zero. Returns that, 0, or -EIO. `visit` may call whatever it likes. */
int entry_walk(struct store *store, const char *space, const char *after,
               int (*visit)(void *arg, const struct entry *entry), void *arg);
/* Calls `visit` for every entry that names the blob, until it returns non-zero. Returns 0, or -EIO. */
int entry_of_blob(struct store *store, const struct digest *digest,
                  int (*visit)(void *arg, const struct entry *entry), void *arg);

/* Entries added up. A blob that several entries name counts once in a sum, and in each sum that it belongs to. */
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

/* ---- removing ---- */

struct removed {
    bool blob; /* its file went too */
    int64_t bytes;
};

/* Removes the entry and, where no other entry names it, its blob, even from under a reader: who has it open keeps it,
 * who is about to open it misses. Returns 0, -ENOENT when there is no such entry, or negative
 * errno. */
int entry_remove(struct store *store, const char *space, const char *key, struct removed *out);
/* Removes the blob, unless it is in use or was used after unused_since_s, with all entries that name it. Returns 0,
 * -ENOENT, -EBUSY, or negative errno. */
int blob_remove(struct store *store, const struct digest *digest, int64_t unused_since_s,
                struct removed *out);
/* The same for blobs that belong together: -EBUSY, and none is removed, where that holds for one of them. Those that are
 * not there are passed over. A use that begins meanwhile saves what has not had its turn, in the order given. out[count]. */
int blobs_remove(struct store *store, const struct digest *digests, size_t count, int64_t unused_since_s,
                 struct removed *out);

/* ---- evicting ---- */

/* Until it is let go as often, the blob is not evicted: for who will open many, one after the other. It need not be there
 * (yet). What is removed by name goes all the same. */
void blob_hold(struct store *store, const struct digest *digest);
void blob_let_go(struct store *store, const struct digest *digest);
/* Evicts what the limits demand, and waits for the end of it. Returns how many bytes are still over them: 0, or what is
 * left is in use, spared or kept, or the disk refuses (logged). hurry: nobody is served meanwhile, it needs no rests. */
int64_t store_evict(struct store *store, bool hurry);
/* What store_evict() would do now under the limits and keep_s of `options`: calls `visit` for each blob that would go,
 * until it returns non-zero. Returns how many bytes would be over the limits still, or negative errno. */
int64_t store_evict_preview(struct store *store, const struct store_options *options,
                            int (*visit)(void *arg, const struct blob_row *row), void *arg);

/* ---- verifying ---- */

enum blob_fault {
    BLOB_SOUND,
    BLOB_NOT_HELD,     /* neither file nor row, any more */
    BLOB_WITHOUT_FILE, /* a row, no file */
    BLOB_WITHOUT_ROW,  /* a file, no row */
    BLOB_WRONG_SIZE,   /* the row says another size */
    BLOB_WRONG_BYTES,  /* they hash to another digest */
    BLOB_UNREADABLE,   /* the disk cannot read it */
    BLOB_FAULTS
};

struct blob_check {
    bool hash; /* read it; else only the file's size is looked at, unless that is suspicious */
    bool repair;
    /* Called with each piece that was read; not 0 ends it. */
    int (*pace)(void *arg, size_t bytes);
    void *arg;
};
struct blob_verdict {
    enum blob_fault fault;
    int64_t size_bytes;
    bool repaired; /* the index tells the truth again: */
    bool removed;  /* the file, or the row, with all entries that name it; else the file was right */
};

/* Compares file, row and digest. Repair gives a right file its row, and removes what is wrong, even from under a reader:
 * who asks for it misses. Returns 0; -ECANCELED when pace() ended it; or negative errno when it could not find out. */
int blob_verify(struct store *store, const struct digest *digest, const struct blob_check *check,
                struct blob_verdict *out);

#endif
