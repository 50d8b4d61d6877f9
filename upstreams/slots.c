/* Owns a pool for each upstream that somebody uses or waits for; it goes with its last slot. All on the
 * fetch thread.
 *
 *   NONE ─► WAITING ─► READY ─► HELD ─► NONE
 *     └──────────────────────────▲
 *
 * READY counts as taken: otherwise a newcomer could overtake a request whose slot was granted a moment
 * ago, in the same turn of the loop. */
#include "upstreams/slots.h"

#include "base/check.h"
#include "base/memory.h"
#include "upstreams/upstream.h"

#define EXTRA_FOR_DOCUMENTS 2

struct slot_pool {
    struct upstream *upstream;
    int taken; /* slots that are READY or HELD */
    struct slot_list documents;
    struct slot_list blobs;
    LIST_ENTRY(slot_pool) entry;
};

void slots_init(struct slots *slots)
{
    LIST_INIT(&slots->pools);
    TAILQ_INIT(&slots->ready);
}

/* A list is enough: there are as many pools as upstreams in use, a handful. */
static struct slot_pool *slot_pool_get(struct slots *slots, struct upstream *upstream)
{
    struct slot_pool *pool;

    LIST_FOREACH (pool, &slots->pools, entry)
        if (pool->upstream == upstream)
            return pool;
    pool = xcalloc(1, sizeof(*pool));
    pool->upstream = upstream;
    TAILQ_INIT(&pool->documents);
    TAILQ_INIT(&pool->blobs);
    LIST_INSERT_HEAD(&slots->pools, pool, entry);
    return pool;
}

static bool slot_pool_has_free(const struct slot_pool *pool, bool document)
{
    int connections = upstream_get_options(pool->upstream)->connections;

    if (connections < 1)
        connections = 1;
    return pool->taken < connections + (document ? EXTRA_FOR_DOCUMENTS : 0);
}

static struct slot_list *slot_pool_queue(struct slot_pool *pool, bool document)
{
    return document ? &pool->documents : &pool->blobs;
}

bool slots_take(struct slots *slots, struct slot *slot, struct upstream *upstream, bool document, bool again)
{
    struct slot_pool *pool = slot_pool_get(slots, upstream);
    struct slot_list *queue = slot_pool_queue(pool, document);

    CHECK(slot->state == SLOT_NONE);
    slot->pool = pool;
    slot->document = document;
    /* While somebody waits no slot is free, see slot_pool_grant(): asking for both makes the order
     * evident. */
    if ((again || TAILQ_EMPTY(queue)) && slot_pool_has_free(pool, document)) {
        pool->taken++;
        slot->state = SLOT_HELD;
        return true;
    }
    slot->state = SLOT_WAITING;
    if (again)
        TAILQ_INSERT_HEAD(queue, slot, entry);
    else
        TAILQ_INSERT_TAIL(queue, slot, entry);
    return false;
}

static void slot_pool_grant(struct slots *slots, struct slot_pool *pool, bool document)
{
    struct slot_list *queue = slot_pool_queue(pool, document);
    struct slot *slot;

    while ((slot = TAILQ_FIRST(queue)) && slot_pool_has_free(pool, document)) {
        TAILQ_REMOVE(queue, slot, entry);
        TAILQ_INSERT_TAIL(&slots->ready, slot, entry);
        slot->state = SLOT_READY;
        pool->taken++;
    }
}

void slots_give_back(struct slots *slots, struct slot *slot)
{
    struct slot_pool *pool = slot->pool;

    switch (slot->state) {
    case SLOT_NONE:
        return;
    case SLOT_WAITING:
        TAILQ_REMOVE(slot_pool_queue(pool, slot->document), slot, entry);
        break;
    case SLOT_READY:
        TAILQ_REMOVE(&slots->ready, slot, entry);
        pool->taken--;
        break;
    case SLOT_HELD:
        pool->taken--;
        break;
    }
    slot->state = SLOT_NONE;
    slot->pool = NULL;
    slot_pool_grant(slots, pool, true);
    slot_pool_grant(slots, pool, false);
    if (pool->taken == 0) { /* then both queues are empty: at least one request always fits */
        LIST_REMOVE(pool, entry);
        free(pool);
    }
}

struct slot *slots_next(struct slots *slots)
{
    struct slot *slot = TAILQ_FIRST(&slots->ready);

    if (slot) {
        TAILQ_REMOVE(&slots->ready, slot, entry);
        slot->state = SLOT_HELD;
    }
    return slot;
}
