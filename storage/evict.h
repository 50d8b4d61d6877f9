/* Eviction by last use, in steps small enough to let commits pass in between, and with rests unless the disk is full. Store thread only.
 *
 * A round begins when the store is over max_size (blobs and growing files together), when the file system has
 * less than min_free, or when somebody found no room for a file. It fixes how many bytes must go, and goes
 * through the blobs from the one used longest ago, past those that are pinned or spared, until that is reached. What a blob
 * belongs together with (store_options.units) goes or stays with it. What was
 * used within keep_s goes only as far as the file system needs it, not for max_size. */
#ifndef STORAGE_EVICT_H
#define STORAGE_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

struct digest_set;
struct store;

enum evict_state {
    EVICT_IDLE,   /* within the limits */
    EVICT_MORE,   /* call again soon */
    EVICT_BLOCKED /* over the limits, but all that is left is in use, or the disk refuses */
};

struct eviction {
    bool running;
    bool blocked; /* has been logged */
    int64_t target_bytes;
    int64_t disk_bytes; /* as much of the target as the file system needs */
    int64_t evicted_bytes;
    int64_t evicted_blobs;
    int64_t free_at_start_bytes;
    int64_t after_used_at_s; /* the round's position in the order of use */
    struct digest after_digest;
    /* A store at its limit evicts a little at every commit; the log gets a line for many of them. */
    int64_t unlogged_blobs;
    int64_t unlogged_bytes;
    int64_t logged_at_ms;
    /* What is asked of others, and kept for some steps. */
    void *units;               /* of the round; NULL: not begun */
    struct digest_set *spared; /* NULL: to be asked */
    uint64_t spared_settings;  /* store->settings at that time */
    int64_t spared_at_ms;
};

/* How many bytes must go: to keep both limits, and to keep min_free. May be negative. Any thread. */
struct evict_limits {
    int64_t max_size_bytes;
    int64_t min_free_bytes;
};
struct evict_excess {
    int64_t all_bytes;
    int64_t disk_bytes;
};
struct evict_excess evict_excess(struct store *store, const struct evict_limits *limits, int64_t free_bytes);
/* Those in force. */
struct evict_limits evict_limits(struct store *store);
/* What is never evicted; NULL for nothing. The caller frees it. */
struct digest_set *evict_spared(struct store *store);
/* The disk is short of space, not only the store over max_size: there is no time for rests between the steps. */
bool evict_is_urgent(struct store *store);
enum evict_state evict_step(struct store *store);
/* Frees what is kept between the steps. */
void evict_forget(struct store *store);
/* Logs what has been evicted since the last line. */
void evict_log(struct store *store);
/* Tells the index about the uses noted since the last time. */
void evict_save_uses(struct store *store);

#endif
