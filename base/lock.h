/* Mutexes with an order and an owner.
 *
 * THE LOCK ORDER. A thread may take a lock only if its rank is above that of every lock it holds;
 * lock_acquire() checks it. Under a lock there is no disk access, no SQL, no logging and no callback, unless
 * the line says so. libmicrohttpd's own locks come after all of these: resuming a connection under a lock of
 * ours is allowed. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>

enum lock_rank {
    LOCK_RANK_CONTROL = 1,  /* admin: commands that are running in the server */
    LOCK_RANK_SITE,         /* proxy: which configuration is in force */
    LOCK_RANK_FILL_TABLE,   /* proxy: key -> running fill */
    LOCK_RANK_FILL,         /* proxy: one fill's progress and its waiters */
    LOCK_RANK_DOCUMENT,     /* proxy: renditions of one document */
    LOCK_RANK_MEMCACHE,     /* proxy: hot objects in memory */
    LOCK_RANK_CONNECTIONS,  /* proxy: open connections, shutdown() of a slow one */
    LOCK_RANK_JOBS,         /* proxy: queue of the jobs thread */
    LOCK_RANK_FETCH_QUEUE,  /* upstreams: requests to the fetch thread */
    LOCK_RANK_UPSTREAM,     /* upstreams: health and learned URLs of one upstream */
    LOCK_RANK_STORE_IN_USE, /* storage: blobs in use; an evicted blob is unlinked under it */
    LOCK_RANK_STORE_QUEUE,  /* storage: requests to the store thread */
    LOCK_RANK_STORE_READ,   /* storage: spare read connections of the index */
    LOCK_RANK_ACCESS_LOG,   /* proxy: pending lines of the access log */
};

struct lock {
    pthread_mutex_t mutex;
    enum lock_rank rank;
    pthread_t owner; /* meaningful while held */
    bool held;
};

void lock_init(struct lock *lock, enum lock_rank rank);
void lock_destroy(struct lock *lock);
void lock_acquire(struct lock *lock);
void lock_release(struct lock *lock);
/* Aborts unless the calling thread holds the lock. The first line of every function named _locked. */
void lock_check_held(struct lock *lock);
/* Waits on the condition; the lock is released during the wait and held again on return. Returns false when
 * wait_ms (>= 0) ran out; wait_ms < 0 waits forever. The condition must have been made by
 * lock_condition_init(). */
bool lock_wait(struct lock *lock, pthread_cond_t *condition, int wait_ms);
void lock_condition_init(pthread_cond_t *condition);

void lock_scope_end(struct lock **lock);
#define LOCK_NAME_(line) lock_scope_##line
#define LOCK_NAME(line) LOCK_NAME_(line)
#define ACQUIRE_LOCK_FOR_CURRENT_SCOPE(address)                                                    \
    struct lock *LOCK_NAME(__LINE__) __attribute__((cleanup(lock_scope_end), unused)) = (address); \
    lock_acquire(address)

#endif
