/* The fetch thread, and the orders that other threads give it.
 *
 * Owns the running fetches: `all` whose start order was seen, and of these `backing_off` that wait for the
 * clock. Other threads only set bits in fetch->orders, under fetcher->lock; a fetch with orders is in the
 * list `ordered`. When it finishes it is taken out of that list, so no order outlives its fetch. The fetch
 * thread frees it after finish().
 *
 * The thread repeats: carry out orders; start the fetches whose backoff, slot or token has come; let curl
 * do one turn, which ends in the calls of fetch_request.c and fetch_states.c. It waits nowhere but in that
 * turn, and exchanges_wake() ends the wait. */
#include "upstreams/fetch.h"

#include <curl/curl.h>
#include <signal.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "upstreams/fetch_private.h"

const char *fetch_outcome_name(enum fetch_outcome outcome)
{
    static const char *const names[] = {
        [FETCH_OK] = "ok",           [FETCH_NOT_MODIFIED] = "not modified", [FETCH_NOT_FOUND] = "not found",
        [FETCH_DENIED] = "denied",   [FETCH_UNAVAILABLE] = "unavailable",   [FETCH_TOO_LARGE] = "too large",
        [FETCH_REFUSED] = "refused", [FETCH_CANCELLED] = "cancelled",
    };
    return names[outcome];
}

/* ---- orders, from any thread ---- */

/* The wake-up is sent under the lock: once that is free, the fetch thread may carry out the order of
 * another thread and free the fetch, and after that fetcher_stop() the fetcher. */
static void fetch_give_order(struct fetch *fetch, enum fetch_order order, enum fetch_decision decision)
{
    struct fetcher *fetcher = fetch->fetcher;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fetcher->lock);
    if (!fetch->orders)
        TAILQ_INSERT_TAIL(&fetcher->ordered, fetch, ordered_entry);
    fetch->orders |= order;
    if (order == ORDER_DECIDE)
        fetch->decision = decision;
    exchanges_wake(fetcher->exchanges);
}

struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_options *options,
                          const struct fetch_sink_ops *ops, void *sink)
{
    struct fetch *fetch = xcalloc(1, sizeof(*fetch));

    fetch->fetcher = fetcher;
    fetch->ops = ops;
    fetch->sink = sink;
    fetch->label = xstrdup(options->label);
    fetch->accept = xstrdup_or_null(options->accept);
    fetch->document = options->class == FETCH_DOCUMENT;
    fetch->head = options->head;
    fetch->max_bytes = options->max_bytes;
    fetch->expected_bytes = options->expected_bytes;
    candidates_init(&fetch->candidates, options->candidates, options->candidate_count);
    buf_init(&fetch->last_problem);
    buf_init(&fetch->shown);
    buf_init(&fetch->challenge);
    authorization_init(&fetch->authorization);
    fetch_give_order(fetch, ORDER_START, FETCH_PENDING);
    return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
    fetch_give_order(fetch, ORDER_CANCEL, FETCH_PENDING);
}

void fetch_resume(struct fetch *fetch)
{
    fetch_give_order(fetch, ORDER_RESUME, FETCH_PENDING);
}

void fetch_decide(struct fetch *fetch, enum fetch_decision decision)
{
    CHECK(decision != FETCH_PENDING);
    fetch_give_order(fetch, ORDER_DECIDE, decision);
}

/* ---- the fetch thread ---- */

static void fetch_forget_orders(struct fetch *fetch)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fetch->fetcher->lock);
    if (fetch->orders)
        TAILQ_REMOVE(&fetch->fetcher->ordered, fetch, ordered_entry);
}

void fetch_finish(struct fetch *fetch, enum fetch_outcome outcome, const char *reason)
{
    bool answered = outcome == FETCH_OK || outcome == FETCH_NOT_MODIFIED;
    struct fetch_answer answer = fetch_answer_show(&fetch->answer);

    fetch_let_go(fetch);
    TAILQ_REMOVE(&fetch->fetcher->all, fetch, all_entry);
    /* The owner may cancel or decide until finish() has returned: orders are forgotten after it. */
    fetch->ops->finish(fetch->sink, outcome, answered ? &answer : NULL, reason);
    fetch_forget_orders(fetch);
    fetch_answer_release(&fetch->answer);
    candidates_release(&fetch->candidates);
    buf_release(&fetch->last_problem);
    buf_release(&fetch->shown);
    buf_release(&fetch->challenge);
    authorization_release(&fetch->authorization);
    free(fetch->label);
    free(fetch->accept);
    free(fetch);
}

/* The next fetch with orders, which are taken off it; NULL when there is none. */
static struct fetch *fetcher_next_ordered(struct fetcher *fetcher, unsigned *orders,
                                          enum fetch_decision *decision)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fetcher->lock);
    struct fetch *fetch = TAILQ_FIRST(&fetcher->ordered);
    if (!fetch)
        return NULL;
    TAILQ_REMOVE(&fetcher->ordered, fetch, ordered_entry);
    *orders = fetch->orders;
    *decision = fetch->decision;
    fetch->orders = 0;
    return fetch;
}

/* Any order may free the fetch, so only the strongest of several is carried out. That loses nothing: a
 * fetch that starts or is decided has no exchange to resume, and one that starts has nothing to decide. */
static void fetch_carry_out(struct fetch *fetch, unsigned orders, enum fetch_decision decision)
{
    if (orders & ORDER_START)
        TAILQ_INSERT_TAIL(&fetch->fetcher->all, fetch, all_entry);
    if (orders & ORDER_CANCEL)
        fetch_finish(fetch, FETCH_CANCELLED, "cancelled");
    else if (orders & ORDER_START)
        fetch_begin(fetch);
    else if (orders & ORDER_DECIDE) {
        CHECK(fetch->state == FETCH_DECIDING);
        fetch_decided(fetch, decision);
    } else if (fetch->exchange)
        exchange_resume(fetch->exchange);
}

static bool fetcher_is_stopping(struct fetcher *fetcher)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fetcher->lock);
    return fetcher->stopping;
}

static void fetcher_follow_orders(struct fetcher *fetcher)
{
    enum fetch_decision decision;
    struct fetch *fetch;
    unsigned orders;

    while ((fetch = fetcher_next_ordered(fetcher, &orders, &decision)))
        fetch_carry_out(fetch, orders, decision);
}

#define FETCH_OF(member, address) ((struct fetch *)(void *)((char *)(address)-offsetof(struct fetch, member)))

/* Starts the fetches whose wait is over. Returns how long the next turn may wait, in ms; -1: without
 * limit. */
static int64_t fetcher_start_waiting(struct fetcher *fetcher)
{
    int64_t wait_ms = -1;
    struct fetch *next;

    int64_t now_ms = clock_mono_ms();
    for (struct fetch *fetch = TAILQ_FIRST(&fetcher->backing_off); fetch; fetch = next) {
        next = TAILQ_NEXT(fetch, backoff_entry);
        if (fetch->due_ms <= now_ms)
            fetch_backoff_over(fetch);
    }
    /* Those whose slot or token has come. Each may give back what the next one waits for. */
    for (;;) {
        struct slot *slot = slots_next(&fetcher->slots);
        struct authorization *authorization = slot ? NULL : tokens_next(fetcher->tokens);
        if (slot)
            fetch_slot_granted(FETCH_OF(slot, slot));
        else if (authorization)
            fetch_authorized(FETCH_OF(authorization, authorization));
        else
            break;
    }
    /* In a second pass, since a fetch that was started above may be backing off again. */
    now_ms = clock_mono_ms();
    for (struct fetch *fetch = TAILQ_FIRST(&fetcher->backing_off); fetch;
         fetch = TAILQ_NEXT(fetch, backoff_entry)) {
        int64_t left_ms = fetch->due_ms > now_ms ? fetch->due_ms - now_ms : 0;
        if (wait_ms < 0 || left_ms < wait_ms)
            wait_ms = left_ms;
    }
    return wait_ms;
}

static void *fetcher_run(void *arg)
{
    struct fetcher *fetcher = arg;

    while (!fetcher_is_stopping(fetcher)) {
        fetcher_follow_orders(fetcher);
        exchanges_turn(fetcher->exchanges, fetcher_start_waiting(fetcher));
    }
    /* A finish() may start another fetch, whose order is seen here; it ends cancelled like the rest. */
    fetcher_follow_orders(fetcher);
    struct fetch *fetch;
    while ((fetch = TAILQ_FIRST(&fetcher->all))) {
        fetch_finish(fetch, FETCH_CANCELLED, "the server stops");
        fetcher_follow_orders(fetcher);
    }
    return NULL;
}

/* ---- start and stop ---- */

/* Signals belong to the main thread. SIGPIPE would come from OpenSSL writing to a closed socket;
 * CURLOPT_NOSIGNAL keeps curl from suppressing it, so it is blocked here. */
static int fetcher_start_thread(struct fetcher *fetcher)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&fetcher->thread, NULL, fetcher_run, fetcher);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error)
        pthread_setname_np(fetcher->thread, "fetch");
    return error;
}

static void fetcher_free(struct fetcher *fetcher)
{
    tokens_free(fetcher->tokens);
    exchanges_close(fetcher->exchanges);
    lock_destroy(&fetcher->lock);
    free(fetcher);
    curl_global_cleanup();
}

int fetcher_start(struct fetcher **out, struct buf *error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        buf_set(error, "cannot start fetching: libcurl does not start");
        return -1;
    }
    struct fetcher *fetcher = xcalloc(1, sizeof(*fetcher));
    TAILQ_INIT(&fetcher->all);
    TAILQ_INIT(&fetcher->backing_off);
    TAILQ_INIT(&fetcher->ordered);
    slots_init(&fetcher->slots);
    if (exchanges_open(&fetcher->exchanges, error) < 0) {
        free(fetcher);
        curl_global_cleanup();
        return -1;
    }
    fetcher->tokens = tokens_new(fetcher->exchanges);
    lock_init(&fetcher->lock, LOCK_RANK_FETCH_QUEUE);
    int failure = fetcher_start_thread(fetcher);
    if (failure) {
        buf_set(error, "cannot start the fetch thread: %s", strerror(failure));
        fetcher_free(fetcher);
        return -1;
    }
    *out = fetcher;
    return 0;
}

void fetcher_stop(struct fetcher **fetcher)
{
    struct fetcher *owned = *fetcher;

    if (!owned)
        return;
    lock_acquire(&owned->lock);
    owned->stopping = true;
    exchanges_wake(owned->exchanges);
    lock_release(&owned->lock);
    CHECK(pthread_join(owned->thread, NULL) == 0);
    *fetcher = NULL; /* not before: finish() may start another fetch */
    fetcher_free(owned);
}
