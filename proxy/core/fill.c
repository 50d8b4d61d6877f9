/* Owns: the table key -> fill, and the lists of suspended requests.
 *
 * States: STARTING -> STREAMING -> DONE, or FAILED from either of the first two; documents skip STREAMING,
 * and a blob that begins again without a length goes back to STARTING. DONE and FAILED are final.
 *
 * Threads: workers join and wait; the fetch thread or the jobs thread moves the fill on and settles it; the
 * main thread ticks. The table's lock guards membership only; each fill's lock guards its fields. The table
 * holds one reference, each request and the sink another, so a fill outlives its place in the table until
 * the last reader has been served.
 *
 * libmicrohttpd: a connection may be suspended only by its own handler or content reader, must be resumed
 * exactly once, and must not be suspended when the daemon stops, which then aborts. So "on the list" and
 * "suspended" are one fact, changed under one lock: the fill's. */
#include "proxy/core/fill.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/memory.h"
#include "proxy/core/connections.h"

/* curl hands over at most 16 KiB at a time. A resume is a trip through the event loop of the worker for every
 * reader, so readers are woken for larger steps, or when a slow upstream makes them wait this long. */
#define WAKE_STEP_BYTES (128 * 1024)
#define WAKE_STEP_MS 20
/* Bytes that are not kept are of no use without a reader. */
#define UNCACHED_LINGER_MS 1000

struct fills {
    struct lock lock;
    struct fill *table;
    _Atomic bool stopping; /* set once; read under the lock of any fill */
};

struct fills *fills_new(void)
{
    struct fills *fills = xcalloc(1, sizeof(*fills));

    lock_init(&fills->lock, LOCK_RANK_FILL_TABLE);
    return fills;
}

void fills_free(struct fills *fills)
{
    if (!fills)
        return;
    CHECK(!fills->table);
    lock_destroy(&fills->lock);
    free(fills);
}

static void fill_free(struct shared *value)
{
    struct fill *fill = (struct fill *)value;

    /* A waiter belongs to a request that holds a reference, and the sink holds one until finish(). */
    CHECK(!fill->waiters && !fill->fetch);
    stream_release(&fill->stream);
    shared_unref(fill->product);
    lock_destroy(&fill->lock);
    free(fill->reason);
    free(fill->key);
    free(fill->made_for);
    arena_release(&fill->subject_memory);
    free(fill);
}

struct fill *fill_join(struct fills *fills, const char *key, bool *created)
{
    struct fill *fill;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fills->lock);
    HASH_FIND_STR(fills->table, key, fill);
    /* Found or made in one step under the lock: of two requests for the same thing only one fetches. */
    *created = !fill && HASH_COUNT(fills->table) < FILLS_MAX;
    if (!fill && !*created)
        return NULL;
    if (!fill) {
        fill = xcalloc(1, sizeof(*fill));
        shared_init(&fill->shared, fill_free);
        lock_init(&fill->lock, LOCK_RANK_FILL);
        stream_init(&fill->stream, &fill->lock);
        fill->fills = fills;
        fill->key = xstrdup(key);
        /* The request that began it may hang up before it waits. */
        fill->lonely_since_ms = clock_mono_ms();
        HASH_ADD_KEYPTR(hh, fills->table, fill->key, strlen(fill->key), fill);
        counter_add(COUNTER_FILLS, 1);
        counter_add(COUNTER_FILLS_RUNNING, 1);
    }
    return (struct fill *)shared_ref(&fill->shared);
}

struct fill *fill_find(struct fills *fills, const char *key)
{
    struct fill *fill;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fills->lock);
    HASH_FIND_STR(fills->table, key, fill);
    return (struct fill *)shared_ref(fill ? &fill->shared : NULL);
}

static const char *copy_or_null(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

void fill_describe_locked(struct fill *fill, const struct fill_subject *subject)
{
    struct arena *memory = &fill->subject_memory;

    lock_check_held(&fill->lock);
    CHECK(fill->subject.kind == FILL_KIND_NOT_SHOWN);
    fill->subject = (struct fill_subject){
        .kind = subject->kind,
        .path = copy_or_null(memory, subject->path),
        .registry = copy_or_null(memory, subject->registry),
        .repository = copy_or_null(memory, subject->repository),
        .digest = copy_or_null(memory, subject->digest),
    };
}

static bool wait_is_over_locked(struct fill *fill, enum wait_for what)
{
    lock_check_held(&fill->lock);
    switch (what) {
    case WAIT_FOR_BYTES: /* only the reader knows how far it has read */
        break;
    case WAIT_FOR_START:
        return fill->state != FILL_STARTING;
    case WAIT_FOR_END:
        return fill->state == FILL_DONE || fill->state == FILL_FAILED;
    }
    return false;
}

bool fill_wait_locked(struct fill *fill, struct waiter *waiter, enum wait_for what)
{
    lock_check_held(&fill->lock);
    CHECK(!waiter->listed);
    if (fill->fills->stopping || wait_is_over_locked(fill, what))
        return false;
    waiter->what = what;
    /* Appended with a rising number: resume_gone_locked() relies on the order. */
    waiter->wait = ++fill->waits;
    waiter->listed = true;
    DL_APPEND(fill->waiters, waiter);
    client_waiting(waiter->client, true);
    MHD_suspend_connection(waiter->connection);
    return true;
}

static void resume_locked(struct fill *fill, struct waiter *waiter)
{
    lock_check_held(&fill->lock);
    DL_DELETE(fill->waiters, waiter);
    waiter->listed = false;
    /* Before the resume: from then on a worker marks the client, and two threads must not. */
    client_waiting(waiter->client, false);
    MHD_resume_connection(waiter->connection);
}

void fill_forget(struct fill *fill, struct waiter *waiter)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    if (!waiter->listed)
        return;
    DL_DELETE(fill->waiters, waiter);
    waiter->listed = false;
}

void fill_wake_locked(struct fill *fill)
{
    struct waiter *waiter;
    struct waiter *next;

    lock_check_held(&fill->lock);
    DL_FOREACH_SAFE (fill->waiters, waiter, next) {
        if (waiter->what == WAIT_FOR_BYTES || wait_is_over_locked(fill, waiter->what) ||
            fill->fills->stopping)
            resume_locked(fill, waiter);
    }
    fill->woken_bytes = fill->stream.ready_bytes;
}

void fill_wake_in_steps_locked(struct fill *fill)
{
    lock_check_held(&fill->lock);
    if (!fill->waiters)
        return;
    int64_t now_ms = clock_mono_ms();
    if (fill->stream.ready_bytes - fill->woken_bytes < WAKE_STEP_BYTES &&
        now_ms - fill->woken_at_ms < WAKE_STEP_MS)
        return;
    fill->woken_at_ms = now_ms;
    fill_wake_locked(fill);
}

static void settle_locked(struct fill *fill, enum fetch_outcome outcome, const char *reason,
                          struct shared *product)
{
    lock_check_held(&fill->lock);
    CHECK(fill->state == FILL_STARTING || fill->state == FILL_STREAMING);
    bool good = outcome == FETCH_OK || outcome == FETCH_NOT_MODIFIED;
    fill->state = good ? FILL_DONE : FILL_FAILED;
    fill->outcome = outcome;
    /* A tick that cancelled the fetch has said why; the fetch itself would only report "cancelled". */
    if (!fill->reason)
        fill->reason = xstrdup_or_null(reason && *reason ? reason : NULL);
    CHECK(!fill->product);
    fill->product = product;
    /* "Nobody has it" and "it needs other credentials" are answers, not failures. */
    if (!good && outcome != FETCH_NOT_FOUND && outcome != FETCH_DENIED)
        counter_add(COUNTER_FILLS_FAILED, 1);
    fill_wake_locked(fill);
}

void fill_settle(struct fill *fill, enum fetch_outcome outcome, const char *reason, struct shared *product)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    settle_locked(fill, outcome, reason, product);
}

void fill_leave_table(struct fill *fill)
{
    lock_acquire(&fill->fills->lock);
    HASH_DEL(fill->fills->table, fill);
    lock_release(&fill->fills->lock);
    counter_add(COUNTER_FILLS_RUNNING, -1);
    shared_unref(&fill->shared);
}

/* Settled and taken out of the table under both locks. If it left the table before it woke its waiters,
 * fills_stop() would miss them, and libmicrohttpd aborts when it is stopped while a connection is
 * suspended. */
void fill_end(struct fill *fill, enum fetch_outcome outcome, const char *reason, struct shared *product)
{
    lock_acquire(&fill->fills->lock);
    HASH_DEL(fill->fills->table, fill);
    lock_acquire(&fill->lock);
    settle_locked(fill, outcome, reason, product);
    lock_release(&fill->lock);
    lock_release(&fill->fills->lock);
    counter_add(COUNTER_FILLS_RUNNING, -1);
    shared_unref(&fill->shared);
}

/* The sockets of the requests that are waiting now, and the number of the wait of each. */
struct asked {
    struct pollfd *sockets;
    uint64_t *waits;
    size_t count;
};

static void list_waiters(struct fill *fill, struct asked *asked)
{
    struct waiter *waiter;
    size_t count;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    DL_COUNT(fill->waiters, waiter, count);
    *asked = (struct asked){0};
    if (!count)
        return;
    asked->sockets = xcalloc(count, sizeof(*asked->sockets));
    asked->waits = xcalloc(count, sizeof(*asked->waits));
    DL_FOREACH (fill->waiters, waiter) {
        asked->sockets[asked->count] = (struct pollfd){.fd = waiter->fd, .events = POLLRDHUP};
        asked->waits[asked->count++] = waiter->wait;
    }
}

static void resume_gone_locked(struct fill *fill, const struct asked *asked)
{
    struct waiter *waiter;
    struct waiter *next;
    /* Both lists ascend by `wait`, so one pass pairs them; waits that ended in between are skipped. */
    size_t i = 0;

    lock_check_held(&fill->lock);
    DL_FOREACH_SAFE (fill->waiters, waiter, next) {
        while (i < asked->count && asked->waits[i] < waiter->wait)
            i++;
        if (i == asked->count)
            break;
        if (asked->waits[i] == waiter->wait &&
            (asked->sockets[i].revents & (POLLRDHUP | POLLHUP | POLLERR))) {
            waiter->gone = true;
            resume_locked(fill, waiter);
        }
    }
}

/* libmicrohttpd does not notice that a suspended client has hung up: this asks the sockets, all in one call
 * and without the lock. A descriptor that is closed in between, and perhaps given to another client, does no
 * harm: only a waiter that is still in the same wait afterwards is known to have had its own socket asked. */
static void wake_gone(struct fill *fill)
{
    struct asked asked;

    list_waiters(fill, &asked);
    if (asked.count && poll(asked.sockets, asked.count, 0) > 0) {
        ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
        resume_gone_locked(fill, &asked);
    }
    free(asked.sockets);
    free(asked.waits);
}

/* When to give up a fill without readers. */
struct patience {
    int64_t bytes;
    int64_t ms;
};

static void fill_tick(void *arg, struct fill *fill)
{
    const struct patience *patience = arg;

    wake_gone(fill);
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    /* The last bytes before the upstream stalled were less than a step: nothing else would wake for them. */
    if (fill->stream.ready_bytes > fill->woken_bytes)
        fill_wake_locked(fill);
    /* A paused fill continues only when a reader moves, so clients that wait for its end would wait forever:
     * they do not keep it. */
    if ((fill->waiters && !fill->stream.paused) || fill->stream.readers) {
        fill->lonely_since_ms = 0;
        return;
    }
    int64_t now_ms = clock_mono_ms();
    if (!fill->lonely_since_ms)
        fill->lonely_since_ms = now_ms;
    bool unwanted =
        fill->stream.total_bytes > patience->bytes && now_ms - fill->lonely_since_ms >= patience->ms;
    bool uncached = fill->stream.current && fill->stream.current->spilled_from != INT64_MAX;
    /* Small fills, and those of unknown length, are finished even without a client: the next one will come. A
     * fetch that has ended, but is still being committed, leaves nothing to cancel. */
    if (!fill->fetch || !(unwanted || (uncached && now_ms - fill->lonely_since_ms >= UNCACHED_LINGER_MS)))
        return;
    if (fill->waiters && !fill->reason)
        fill->reason = xstrdup("the store has no room for it, and it can be served only when it is complete");
    fetch_cancel(fill->fetch);
}

void fills_each(struct fills *fills, void (*visit)(void *arg, struct fill *fill), void *arg)
{
    struct fill *fill;
    struct fill *next;
    size_t count = 0;

    lock_acquire(&fills->lock);
    struct fill **list = xcalloc(HASH_COUNT(fills->table), sizeof(struct fill *));
    HASH_ITER (hh, fills->table, fill, next) {
        shared_ref(&fill->shared);
        list[count++] = fill;
    }
    lock_release(&fills->lock);
    /* visit() takes the lock of the fill, which may be contended, and might even end it, which takes the
     * table's. */
    for (size_t i = 0; i < count; i++) {
        visit(arg, list[i]);
        shared_unref(&list[i]->shared);
    }
    free(list);
}

void fills_tick(struct fills *fills, int64_t linger_bytes, int64_t linger_ms)
{
    struct patience patience = {linger_bytes, linger_ms};

    fills_each(fills, fill_tick, &patience);
}

static void fill_wake(void *arg, struct fill *fill)
{
    (void)arg;
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    fill_wake_locked(fill);
}

void fills_stop(struct fills *fills)
{
    /* A handler or reader either sees the flag under its fill's lock, or is on a list by then and is resumed
     * here. */
    fills->stopping = true;
    fills_each(fills, fill_wake, NULL);
}
