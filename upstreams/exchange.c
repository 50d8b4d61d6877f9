/* Life and time of exchanges. Owns the running ones and the loop they run in. All on the fetch thread.
 *
 *   start ─► CONNECTING ─► WAITING ─► BODY ─────► ended COMPLETE, BROKEN, FAILED or, when unwanted, DROPPED
 *                ▲             └────► DRAINING ─┬► ended DROPPED
 *                └──────── next hop ◄───────────┘
 *
 * When curl is done while the owner holds the body back, the end waits for exchange_resume().
 *
 * curl must not be called from inside its callbacks, and a handle must not be removed there. So the
 * callbacks only set flags and put the exchange in the list `due`; exchanges end when curl has returned,
 * at the end of a turn.
 *
 * Of the time limits only that for connecting is curl's. CURLOPT_TIMEOUT would bound a long transfer as a
 * whole, CURLOPT_LOW_SPEED_TIME does not tell a slow first byte from a slow body, and curl has no time-out
 * for the head of an HTTP answer. So a tick each second checks the running exchanges. */
#include "upstreams/exchange.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "upstreams/exchange_private.h"
#include "upstreams/loop.h"
#include "upstreams/upstream.h"

#define EXCHANGE_REDIRECTS_MAX 10
#define EXCHANGE_TICK_MS 1000
#define EXCHANGE_TICK_LATE_MS \
    3000 /* a longer gap was our own, stopped or asleep: upstreams are not blamed for it */
#define SLOWEST_BYTES_PER_S 1024

struct exchanges {
    struct loop *loop;
    struct exchange_list all;
    struct exchange_list due;
    int64_t ticked_at_ms;
};

static void exchange_on_done(void *arg, CURL *easy, CURLcode result);

int exchanges_open(struct exchanges **out, struct buf *error)
{
    struct exchanges *exchanges = xcalloc(1, sizeof(*exchanges));

    TAILQ_INIT(&exchanges->all);
    TAILQ_INIT(&exchanges->due);
    exchanges->ticked_at_ms = clock_mono_ms();
    if (loop_new(&exchanges->loop, exchange_on_done, exchanges, error) < 0) {
        free(exchanges);
        return -1;
    }
    *out = exchanges;
    return 0;
}

void exchanges_close(struct exchanges *exchanges)
{
    CHECK(TAILQ_EMPTY(&exchanges->all));
    loop_free(exchanges->loop);
    free(exchanges);
}

void exchanges_wake(struct exchanges *exchanges)
{
    loop_wake(exchanges->loop);
}

void exchange_make_due(struct exchange *exchange)
{
    if (exchange->due)
        return;
    exchange->due = true;
    TAILQ_INSERT_TAIL(&exchange->set->due, exchange, due_entry);
}

static void exchange_run(struct exchange *exchange)
{
    exchange->running = true;
    loop_add(exchange->set->loop, exchange->easy);
}

static void exchange_stop(struct exchange *exchange)
{
    if (!exchange->running)
        return;
    exchange->running = false;
    loop_remove(exchange->set->loop, exchange->easy);
}

struct exchange *exchange_start(struct exchanges *exchanges, const struct exchange_request *request,
                                const struct exchange_ops *ops, void *owner, struct buf *problem)
{
    struct hop hop = HOP_INIT;

    if (hop_start(&hop, request->upstream, request->url, problem) < 0)
        return NULL;
    struct exchange *exchange = xcalloc(1, sizeof(*exchange));
    exchange->set = exchanges;
    exchange->request = *request;
    exchange->ops = ops;
    exchange->owner = owner;
    exchange->hop = hop;
    exchange->origin = xstrdup(hop.origin);
    buf_init(&exchange->problem);
    buf_init(&exchange->gathered);
    head_init(&exchange->head);
    TAILQ_INSERT_TAIL(&exchanges->all, exchange, all_entry);
    exchange_curl_prepare(exchange);
    exchange_curl_aim(exchange);
    exchange_run(exchange);
    return exchange;
}

void exchange_drop(struct exchange *exchange)
{
    exchange_stop(exchange);
    if (exchange->due)
        TAILQ_REMOVE(&exchange->set->due, exchange, due_entry);
    TAILQ_REMOVE(&exchange->set->all, exchange, all_entry);
    exchange_curl_release(exchange);
    free(exchange);
}

static void exchange_end(struct exchange *exchange, enum exchange_outcome outcome, const char *problem)
{
    const struct exchange_ops *ops = exchange->ops;
    void *owner = exchange->owner;
    char *CLEANUP_FREE shown = xstrdup(exchange->hop.shown);
    char *CLEANUP_FREE why = xstrdup(problem);

    exchange_drop(exchange);
    ops->ended(owner, outcome, shown, why);
}

void exchange_flush(struct exchange *exchange)
{
    if (!exchange->gathered.len || exchange->unwanted)
        return;
    /* The owner takes all of it or ends the exchange: nothing is kept back for a second try. */
    int wish = exchange->ops->body(exchange->owner, exchange->gathered.data, exchange->gathered.len);
    buf_reset(&exchange->gathered);
    exchange->paused = wish > 0;
    exchange->unwanted = wish < 0;
}

/* Results that a second try would not change. */
static bool result_is_final(CURLcode result)
{
    switch (result) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WRITE_ERROR: /* a head or body over our limits */
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_SSL_CACERT_BADFILE:
        return true;
    default:
        return false;
    }
}

static void exchange_end_by_result(struct exchange *exchange)
{
    const char *why =
        exchange->curl_problem[0] ? exchange->curl_problem : curl_easy_strerror(exchange->result);

    /* curl reports success for a connection that is closed within the head. */
    if (exchange->result == CURLE_OK && exchange->phase != PHASE_BODY)
        exchange_end(exchange, EXCHANGE_BROKEN, "closed the connection within the head of its answer");
    else if (exchange->result == CURLE_OK)
        exchange_end(exchange, EXCHANGE_COMPLETE, "");
    else if (exchange->problem.len) /* our own rules: curl knows only that a callback refused */
        exchange_end(exchange, EXCHANGE_FAILED, exchange->problem.data);
    else
        exchange_end(exchange, result_is_final(exchange->result) ? EXCHANGE_FAILED : EXCHANGE_BROKEN, why);
}

static void exchange_next_hop(struct exchange *exchange)
{
    struct buf CLEANUP_BUF problem = BUF_INIT;

    if (++exchange->hops > EXCHANGE_REDIRECTS_MAX) {
        buf_set(&problem, "redirects more than %d times", EXCHANGE_REDIRECTS_MAX);
        exchange_end(exchange, EXCHANGE_FAILED, problem.data);
        return;
    }
    if (hop_follow(&exchange->hop, exchange->request.upstream, exchange->head.location, &problem) < 0) {
        exchange_end(exchange, EXCHANGE_FAILED, problem.data);
        return;
    }
    if (strcmp(exchange->hop.origin, exchange->origin) != 0)
        exchange->left_origin = true;
    exchange->fresh = false;
    exchange_curl_aim(exchange);
    exchange_run(exchange);
}

/* The transfer has left the loop. Begins the next hop or the same again, or ends the exchange, which frees
 * it. */
static void exchange_settle(struct exchange *exchange)
{
    if (exchange->phase == PHASE_DRAINING && !exchange->unwanted) {
        exchange_next_hop(exchange);
        return;
    }
    /* Once only, or a server that always hangs up would be asked forever. */
    if (!exchange->fresh && !exchange->head.lines &&
        loop_connection_was_dead(exchange->easy, exchange->result)) {
        exchange->fresh = true;
        exchange_curl_aim(exchange);
        exchange_run(exchange);
        return;
    }
    if (!exchange->paused)
        exchange_flush(exchange);
    if (exchange->unwanted)
        exchange_end(exchange, EXCHANGE_DROPPED, "");
    else if (!exchange->paused)
        exchange_end_by_result(exchange);
}

static void exchange_on_done(void *arg, CURL *easy, CURLcode result)
{
    char *private = NULL;

    (void)arg;
    CHECK(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private) == CURLE_OK && private);
    struct exchange *exchange = (struct exchange *)(void *)private;
    exchange->running = false;
    exchange->result = result;
    exchange_settle(exchange);
}

void exchange_resume(struct exchange *exchange)
{
    if (!exchange->paused)
        return;
    exchange->paused = false;
    exchange->debt_bytes = 0;
    if (exchange->running && exchange->curl_paused) {
        exchange->curl_paused = false;
        /* curl calls exchange_on_body() from inside this; the result is looked at when due. */
        curl_easy_pause(exchange->easy, CURLPAUSE_CONT);
    }
    exchange_make_due(exchange);
}

/* A leaky bucket: a transfer may lag behind the slowest speed by the bytes which that speed gives in
 * stall_timeout_s. So a burst earns nothing, a short pause costs nothing, and a trickle is ended. The time
 * in which the owner holds the body back does not count. */
static bool exchange_stalls(struct exchange *exchange, int64_t passed_ms, int64_t stall_timeout_s)
{
    exchange->debt_bytes += SLOWEST_BYTES_PER_S * passed_ms / 1000 - exchange->tick_bytes;
    exchange->tick_bytes = 0;
    if (exchange->debt_bytes < 0 || exchange->paused)
        exchange->debt_bytes = 0;
    return exchange->debt_bytes >= SLOWEST_BYTES_PER_S * stall_timeout_s;
}

static void exchange_tick(struct exchange *exchange, int64_t now_ms, int64_t passed_ms)
{
    const struct upstream_options *options = upstream_get_options(exchange->request.upstream);
    struct buf CLEANUP_BUF problem = BUF_INIT;

    switch (exchange->phase) {
    case PHASE_CONNECTING:
        return;
    case PHASE_WAITING:
        if (now_ms < exchange->deadline_ms)
            return;
        buf_set(&problem, "sent no complete answer head within %d s", options->first_byte_timeout_s);
        break;
    case PHASE_BODY:
        if (!exchange_stalls(exchange, passed_ms, options->stall_timeout_s))
            return;
        buf_set(&problem, "sent less than %d bytes a second for %d s", SLOWEST_BYTES_PER_S,
                options->stall_timeout_s);
        break;
    case PHASE_DRAINING:
        if (now_ms < exchange->deadline_ms)
            return;
        break;
    }
    exchange_stop(exchange);
    if (exchange->phase == PHASE_DRAINING)
        exchange_settle(exchange);
    else
        exchange_end(exchange, EXCHANGE_BROKEN, problem.data);
}

/* An exchange that ends may free itself only, and new ones join at the tail: so `next` stays valid. */
static void exchanges_tick(struct exchanges *exchanges)
{
    int64_t now_ms = clock_mono_ms();
    int64_t passed_ms = now_ms - exchanges->ticked_at_ms;
    struct exchange *next;

    if (passed_ms < EXCHANGE_TICK_MS)
        return;
    if (passed_ms > EXCHANGE_TICK_LATE_MS)
        passed_ms = EXCHANGE_TICK_LATE_MS;
    exchanges->ticked_at_ms = now_ms;
    for (struct exchange *exchange = TAILQ_FIRST(&exchanges->all); exchange; exchange = next) {
        next = TAILQ_NEXT(exchange, all_entry);
        if (exchange->running)
            exchange_tick(exchange, now_ms, passed_ms);
    }
}

/* An exchange that ends may start or resume others, which join the list. */
static void exchanges_look_at_due(struct exchanges *exchanges)
{
    struct exchange *exchange;

    while ((exchange = TAILQ_FIRST(&exchanges->due))) {
        TAILQ_REMOVE(&exchanges->due, exchange, due_entry);
        exchange->due = false;
        if (!exchange->running) {
            exchange_settle(exchange);
            continue;
        }
        if (!exchange->paused)
            exchange_flush(exchange);
        if (exchange->unwanted) {
            exchange_stop(exchange);
            exchange_settle(exchange);
        }
    }
}

void exchanges_turn(struct exchanges *exchanges, int64_t wait_ms)
{
    if (!TAILQ_EMPTY(&exchanges->due))
        wait_ms = 0;
    else if (TAILQ_EMPTY(&exchanges->all)) /* an idle wait is not held against the next exchange */
        exchanges->ticked_at_ms = clock_mono_ms();
    else if (wait_ms < 0 || wait_ms > EXCHANGE_TICK_MS)
        wait_ms = EXCHANGE_TICK_MS;
    loop_turn(exchanges->loop, wait_ms);
    exchanges_look_at_due(exchanges);
    exchanges_tick(exchanges);
}
