/* Shared by fetch.c (the thread, orders from other threads), fetch_attempts.c (one fetch over its candidates) and
 * fetch_question.c (one question to one of them). */
#ifndef UPSTREAMS_FETCH_PRIVATE_H
#define UPSTREAMS_FETCH_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/lock.h"
#include "upstreams/candidates.h"
#include "upstreams/exchange.h"
#include "upstreams/fetch.h"
#include "upstreams/fetch_answer.h"
#include "upstreams/judge.h"
#include "upstreams/lanes.h"
#include "upstreams/tokens.h"

enum fetch_state {
    FETCH_NEW,         /* its start order has not been seen */
    FETCH_AUTHORIZING, /* its pass waits for a token of `current` */
    FETCH_QUEUED,      /* its ticket waits in the lane of `current` */
    FETCH_RUNNING,     /* an exchange with `current` */
    FETCH_RESTING,     /* until due_ms, between two rounds */
    FETCH_DECIDING,    /* the sink will tell */
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
    struct ticket ticket;
    int64_t due_ms;
    int rounds;      /* that failed before the first byte */
    int fruitless;   /* attempts in a row that brought nothing new, after the first byte */
    struct buf news; /* what went wrong last, to be logged with what is done about it */

    /* the content at hand */
    int64_t offset;      /* bytes the sink has */
    int64_t total_bytes; /* -1: not known */
    struct answer_copy answer;

    /* the attempt at hand */
    struct candidate *current;
    struct pass pass;     /* for its scope, if it has one */
    struct buf challenge; /* the WWW-Authenticate of JUDGE_CHALLENGED */
    bool challenged;      /* once already; the second time is a denial */
    bool gave_place;      /* in the lane, to wait for a token; not a second time */

    /* the exchange at hand */
    struct exchange *exchange;
    struct question question;
    struct ruling ruling;
    struct buf shown;   /* its URL for people */
    int64_t skip_bytes; /* still to be passed over */
    bool ends_by_close; /* the body has neither length nor chunks */
    bool progress;      /* the last attempt brought enough to try again at once */
    bool sink_refused;
    int64_t retry_after_ms; /* the next pause is at least so long */

    /* guarded by fetcher->lock */
    unsigned orders;
    enum fetch_decision decision;
    TAILQ_ENTRY(fetch) ordered_entry; /* while orders != 0 */

    TAILQ_ENTRY(fetch) all_entry;
    TAILQ_ENTRY(fetch) resting_entry; /* while FETCH_RESTING */
};
TAILQ_HEAD(fetch_list, fetch);

struct fetcher {
    pthread_t thread;

    /* owned by the fetch thread */
    struct exchanges *exchanges;
    struct lanes lanes;
    struct tokens *tokens;
    struct fetch_list all; /* since their start order was seen */
    struct fetch_list resting;

    struct lock lock;
    /* guarded by lock */
    struct fetch_list ordered;
    bool stopping;
};

/* fetch_attempts.c; all on the fetch thread, outside of exchange callbacks. Each may end with fetch_finish(). */
void attempts_begin(struct fetch *fetch);
void attempts_granted(struct fetch *fetch);    /* its ticket runs */
void attempts_authorized(struct fetch *fetch); /* its pass has been handed out */
void attempts_rested(struct fetch *fetch);     /* due_ms has come */
void attempts_decided(struct fetch *fetch, enum fetch_decision decision);
void attempts_stop(struct fetch *fetch); /* leaves the lane and the token, drops the exchange */

/* fetch_question.c. What is asked of the current candidate, and resets what is known of the answer. */
void question_put(struct fetch *fetch, struct exchange_request *request);
/* The calls of its exchange. */
bool question_answered(void *owner, const struct head *head, const char *url);
int question_body(void *owner, const void *data, size_t len);
/* The body, which ended by itself, is whole; else the candidate's problem says so. */
bool question_is_whole(struct fetch *fetch);
/* All has come, even if the exchange broke afterwards. */
bool question_has_all(const struct fetch *fetch);
/* The candidate's standing after an exchange that did not bring the end of the content; and after a ruling alone. */
void question_weigh_end(struct fetch *fetch, enum exchange_outcome end, const char *problem);
void question_weigh_answer(struct fetch *fetch);
/* How far such an attempt got: sets `progress` and `fruitless`. */
void question_weigh_progress(struct fetch *fetch);

/* fetch.c: calls finish() of the sink and frees the fetch. */
void fetch_finish(struct fetch *fetch, enum fetch_outcome outcome, const char *reason);

#endif
