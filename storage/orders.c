/* Owns: the queue, guarded by `lock`. Any thread adds, the store thread takes.
 *
 * Orders are numbered as they are added, taken in that order, and reported done by number, so whoever
 * waits for one waits for all before it. While the queue is being stopped orders may still be added, by
 * done() of others: the thread ends only when it is stopped and finds the queue empty. */
#include "storage/orders.h"

#include <stdlib.h>
#include <utlist.h>

#include "base/check.h"
#include "base/counters.h"
#include "base/lock.h"
#include "base/memory.h"

struct orders {
    struct lock lock;
    pthread_cond_t changed; /* there is something for the store thread */
    pthread_cond_t done;    /* done_number has moved */
    struct order *queue;
    uint64_t added_number; /* of the newest order */
    uint64_t taken_number; /* everything up to here has been taken ... */
    uint64_t done_number;  /* ... and is done */
    bool woken;
    bool stopping;
};

struct order *order_new(enum order_kind kind)
{
    struct order *order = xcalloc(1, sizeof(*order));

    order->kind = kind;
    return order;
}

void order_free(struct order *order)
{
    free(order->entries);
    free(order);
}

struct orders *orders_new(void)
{
    struct orders *orders = xcalloc(1, sizeof(*orders));

    lock_init(&orders->lock, LOCK_RANK_STORE_QUEUE);
    lock_condition_init(&orders->changed);
    lock_condition_init(&orders->done);
    return orders;
}

void orders_free(struct orders **orders_)
{
    struct orders *orders = take_ptr(orders_);

    if (!orders)
        return;
    CHECK(!orders->queue);
    pthread_cond_destroy(&orders->changed);
    pthread_cond_destroy(&orders->done);
    lock_destroy(&orders->lock);
    free(orders);
}

uint64_t orders_add(struct orders *orders, struct order *order)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&orders->lock);
    uint64_t number = order->number = ++orders->added_number;
    DL_APPEND(orders->queue, order);
    counter_add(COUNTER_STORE_ORDERS, 1);
    pthread_cond_signal(&orders->changed);
    return number;
}

void orders_wake(struct orders *orders)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&orders->lock);
    orders->woken = true;
    pthread_cond_signal(&orders->changed);
}

void orders_stop(struct orders *orders)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&orders->lock);
    orders->stopping = true;
    pthread_cond_signal(&orders->changed);
}

void orders_wait_done(struct orders *orders, uint64_t number)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&orders->lock);
    while (orders->done_number < number)
        lock_wait(&orders->lock, &orders->done, -1);
}

void orders_wait_end(struct orders *orders, const bool *ended)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&orders->lock);
    while (!*ended)
        lock_wait(&orders->lock, &orders->done, -1);
}

void orders_end_wait(struct orders *orders, bool *ended)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&orders->lock);
    *ended = true;
    pthread_cond_broadcast(&orders->done);
}

bool orders_take(struct orders *orders, int max, int wait_ms, struct order **batch)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&orders->lock);

    /* One wait only: a spurious wake-up costs the store thread one look at its limits. */
    if (!orders->queue && !orders->woken && !orders->stopping && wait_ms > 0)
        lock_wait(&orders->lock, &orders->changed, wait_ms);
    orders->woken = false;
    *batch = NULL;
    for (int i = 0; i < max && orders->queue; i++) {
        struct order *order = orders->queue;
        DL_DELETE(orders->queue, order);
        DL_APPEND(*batch, order);
        orders->taken_number = order->number;
    }
    return *batch || !orders->stopping;
}

void orders_done(struct orders *orders)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&orders->lock);
    counter_add(COUNTER_STORE_ORDERS, (int64_t)orders->done_number - (int64_t)orders->taken_number);
    orders->done_number = orders->taken_number;
    pthread_cond_broadcast(&orders->done);
}
