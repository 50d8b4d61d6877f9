/* Shared by exchange.c (life and time) and exchange_curl.c (what curl is told and calls back). */
#ifndef UPSTREAMS_EXCHANGE_PRIVATE_H
#define UPSTREAMS_EXCHANGE_PRIVATE_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "upstreams/exchange.h"
#include "upstreams/head.h"
#include "upstreams/hop.h"

#define GATHER_BYTES (128 * 1024)
/* The body of an answer that nobody wants is read up to here, for the sake of the connection. */
#define DRAIN_BYTES (64 * 1024)
#define DRAIN_MS 2000

enum exchange_phase {
    PHASE_CONNECTING, /* until curl is about to send; CURLOPT_CONNECTTIMEOUT watches */
    PHASE_WAITING,    /* for the whole final head; until deadline_ms */
    PHASE_BODY,       /* debt_bytes watches */
    PHASE_DRAINING,   /* redirect or unwanted; until deadline_ms */
};

struct exchange {
    /* set once */
    struct exchanges *set;
    struct exchange_request request;
    const struct exchange_ops *ops;
    void *owner;
    CURL *easy;
    char *origin; /* of the first hop */

    /* this hop */
    struct hop hop;
    int hops;
    bool left_origin; /* also: some hop before did */
    struct curl_slist *headers;
    struct head head;
    enum exchange_phase phase;
    bool fresh; /* sent again on a new connection, after an idle one proved dead */
    int64_t deadline_ms;
    int64_t drained_bytes;
    char curl_problem[CURL_ERROR_SIZE];
    struct buf problem; /* ours, goes before curl's */

    /* the body */
    struct buf gathered;
    int64_t tick_bytes; /* since the last tick */
    int64_t debt_bytes; /* what is missing at the slowest speed allowed */
    bool paused;        /* by the owner */
    bool curl_paused;   /* curl was told */
    bool unwanted;      /* the owner said no more */
    bool running;       /* in the loop */
    bool due;           /* in the set's list of those to look at when the turn ends */
    CURLcode result;    /* when not running */

    TAILQ_ENTRY(exchange) all_entry;
    TAILQ_ENTRY(exchange) due_entry;
};
TAILQ_HEAD(exchange_list, exchange);

/* Makes the easy handle, and sets what holds for all hops. */
void exchange_curl_prepare(struct exchange *exchange);
/* Sets what is of this hop, and resets what is known of its answer. */
void exchange_curl_aim(struct exchange *exchange);
void exchange_curl_release(struct exchange *exchange);

/* exchange.c, for the callbacks. Hands over what was gathered; sets paused or unwanted. */
void exchange_flush(struct exchange *exchange);
/* Has the exchange looked at when the turn ends. */
void exchange_make_due(struct exchange *exchange);

#endif
