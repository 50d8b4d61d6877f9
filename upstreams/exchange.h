/* One exchange: a GET or HEAD to one upstream, with its redirects, each checked by the policy (hop.h).
 *
 * Calls of the owner: answered() once, for the final head; body() any number of times; ended() last,
 * always, unless exchange_drop() came before. answered() and body() run inside curl: they must not start,
 * resume or drop exchanges. ended() may. Everything runs on the fetch thread, except exchanges_wake().
 *
 * Body bytes are gathered up to a block or to the end of a turn of the loop, whichever comes first. */
#ifndef UPSTREAMS_EXCHANGE_H
#define UPSTREAMS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct exchange;
struct exchanges;
struct head;
struct upstream;

/* All pointers must stay valid until ended(). Where a text is NULL, its header is not sent. */
struct exchange_request {
    struct upstream *upstream;
    const char *url;
    bool head;
    bool document; /* may come compressed; else identity */
    const char *accept;
    const char *if_none_match;
    const char *if_modified_since;
    int64_t range_from;   /* 0: the whole */
    const char *if_range; /* only with range_from */
    /* Sent to the origin of `url` until a redirect leads away from it, and never again after that. */
    const char *authorization;
};

enum exchange_outcome {
    EXCHANGE_COMPLETE, /* the body ended properly */
    EXCHANGE_DROPPED,  /* answered() or body() did not want it */
    EXCHANGE_BROKEN,   /* may go better in a moment: time-outs, broken connections */
    EXCHANGE_FAILED,   /* will not: policy, certificates, limits */
};

struct exchange_ops {
    /* `url` is the final one. True: send the body to body(). */
    bool (*answered)(void *owner, const struct head *head, const char *url);
    /* 0: continue; 1: taken, but no more until exchange_resume(); negative: no more at all. */
    int (*body)(void *owner, const void *data, size_t len);
    /* `shown` is the last URL without its secrets; `problem` the end of a sentence. The exchange is freed
     * already. */
    void (*ended)(void *owner, enum exchange_outcome outcome, const char *shown, const char *problem);
};

/* The set of all exchanges and their loop. Returns 0, or -1 with a sentence. */
int exchanges_open(struct exchanges **out, struct buf *error);
/* All exchanges must have ended. */
void exchanges_close(struct exchanges *exchanges);
/* One turn: waits up to wait_ms (-1: without limit) for something to happen, and handles it. */
void exchanges_turn(struct exchanges *exchanges, int64_t wait_ms);
void exchanges_wake(struct exchanges *exchanges);

/* Returns the exchange; or NULL with the end of a sentence in `problem` when the policy refuses the URL. */
struct exchange *exchange_start(struct exchanges *exchanges, const struct exchange_request *request,
                                const struct exchange_ops *ops, void *owner, struct buf *problem);
void exchange_resume(struct exchange *exchange);
/* Ends it without ended(). */
void exchange_drop(struct exchange *exchange);

#endif
