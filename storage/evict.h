/* Eviction of the least recently used blobs, in steps small enough to let commits pass in between, and with
 * rests unless the disk is full. Store thread only, except where a function says otherwise.
 *
 * A round begins when the store is over max_size (blobs and growing files together), when the file system
 * has less than min_free, or when a writer found too little space. It fixes how many bytes must go, and
 * walks the blobs in the order of their last use until that is reached, skipping those that are in use or
 * spared. A blob goes or stays together with its unit (store_options.units). Blobs used within keep_s go
 * only as far as the file system needs it, not for max_size. */
#ifndef STORAGE_EVICT_H
#define STORAGE_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/index.h"

struct digest_set;
struct store;

enum evict_state {
    EVICT_IDLE,   /* within the limits */
    EVICT_MORE,   /* call again soon */
    EVICT_BLOCKED /* over the limits, but all that is left is in use or spared, or the disk refuses */
};

struct eviction {
    bool running;
    bool blocked; /* has been logged */
    int64_t target_bytes;
    int64_t disk_bytes; /* the part of the target that the file system needs */
    int64_t evicted_bytes;
    int64_t evicted_blobs;
    int64_t free_at_start_bytes;
    struct index_blob after; /* the round's position in the order of use */
    /* A store at its limit evicts a little at every commit; the log gets one line for many of them. */
    int64_t unlogged_blobs;
    int64_t unlogged_bytes;
    int64_t logged_at_ms;
    /* Answers of the owner's callbacks, kept for some steps. */
    void *units;               /* of the round; NULL: not begun */
    struct digest_set *spared; /* NULL: to be asked for */
    uint64_t spared_settings;  /* store->settings at that time */
    int64_t spared_at_ms;
};

struct evict_limits {
    int64_t max_size_bytes;
    int64_t min_free_bytes;
};
/* How many bytes must go to keep both limits, and to keep min_free; may be negative. */
struct evict_excess {
    int64_t all_bytes;
    int64_t disk_bytes;
};
/* Any thread. */
struct evict_excess evict_excess(struct store *store, const struct evict_limits *limits, int64_t free_bytes);
/* Those in force. Any thread. */
struct evict_limits evict_limits(struct store *store);
/* The blobs that are never evicted, by the owner's callback; NULL: there are none. The caller frees it.
 * Any thread. */
struct digest_set *evict_spared(struct store *store);

/* The disk is short of space, or somebody waits for it: no rests between the steps. */
bool evict_is_urgent(struct store *store);
enum evict_state evict_step(struct store *store);
/* Frees what is kept between the steps. */
void evict_forget(struct store *store);
/* Logs the evictions since the last line. */
void evict_log(struct store *store);
/* Writes the uses noted in memory into the index. */
void evict_save_uses(struct store *store);

#endif
