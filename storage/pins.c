/* Owns: two tables by digest, both guarded by `lock`. The only disk access under the lock is the unlink; who
 * evicts holds the file open, so that its blocks are freed at close, outside the lock. */
#include "storage/pins.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <uthash.h>

#include "base/check.h"
#include "base/lock.h"
#include "base/memory.h"

struct pin {
    UT_hash_handle hh;
    struct digest digest;
    int count;
};

struct use {
    UT_hash_handle hh;
    struct digest digest;
    int64_t used_at_s;
};

struct pins {
    struct lock lock;
    struct pin *pinned;
    struct use *uses;
};

struct pins *pins_new(void)
{
    struct pins *pins = xcalloc(1, sizeof(*pins));

    lock_init(&pins->lock, LOCK_RANK_STORE_PINS);
    return pins;
}

static void forget_use(void *arg, const struct digest *digest, int64_t used_at_s)
{
    (void)arg;
    (void)digest;
    (void)used_at_s;
}

void pins_free(struct pins **pins_)
{
    struct pins *pins = take_ptr(pins_);

    if (!pins)
        return;
    pins_take_uses(pins, forget_use, NULL);
    CHECK(!pins->pinned);
    lock_destroy(&pins->lock);
    free(pins);
}

static struct pin *find_pin_locked(struct pins *pins, const struct digest *digest)
{
    struct pin *pin;

    lock_check_held(&pins->lock);
    HASH_FIND(hh, pins->pinned, digest, sizeof(*digest), pin);
    return pin;
}

static struct use *find_use_locked(struct pins *pins, const struct digest *digest)
{
    struct use *use;

    lock_check_held(&pins->lock);
    HASH_FIND(hh, pins->uses, digest, sizeof(*digest), use);
    return use;
}

void pins_add(struct pins *pins, const struct digest *digest)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&pins->lock);
    struct pin *pin = find_pin_locked(pins, digest);

    if (!pin) {
        pin = xcalloc(1, sizeof(*pin));
        pin->digest = *digest;
        HASH_ADD(hh, pins->pinned, digest, sizeof(pin->digest), pin);
    }
    pin->count++;
}

void pins_drop(struct pins *pins, const struct digest *digest)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&pins->lock);
    struct pin *pin = find_pin_locked(pins, digest);

    CHECK(pin);
    if (--pin->count == 0) {
        HASH_DEL(pins->pinned, pin);
        free(pin);
    }
}

bool pins_has(struct pins *pins, const struct digest *digest)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&pins->lock);
    return find_pin_locked(pins, digest);
}

bool pins_note_use(struct pins *pins, const struct digest *digest, int64_t used_at_s)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&pins->lock);
    struct use *use = find_use_locked(pins, digest);
    bool added = !use;

    if (added) {
        use = xcalloc(1, sizeof(*use));
        use->digest = *digest;
        HASH_ADD(hh, pins->uses, digest, sizeof(use->digest), use);
    }
    use->used_at_s = used_at_s;
    return added && HASH_COUNT(pins->uses) == PINS_USES_MAX;
}

bool pins_have_many_uses(struct pins *pins)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&pins->lock);

    return HASH_COUNT(pins->uses) >= PINS_USES_MAX;
}

void pins_take_uses(struct pins *pins,
                    void (*visit)(void *arg, const struct digest *digest, int64_t used_at_s), void *arg)
{
    struct use *next;

    lock_acquire(&pins->lock);
    struct use *use = pins->uses; /* the items stay linked when the table is gone */
    HASH_CLEAR(hh, pins->uses);
    lock_release(&pins->lock);
    for (; use; use = next) {
        next = use->hh.next;
        visit(arg, &use->digest, use->used_at_s);
        free(use);
    }
}

static bool is_busy_locked(struct pins *pins, const struct digest *digest)
{
    return find_pin_locked(pins, digest) || find_use_locked(pins, digest);
}

bool pins_is_busy(struct pins *pins, const struct digest *digest)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&pins->lock);

    return is_busy_locked(pins, digest);
}

int pins_unlink(struct pins *pins, const struct digest *digest, int folder_fd, const char *name)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&pins->lock);

    if (is_busy_locked(pins, digest))
        return -EBUSY;
    return unlinkat(folder_fd, name, 0) < 0 ? -errno : 0;
}
