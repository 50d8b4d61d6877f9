/* The cap on parallel requests, per upstream: a blob runs while fewer than `connections` run there, a
 * document while fewer than two more do. Who must wait stands in line, documents before blobs, first come
 * first served.
 *
 * Used by the fetch thread only. A ticket lies in the structure that waits; nothing is called back: who got a
 * place after waiting is handed out by lanes_next(), so that a long line does not become a deep stack. */
#ifndef UPSTREAMS_LANES_H
#define UPSTREAMS_LANES_H

#include <stdbool.h>
#include <sys/queue.h>

struct upstream;
struct lane;

enum ticket_place { TICKET_NOWHERE, TICKET_WAITING, TICKET_READY, TICKET_RUNNING };

struct ticket {
    enum ticket_place place;
    struct lane *lane; /* unless NOWHERE */
    bool document;
    TAILQ_ENTRY(ticket) entry; /* while WAITING or READY */
};
TAILQ_HEAD(ticket_list, ticket);
LIST_HEAD(lane_list, lane);

struct lanes {
    struct lane_list lanes;
    struct ticket_list ready;
};

void lanes_init(struct lanes *lanes);
/* The ticket must be NOWHERE. True: it is RUNNING; false: it waits. The upstream must outlive the ticket's
 * stay. */
bool lanes_enter(struct lanes *lanes, struct ticket *ticket, struct upstream *upstream, bool document);
/* The same in front of those who wait, for one who had a place and gave it up. */
bool lanes_return(struct lanes *lanes, struct ticket *ticket, struct upstream *upstream, bool document);
/* From any place; afterwards NOWHERE. */
void lanes_leave(struct lanes *lanes, struct ticket *ticket);
/* The next ticket that has waited and may run: RUNNING now. NULL when there is none. */
struct ticket *lanes_next(struct lanes *lanes);

#endif
