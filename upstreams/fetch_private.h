/* Shared by fetch.c (the thread, orders from other threads), fetch_states.c (one fetch over its candidates),
 * fetch_request.c (one request to one of them), fetch_candidates.c and fetch_answer.c. */
#ifndef UPSTREAMS_FETCH_PRIVATE_H
#define UPSTREAMS_FETCH_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/lock.h"
#include "upstreams/exchange.h"
#include "upstreams/fetch.h"
#include "upstreams/fetch_candidates.h"
#include "upstreams/judge.h"
#include "upstreams/slots.h"
#include "upstreams/tokens.h"

/* A copy of the head of the content at hand, for the sink's begin() and finish(). */
struct answer_copy {
    struct upstream *upstream; /* not referenced; NULL: no answer yet */
    char *url;
    char *content_type;
    char *etag;
    char *last_modified;
    char *digest;
    char *link;
    int64_t total_bytes;
};

enum fetch_state {
    FETCH_NEW,         /* its start order has not been seen */
    FETCH_AUTHORIZING, /* its authorization waits for a token of `current` */
    FETCH_QUEUED,      /* its slot waits in the queue of `current` */
    FETCH_RUNNING,     /* an exchange with `current` */
    FETCH_BACKOFF,     /* until due_ms, between two rounds */
    FETCH_DECIDING,    /* waits for fetch_decide() */
};

enum fetch_order {
    ORDER_START = 1,
    ORDER_CANCEL = 2,
    ORDER_RESUME = 4,
    ORDER_DECIDE = 8,
};

struct fetch {
    /* set once */
    struct fetcher *fetcher;
    const struct fetch_sink_ops *ops;
    void *sink;
    char *label;
    char *accept;
    bool document;
    bool head;
    int64_t max_bytes;
    int64_t expected_bytes;

    /* owned by the fetch thread */
    enum fetch_state state;
    struct candidates candidates;
    struct slot slot;
    int64_t due_ms;
    int rounds;              /* that failed before the first byte */
    int fruitless;           /* requests in a row that brought nothing new, after the first byte */
    struct buf last_problem; /* logged with what is done about it, then forgotten */

    /* the current content */
    int64_t offset;      /* bytes the sink has */
    int64_t total_bytes; /* -1: not known */
    struct answer_copy answer;

    /* the current candidate */
    struct candidate *current;
    struct authorization authorization; /* for the scope of `current`, if it has one */
    struct buf challenge;               /* the WWW-Authenticate of JUDGE_CHALLENGED */
    bool challenged;                    /* a second challenge is a denial */
    bool gave_slot; /* while waiting for a token; done once per candidate, see fetch_lend_slot() */

    /* the current exchange */
    struct exchange *exchange;
    struct fetch_request request;
    struct judgement judgement;
    struct buf shown;   /* its URL for people */
    int64_t skip_bytes; /* of the body, still to be skipped: the sink has them */
    bool ends_by_close; /* the body has neither length nor chunks */
    bool progress;      /* the last request brought enough to go back at once */
    bool sink_refused;
    int64_t retry_after_ms; /* the least length of the next backoff */

    /* guarded by fetcher->lock */
    unsigned orders;
    enum fetch_decision decision;
    TAILQ_ENTRY(fetch) ordered_entry; /* while orders != 0 */

    TAILQ_ENTRY(fetch) all_entry;
    TAILQ_ENTRY(fetch) backoff_entry; /* while FETCH_BACKOFF */
};
TAILQ_HEAD(fetch_list, fetch);

struct fetcher {
    pthread_t thread;

    /* owned by the fetch thread */
    struct exchanges *exchanges;
    struct slots slots;
    struct tokens *tokens;
    struct fetch_list all; /* since their start order was seen */
    struct fetch_list backing_off;

    struct lock lock;
    /* guarded by lock */
    struct fetch_list ordered;
    bool stopping;
};

/* fetch_states.c. All on the fetch thread, outside of the calls of an exchange; each may free the fetch. */
void fetch_begin(struct fetch *fetch);
void fetch_slot_granted(struct fetch *fetch); /* its slot is held now */
void fetch_authorized(struct fetch *fetch);   /* the wait for a token is over */
void fetch_backoff_over(struct fetch *fetch); /* due_ms has come */
void fetch_decided(struct fetch *fetch, enum fetch_decision decision);
/* Gives back slot, token and exchange, and frees nothing. */
void fetch_let_go(struct fetch *fetch);

/* fetch_request.c. Describes what to ask of the current candidate, and resets the state of its answer. */
void fetch_request_make(struct fetch *fetch, struct exchange_request *request);
/* Calls of the exchange, made inside curl. */
bool fetch_on_answered(void *owner, const struct head *head, const char *url);
int fetch_on_body(void *owner, const void *data, size_t len);
/* Whether a body that ended by itself is complete; if not, the candidate's problem says so. */
bool fetch_body_is_whole(struct fetch *fetch);
/* Whether all bytes came, even if the exchange broke afterwards. */
bool fetch_has_all(const struct fetch *fetch);
/* Sets the candidate's state after an exchange that did not complete the content; and after a judgement
 * alone. */
void fetch_note_exchange(struct fetch *fetch, enum exchange_outcome outcome, const char *problem);
void fetch_note_judgement(struct fetch *fetch);
/* After the same: sets `progress` and `fruitless` by how far it got. */
void fetch_note_progress(struct fetch *fetch);

/* fetch_answer.c */
void fetch_answer_keep(struct answer_copy *copy, struct upstream *upstream, const struct head *head,
                       const char *url, int64_t total_bytes);
void fetch_answer_release(struct answer_copy *copy);
/* Valid as long as the copy. */
struct fetch_answer fetch_answer_show(const struct answer_copy *copy);

/* fetch.c: calls finish() of the sink and frees the fetch. */
void fetch_finish(struct fetch *fetch, enum fetch_outcome outcome, const char *reason);

#endif
