/* Hot objects in memory: rendered pages, metadata, small blobs, remembered absences. One bounded table for
 * all of them; the least recently used goes first.
 *
 * Values are reference-counted by their first member, struct shared. The cache holds one reference of each; a
 * look-up gives the caller another, to be dropped with shared_unref(). Any thread. */
#ifndef PROXY_CORE_MEMCACHE_H
#define PROXY_CORE_MEMCACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded as the first member of every shared value. */
struct shared {
    atomic_int refs;
    void (*free)(struct shared *value);
};

void shared_init(struct shared *value, void (*free_value)(struct shared *value));
/* Both take NULL; shared_ref() returns its argument. */
struct shared *shared_ref(struct shared *value);
void shared_unref(struct shared *value);

struct memcache;

struct memcache *memcache_new(int64_t max_bytes);
void memcache_free(struct memcache *cache);
void memcache_set_limit(struct memcache *cache, int64_t max_bytes);

/* Returns a new reference, or NULL. */
struct shared *memcache_get(struct memcache *cache, const char *key);
/* Replaces an earlier value of the key. Keeps a reference of its own. A value that is larger than a quarter
 * of the cache is not kept. cost_bytes is the memory that the value takes, without the key. */
void memcache_put(struct memcache *cache, const char *key, struct shared *value, int64_t cost_bytes);
/* The value under this key has grown (or shrunk) to cost_bytes; nothing happens if another value is there
 * now. */
void memcache_recost(struct memcache *cache, const char *key, const struct shared *value, int64_t cost_bytes);
void memcache_drop(struct memcache *cache, const char *key);

#endif
