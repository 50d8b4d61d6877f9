/* The limit on parallel requests to one upstream: a blob may start while fewer than `connections` requests
 * run there, a document while fewer than two more do, so that pages are answered while large files come. A
 * request without a free slot waits in a queue: documents before blobs, and each kind in the order of
 * arrival.
 *
 * Fetch thread only. A slot is part of the structure that needs it. There are no callbacks: slots_next()
 * hands out, one at a time, the slots whose wait is over, so a long queue cannot become a deep stack. */
#ifndef UPSTREAMS_SLOTS_H
#define UPSTREAMS_SLOTS_H

#include <stdbool.h>
#include <sys/queue.h>

struct slot_pool;
struct upstream;

enum slot_state {
    SLOT_NONE,    /* neither waits nor holds; the state of zeroed memory */
    SLOT_WAITING, /* in the queue of its upstream */
    SLOT_READY,   /* granted, and still to be handed out by slots_next() */
    SLOT_HELD,
};

struct slot {
    enum slot_state state;
    struct slot_pool *pool; /* of its upstream; NULL when SLOT_NONE */
    bool document;
    TAILQ_ENTRY(slot) entry; /* while WAITING or READY */
};
TAILQ_HEAD(slot_list, slot);
LIST_HEAD(slot_pool_list, slot_pool);

struct slots {
    struct slot_pool_list pools;
    struct slot_list ready;
};

void slots_init(struct slots *slots);
/* The slot must be NONE. True: it is HELD now; false: it waits, at the head of the queue if `again`, for a
 * request that held a slot and lent it to others. The upstream must outlive the slot's use. */
bool slots_take(struct slots *slots, struct slot *slot, struct upstream *upstream, bool document, bool again);
/* From any state to NONE. */
void slots_give_back(struct slots *slots, struct slot *slot);
/* The next slot whose wait is over, HELD from now on; NULL when none is. */
struct slot *slots_next(struct slots *slots);

#endif
