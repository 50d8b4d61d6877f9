/* The store thread: the only writer of the index, and the only one that renames files into the store or, but
 * for unlinks at a verdict of its own, removes them. It owns store->index, store->eviction and
 * store->unreconciled.
 *
 * Its loop: wait for orders, carry them out as one group (batch.c), save the noted uses if there are many or
 * the last time was long ago, evict one step (evict.c). It sleeps while there are no orders and nothing to
 * evict, and looks at its limits once a minute in any case, because others fill the disk too.
 *
 * Eviction comes in steps so that a commit waits for one step at most, and orders_done() is said only when
 * eviction has done what it can: that is what store_flush() waits for. Between two groups and two steps no
 * transaction is open and no file renamed whose done() is still to come, which is when a call of
 * store_call() runs. */
#include "storage/store_thread.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "storage/batch.h"
#include "storage/in_use.h"
#include "storage/index.h"
#include "storage/index_read.h"
#include "storage/orders.h"
#include "storage/store_private.h"

#define BATCH_MAX 1000 /* orders in one group */
#define LIMITS_EVERY_MS 60000
#define RETRY_EVICTION_MS 1000
#define SAVE_USES_EVERY_MS 300000
#define REST_FACTOR 24
#define REST_MAX_US 1000000

void store_publish_totals(struct store *store)
{
    struct store_figures totals = index_totals(store->index);

    atomic_store(&store->blobs, totals.blobs);
    atomic_store(&store->bytes, totals.bytes);
    atomic_store(&store->entries, totals.entries);
    counter_set(COUNTER_STORE_BLOBS, totals.blobs);
    counter_set(COUNTER_STORE_BYTES, totals.bytes);
}

int store_end_transaction(struct store *store, int error, bool files)
{
    if (!error)
        error = index_commit(store->index);
    if (error) {
        index_rollback(store->index);
        store->unreconciled |= files;
    }
    store_publish_totals(store);
    return error;
}

/* ---- the loop ---- */

/* How long eviction leaves processor and disk to others before the next step. One step is too short to be
 * noticed, but a hundred thousand blobs without rests would take a core for seconds. With rests it takes
 * one part in REST_FACTOR + 1 of a core, and the disk half of the time. */
static int64_t rest_us(struct store *store, int64_t step_us, int64_t step_cpu_us)
{
    int64_t us = REST_FACTOR * step_cpu_us > step_us ? REST_FACTOR * step_cpu_us : step_us;

    if (evict_is_urgent(store))
        return 0;
    return us < REST_MAX_US ? us : REST_MAX_US;
}

static int wait_ms(enum evict_state state, int64_t rest_until_us)
{
    int64_t left_us;

    switch (state) {
    case EVICT_MORE:
        left_us = rest_until_us - clock_mono_us();
        return left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
    case EVICT_BLOCKED:
        return RETRY_EVICTION_MS;
    case EVICT_IDLE:
        break;
    }
    return LIMITS_EVERY_MS;
}

static void *run_store_thread(void *arg)
{
    struct store *store = arg;
    enum evict_state state = EVICT_MORE; /* the limits may be new */
    struct order *batch;
    int64_t uses_saved_ms = clock_mono_ms();
    int64_t rest_until_us = 0;

    pthread_setname_np(pthread_self(), "store");
    while (orders_take(store->orders, BATCH_MAX, wait_ms(state, rest_until_us), &batch)) {
        if (batch)
            batch_run(store, batch);
        if (atomic_exchange(&store->save_uses, false) || in_use_many_noted(store->in_use) ||
            clock_mono_ms() - uses_saved_ms >= SAVE_USES_EVERY_MS) {
            evict_save_uses(store);
            uses_saved_ms = clock_mono_ms();
        }
        if (state == EVICT_MORE && clock_mono_us() < rest_until_us && !evict_is_urgent(store))
            continue;
        int64_t begun_us = clock_mono_us();
        int64_t begun_cpu_us = clock_thread_us();
        state = evict_step(store);
        int64_t ended_us = clock_mono_us();
        rest_until_us = ended_us + rest_us(store, ended_us - begun_us, clock_thread_us() - begun_cpu_us);
        if (state != EVICT_MORE)
            orders_done(store->orders);
    }
    evict_save_uses(store);
    evict_log(store);
    evict_forget(store);
    /* Without the mark the next start compares the index with the folders and repairs the differences. */
    if (store->unreconciled || index_is_damaged(store->index) || index_readers_found_damage(store->readers))
        return NULL;
    int error = index_mark_clean(store->index, true);
    if (error)
        log_warn("store: cannot mark the index as closed in order: %s; the next start will check it",
                 strerror(-error));
    return NULL;
}

void store_thread_start(struct store *store)
{
    CHECK(pthread_create(&store->thread, NULL, run_store_thread, store) == 0);
}

void store_thread_stop(struct store *store)
{
    orders_stop(store->orders);
    pthread_join(store->thread, NULL);
}

/* ---- asking it ---- */

void store_thread_check_not_self(const struct store *store)
{
    CHECK(!pthread_equal(pthread_self(), store->thread));
}

void store_want_space(struct store *store, int64_t bytes)
{
    int64_t wanted = atomic_load(&store->wanted_bytes);

    while (wanted < bytes && !atomic_compare_exchange_weak(&store->wanted_bytes, &wanted, bytes))
        ;
    orders_wake(store->orders);
}

struct calling {
    struct orders *orders;
    int result;
    bool ended;
};

static void note_result(void *arg, int result)
{
    struct calling *calling = arg;

    calling->result = result;
    orders_end_wait(calling->orders, &calling->ended);
}

int store_call(struct store *store, int (*call)(struct store *store, void *arg), void *arg)
{
    struct calling calling = {.orders = store->orders};
    struct order *order = order_new(ORDER_CALL);

    store_thread_check_not_self(store);
    order->call = call;
    order->call_arg = arg;
    order->done = note_result;
    order->arg = &calling;
    orders_add(store->orders, order);
    orders_wait_end(store->orders, &calling.ended);
    return calling.result;
}
