/* Shared by exchange.c (life and time) and exchange_curl.c (what curl is told, and its callbacks). */
#ifndef UPSTREAMS_EXCHANGE_PRIVATE_H
#define UPSTREAMS_EXCHANGE_PRIVATE_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "upstreams/exchange.h"
#include "upstreams/head.h"
#include "upstreams/hop.h"

#define GATHER_BYTES (128 * 1024)
/* An unwanted body is read up to here, so that the connection can be used again. */
#define EXCHANGE_DRAIN_BYTES (64 * 1024)
#define EXCHANGE_DRAIN_MS 2000

enum exchange_phase {
    PHASE_CONNECTING, /* until curl is about to send; bounded by CURLOPT_CONNECTTIMEOUT */
    PHASE_WAITING,    /* for the complete final head; bounded by deadline_ms */
    PHASE_BODY,       /* bounded by debt_bytes */
    PHASE_DRAINING,   /* of a redirect, or unwanted; bounded by deadline_ms */
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
    bool left_origin; /* some hop so far was at another origin */
    struct curl_slist *headers;
    struct head head;
    enum exchange_phase phase;
    bool fresh; /* sent again on a new connection, after an idle one proved dead */
    int64_t deadline_ms;
    int64_t drained_bytes;
    char curl_problem[CURL_ERROR_SIZE];
    struct buf problem; /* ours, preferred to that of curl */

    /* the body */
    struct buf gathered;
    int64_t tick_bytes; /* since the last tick */
    int64_t debt_bytes; /* bytes missing at the slowest speed allowed */
    bool paused;        /* by the owner */
    bool curl_paused;   /* curl was told */
    bool unwanted;      /* the owner said no more */
    bool running;       /* in the loop */
    bool due;           /* in the list of exchanges to look at when the turn ends */
    CURLcode result;    /* when not running */

    TAILQ_ENTRY(exchange) all_entry;
    TAILQ_ENTRY(exchange) due_entry;
};
TAILQ_HEAD(exchange_list, exchange);

/* Makes the easy handle, and sets the options that all hops share. */
void exchange_curl_prepare(struct exchange *exchange);
/* Sets the options of the current hop, and resets the state of its answer. */
void exchange_curl_aim(struct exchange *exchange);
void exchange_curl_release(struct exchange *exchange);

/* exchange.c, for the callbacks. Hands over the gathered bytes; sets paused or unwanted. */
void exchange_flush(struct exchange *exchange);
/* Puts the exchange in the list `due`. */
void exchange_make_due(struct exchange *exchange);

#endif
