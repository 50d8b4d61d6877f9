/* Owns: two tables by digest, both guarded by `lock`, which every opening of a blob takes.
 *
 * The only disk access under the lock is the unlink, which must be atomic with the look into the tables.
 * The unlink of a large file takes long where it frees the blocks, so eviction has the file open at that
 * time: the blocks are freed at its close, outside the lock. */
#include "storage/in_use.h"

#include <errno.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/check.h"
#include "base/lock.h"
#include "base/memory.h"
#include "storage/layout.h"

struct used_blob {
    UT_hash_handle hh;
    struct digest digest;
    int count; /* of its users, at least 1 */
};

struct noted_use {
    UT_hash_handle hh;
    struct digest digest;
    int64_t used_at_s; /* the latest */
};

struct in_use {
    struct lock lock;
    /* Guarded by lock: */
    struct used_blob *blobs;
    struct noted_use *uses;
};

struct in_use *in_use_new(void)
{
    struct in_use *in_use = xcalloc(1, sizeof(*in_use));

    lock_init(&in_use->lock, LOCK_RANK_STORE_IN_USE);
    return in_use;
}

void in_use_free(struct in_use **in_use_)
{
    struct in_use *in_use = take_ptr(in_use_);

    if (!in_use)
        return;
    in_use_take_noted(in_use, NULL, NULL);
    CHECK(!in_use->blobs);
    lock_destroy(&in_use->lock);
    free(in_use);
}

static struct used_blob *find_used_blob_locked(struct in_use *in_use, const struct digest *digest)
{
    struct used_blob *blob;

    lock_check_held(&in_use->lock);
    HASH_FIND(hh, in_use->blobs, digest, sizeof(*digest), blob);
    return blob;
}

static struct noted_use *find_noted_use_locked(struct in_use *in_use, const struct digest *digest)
{
    struct noted_use *use;

    lock_check_held(&in_use->lock);
    HASH_FIND(hh, in_use->uses, digest, sizeof(*digest), use);
    return use;
}

void in_use_add(struct in_use *in_use, const struct digest *digest)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&in_use->lock);
    struct used_blob *blob = find_used_blob_locked(in_use, digest);

    if (!blob) {
        blob = xcalloc(1, sizeof(*blob));
        blob->digest = *digest;
        HASH_ADD(hh, in_use->blobs, digest, sizeof(blob->digest), blob);
    }
    blob->count++;
}

void in_use_drop(struct in_use *in_use, const struct digest *digest)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&in_use->lock);
    struct used_blob *blob = find_used_blob_locked(in_use, digest);

    CHECK(blob);
    if (--blob->count == 0) {
        HASH_DEL(in_use->blobs, blob);
        free(blob);
    }
}

bool in_use_has(struct in_use *in_use, const struct digest *digest)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&in_use->lock);
    return find_used_blob_locked(in_use, digest);
}

bool in_use_note(struct in_use *in_use, const struct digest *digest, int64_t used_at_s)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&in_use->lock);
    struct noted_use *use = find_noted_use_locked(in_use, digest);
    bool added = !use;

    if (added) {
        use = xcalloc(1, sizeof(*use));
        use->digest = *digest;
        HASH_ADD(hh, in_use->uses, digest, sizeof(use->digest), use);
    }
    use->used_at_s = used_at_s;
    /* Exactly once per fill of the table: each later use would wake the store thread again. */
    return added && HASH_COUNT(in_use->uses) == IN_USE_NOTED_MAX;
}

bool in_use_many_noted(struct in_use *in_use)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&in_use->lock);

    return HASH_COUNT(in_use->uses) >= IN_USE_NOTED_MAX;
}

void in_use_take_noted(struct in_use *in_use,
                       void (*visit)(void *arg, const struct digest *digest, int64_t used_at_s), void *arg)
{
    struct noted_use *next;

    lock_acquire(&in_use->lock);
    struct noted_use *use = in_use->uses; /* HASH_CLEAR frees the table, not the list that links the items */
    HASH_CLEAR(hh, in_use->uses);
    lock_release(&in_use->lock);
    for (; use; use = next) {
        next = use->hh.next;
        if (visit)
            visit(arg, &use->digest, use->used_at_s);
        free(use);
    }
}

static bool in_use_is_busy_locked(struct in_use *in_use, const struct digest *digest)
{
    lock_check_held(&in_use->lock);
    return find_used_blob_locked(in_use, digest) || find_noted_use_locked(in_use, digest);
}

bool in_use_is_busy(struct in_use *in_use, const struct digest *digest)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&in_use->lock);

    return in_use_is_busy_locked(in_use, digest);
}

int in_use_unlink(struct in_use *in_use, const struct digest *digest, const struct layout *layout)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&in_use->lock);

    return in_use_is_busy_locked(in_use, digest) ? -EBUSY : layout_unlink_blob(layout, digest);
}
