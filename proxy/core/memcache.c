/* Owns: the table of hot objects. Any thread; all fields guarded by `lock`, which is held for a look-up's
 * time only. Values that leave the table are freed after the lock is released. */
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
    return item->cost_bytes + (int64_t)(sizeof(*item) + strlen(item->key) + 64);
}

/* Takes the item out and puts it on the list of what to free after the lock. */
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
