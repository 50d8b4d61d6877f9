/* A lane stands for one upstream while anybody runs or waits there. READY tickets have their place
 * already. */
#include "upstreams/lanes.h"

#include "base/check.h"
#include "base/memory.h"
#include "upstreams/upstream.h"

#define EXTRA_FOR_DOCUMENTS 2

struct lane {
    struct upstream *upstream;
    int taken; /* by READY and RUNNING tickets */
    struct ticket_list documents;
    struct ticket_list blobs;
    LIST_ENTRY(lane) entry;
};

void lanes_init(struct lanes *lanes)
{
    LIST_INIT(&lanes->lanes);
    TAILQ_INIT(&lanes->ready);
}

static struct lane *lane_of(struct lanes *lanes, struct upstream *upstream)
{
    struct lane *lane;

    LIST_FOREACH (lane, &lanes->lanes, entry)
        if (lane->upstream == upstream)
            return lane;
    lane = xcalloc(1, sizeof(*lane));
    lane->upstream = upstream;
    TAILQ_INIT(&lane->documents);
    TAILQ_INIT(&lane->blobs);
    LIST_INSERT_HEAD(&lanes->lanes, lane, entry);
    return lane;
}

static bool has_room(const struct lane *lane, bool document)
{
    int connections = upstream_get_options(lane->upstream)->connections;

    if (connections < 1)
        connections = 1;
    return lane->taken < connections + (document ? EXTRA_FOR_DOCUMENTS : 0);
}

static struct ticket_list *line_of(struct lane *lane, bool document)
{
    return document ? &lane->documents : &lane->blobs;
}

/* The ticket runs there now, or is to be put into the line. */
static struct lane *take_place(struct lanes *lanes, struct ticket *ticket, struct upstream *upstream,
                               bool document, bool first)
{
    struct lane *lane = lane_of(lanes, upstream);

    CHECK(ticket->place == TICKET_NOWHERE);
    ticket->lane = lane;
    ticket->document = document;
    ticket->place = TICKET_WAITING;
    if ((first || TAILQ_EMPTY(line_of(lane, document))) && has_room(lane, document)) {
        lane->taken++;
        ticket->place = TICKET_RUNNING;
    }
    return lane;
}

bool lanes_enter(struct lanes *lanes, struct ticket *ticket, struct upstream *upstream, bool document)
{
    struct lane *lane = take_place(lanes, ticket, upstream, document, false);

    if (ticket->place == TICKET_WAITING)
        TAILQ_INSERT_TAIL(line_of(lane, document), ticket, entry);
    return ticket->place == TICKET_RUNNING;
}

bool lanes_return(struct lanes *lanes, struct ticket *ticket, struct upstream *upstream, bool document)
{
    struct lane *lane = take_place(lanes, ticket, upstream, document, true);

    if (ticket->place == TICKET_WAITING)
        TAILQ_INSERT_HEAD(line_of(lane, document), ticket, entry);
    return ticket->place == TICKET_RUNNING;
}

static void call_waiting(struct lanes *lanes, struct lane *lane, bool document)
{
    struct ticket_list *line = line_of(lane, document);
    struct ticket *ticket;

    while ((ticket = TAILQ_FIRST(line)) && has_room(lane, document)) {
        TAILQ_REMOVE(line, ticket, entry);
        TAILQ_INSERT_TAIL(&lanes->ready, ticket, entry);
        ticket->place = TICKET_READY;
        lane->taken++;
    }
}

void lanes_leave(struct lanes *lanes, struct ticket *ticket)
{
    struct lane *lane = ticket->lane;

    switch (ticket->place) {
    case TICKET_NOWHERE:
        return;
    case TICKET_WAITING:
        TAILQ_REMOVE(line_of(lane, ticket->document), ticket, entry);
        break;
    case TICKET_READY:
        TAILQ_REMOVE(&lanes->ready, ticket, entry);
        lane->taken--;
        break;
    case TICKET_RUNNING:
        lane->taken--;
        break;
    }
    ticket->place = TICKET_NOWHERE;
    ticket->lane = NULL;
    call_waiting(lanes, lane, true);
    call_waiting(lanes, lane, false);
    if (lane->taken == 0) { /* then nobody waits either */
        LIST_REMOVE(lane, entry);
        free(lane);
    }
}

struct ticket *lanes_next(struct lanes *lanes)
{
    struct ticket *ticket = TAILQ_FIRST(&lanes->ready);

    if (ticket) {
        TAILQ_REMOVE(&lanes->ready, ticket, entry);
        ticket->place = TICKET_RUNNING;
    }
    return ticket;
}
