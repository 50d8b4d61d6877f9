/* Owns: the table of hot objects, and one reference to each. Any thread; all fields guarded by `lock`, which
 * is held only for a look-up. Values that leave the table are freed after the lock is released, because
 * freeing one may take a while, or other locks.
 *
 * A hash table finds an item, and a list keeps the same items in order of use; used_bytes is the sum of their
 * item_bytes(). The cost of a value may change while it is in the table (a page gets further renditions), but
 * only by memcache_recost(), so that the sum stays right. */
#include "proxy/core/memcache.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "base/check.h"
#include "base/counters.h"
#include "base/lock.h"
#include "base/memory.h"

struct item {
    UT_hash_handle hh;
    struct item *prev, *next; /* in order of use, newest first */
    struct shared *value;
    int64_t cost_bytes;
    char key[];
};

struct memcache {
    struct lock lock;
    struct item *table;
    struct item *order;
    int64_t used_bytes;
    int64_t max_bytes;
};

void shared_init(struct shared *value, void (*free_value)(struct shared *value))
{
    atomic_init(&value->refs, 1);
    value->free = free_value;
}

struct shared *shared_ref(struct shared *value)
{
    if (value)
        /* Relaxed is enough: the caller has a reference, or the lock of a table that has one. */
        CHECK(atomic_fetch_add_explicit(&value->refs, 1, memory_order_relaxed) > 0);
    return value;
}

void shared_unref(struct shared *value)
{
    if (value && atomic_fetch_sub_explicit(&value->refs, 1, memory_order_acq_rel) == 1)
        value->free(value);
}

struct memcache *memcache_new(int64_t max_bytes)
{
    struct memcache *cache = xcalloc(1, sizeof(*cache));

    lock_init(&cache->lock, LOCK_RANK_MEMCACHE);
    cache->max_bytes = max_bytes;
    return cache;
}

static int64_t item_bytes(const struct item *item)
{
    /* 64: the allocator's overhead and the share of the hash table's buckets, roughly. */
    return item->cost_bytes + (int64_t)(sizeof(*item) + strlen(item->key) + 64);
}

/* Takes the item out and puts it on the list of those to be freed after the lock is released. */
static void remove_locked(struct memcache *cache, struct item *item, struct item **removed)
{
    lock_check_held(&cache->lock);
    HASH_DEL(cache->table, item);
    DL_DELETE(cache->order, item);
    cache->used_bytes -= item_bytes(item);
    counter_add(COUNTER_MEMORY_BYTES, -item_bytes(item));
    item->next = *removed;
    *removed = item;
}

static void shrink_locked(struct memcache *cache, struct item **removed)
{
    lock_check_held(&cache->lock);
    while (cache->used_bytes > cache->max_bytes && cache->order)
        /* The head's prev is the tail in utlist: the one unused for longest. */
        remove_locked(cache, cache->order->prev, removed);
}

static void free_removed(struct item *removed)
{
    struct item *next;

    for (struct item *item = removed; item; item = next) {
        next = item->next;
        shared_unref(item->value);
        free(item);
    }
}

void memcache_free(struct memcache *cache)
{
    if (!cache)
        return;
    /* Below zero, so that even values that cost nothing go. */
    memcache_set_limit(cache, -1);
    lock_destroy(&cache->lock);
    free(cache);
}

void memcache_set_limit(struct memcache *cache, int64_t max_bytes)
{
    struct item *removed = NULL;

    lock_acquire(&cache->lock);
    cache->max_bytes = max_bytes;
    shrink_locked(cache, &removed);
    lock_release(&cache->lock);
    free_removed(removed);
}

struct shared *memcache_get(struct memcache *cache, const char *key)
{
    struct item *item;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&cache->lock);
    HASH_FIND_STR(cache->table, key, item);
    if (!item)
        return NULL;
    /* The hottest item is found in place, which spares the most frequent look-ups two writes. */
    if (item != cache->order) {
        DL_DELETE(cache->order, item);
        DL_PREPEND(cache->order, item);
    }
    return shared_ref(item->value);
}

void memcache_put(struct memcache *cache, const char *key, struct shared *value, int64_t cost_bytes)
{
    size_t key_len = strlen(key);
    struct item *item = xmalloc(sizeof(*item) + key_len + 1);
    struct item *old;
    struct item *removed = NULL;

    memcpy(item->key, key, key_len + 1);
    item->cost_bytes = cost_bytes;
    item->value = shared_ref(value);

    lock_acquire(&cache->lock);
    HASH_FIND_STR(cache->table, key, old);
    if (old)
        remove_locked(cache, old, &removed);
    HASH_ADD_STR(cache->table, key, item);
    DL_PREPEND(cache->order, item);
    cache->used_bytes += item_bytes(item);
    counter_add(COUNTER_MEMORY_BYTES, item_bytes(item));
    /* One large page would push out everything else. Put and taken out again, because the value that it
     * replaces must go in any case: it is outdated. */
    if (cost_bytes > cache->max_bytes / 4)
        remove_locked(cache, item, &removed);
    shrink_locked(cache, &removed);
    lock_release(&cache->lock);
    free_removed(removed);
}

void memcache_recost(struct memcache *cache, const char *key, const struct shared *value, int64_t cost_bytes)
{
    struct item *removed = NULL;
    struct item *item;

    lock_acquire(&cache->lock);
    HASH_FIND_STR(cache->table, key, item);
    /* The value of the caller may have been evicted or replaced since: its cost is no longer in the sum. */
    if (item && item->value == value) {
        counter_add(COUNTER_MEMORY_BYTES, cost_bytes - item->cost_bytes);
        cache->used_bytes += cost_bytes - item->cost_bytes;
        item->cost_bytes = cost_bytes;
        shrink_locked(cache, &removed);
    }
    lock_release(&cache->lock);
    free_removed(removed);
}

void memcache_drop(struct memcache *cache, const char *key)
{
    struct item *removed = NULL;
    struct item *item;

    lock_acquire(&cache->lock);
    HASH_FIND_STR(cache->table, key, item);
    if (item)
        remove_locked(cache, item, &removed);
    lock_release(&cache->lock);
    free_removed(removed);
}
