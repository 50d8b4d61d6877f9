/* Owns: struct store, from store_open() to store_close(). The store thread is in store_thread.c; here are
 * opening, closing, and the settings and figures, which are atomic.
 *
 * Opening: the lock first, since two processes with one index would ruin it; then the index, which is
 * compared with the blobs' folders unless the last owner closed it in order; then the thread. Closing is
 * the reverse: the thread carries out all that was asked for and marks the index as closed in order, then
 * the readers' connections close, last the writing one. */
#include "storage/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "storage/evicted.h"
#include "storage/in_use.h"
#include "storage/index.h"
#include "storage/index_read.h"
#include "storage/orders.h"
#include "storage/recover.h"
#include "storage/store_private.h"
#include "storage/store_thread.h"

static int open_index(struct store *store, struct buf *error)
{
    enum index_condition condition = INDEX_NEW;

    if (index_open(store->layout.index_path, &store->index, &condition, error) < 0)
        return -1;
    /* An index that was not clean is marked so already; recovery may crash and be done again. */
    int result = condition == INDEX_CLEAN ? index_mark_clean(store->index, false) : recover_index(store);
    if (result < 0) {
        layout_explain(error, "bring up to date the index", store->layout.index_path, -result);
        return -1;
    }
    store->readers = index_readers_new(store->layout.index_path);
    store_publish_totals(store);
    return 0;
}

int store_open(const struct store_options *options, struct store **out, struct buf *error)
{
    struct store *store = xcalloc(1, sizeof(*store));

    *out = NULL;
    int result = layout_open(&store->layout, options->path, error);
    if (result < 0) {
        free(store);
        return result;
    }
    if (open_index(store, error) < 0) {
        index_close(&store->index);
        layout_close(&store->layout);
        free(store);
        return -1;
    }
    atomic_store(&store->max_size_bytes, options->max_size_bytes);
    atomic_store(&store->min_free_bytes, options->min_free_bytes);
    atomic_store(&store->keep_s, options->keep_s);
    store->spare = options->spare;
    store->spare_arg = options->spare_arg;
    store->units = options->units;
    store->in_use = in_use_new();
    store->evicted = evicted_new();
    store->orders = orders_new();
    store_thread_start(store);
    *out = store;
    return 0;
}

void store_close(struct store **store_)
{
    struct store *store = *store_;

    if (!store)
        return;
    store_thread_stop(store);
    *store_ = NULL; /* not before: done() of a commit may ask the store for more */
    CHECK(atomic_load(&store->open_writers) == 0);
    /* The writing connection closes last: it is the one that may empty the log. */
    index_readers_free(&store->readers);
    index_close(&store->index);
    orders_free(&store->orders);
    in_use_free(&store->in_use);
    evicted_free(&store->evicted);
    layout_close(&store->layout);
    free(store);
}

/* ---- small requests ---- */

void store_set_keep(struct store *store, int64_t keep_s)
{
    atomic_store(&store->keep_s, keep_s);
    atomic_fetch_add(&store->settings, 1);
    orders_wake(store->orders);
}

void store_set_limits(struct store *store, int64_t max_size_bytes, int64_t min_free_bytes)
{
    atomic_store(&store->max_size_bytes, max_size_bytes);
    atomic_store(&store->min_free_bytes, min_free_bytes);
    atomic_fetch_add(&store->settings, 1);
    orders_wake(store->orders);
}

void store_flush(struct store *store)
{
    store_thread_check_not_self(store);
    orders_wait_done(store->orders, orders_add(store->orders, order_new(ORDER_NOTHING)));
}

void store_get_figures(struct store *store, struct store_figures *out)
{
    *out = (struct store_figures){
        .blobs = atomic_load(&store->blobs),
        .bytes = atomic_load(&store->bytes),
        .entries = atomic_load(&store->entries),
        .evicted_blobs = atomic_load(&store->evicted_blobs),
        .evicted_bytes = atomic_load(&store->evicted_bytes),
    };
}
