/* Eviction at an administrator's wish: done by the store thread as always, or only thought through here. */
#include "base/clock.h"
#include "base/digest_set.h"
#include "storage/evict.h"
#include "storage/keep.h"
#include "storage/orders.h"
#include "storage/pins.h"
#include "storage/room.h"

int64_t store_evict(struct store *store, bool hurry)
{
    atomic_store(&store->hurry, hurry);
    orders_wake(store->orders);
    store_flush(store); /* comes back when the thread has done what it can */
    atomic_store(&store->hurry, false);
    struct evict_limits limits = evict_limits(store);
    int64_t over_bytes = evict_excess(store, &limits, layout_free_bytes(&store->layout)).all_bytes;
    return over_bytes > 0 ? over_bytes : 0;
}

struct preview {
    struct store *store;
    struct evict_excess left;
    const struct digest_set *spared;
    int64_t keep_since_s;
    int (*visit)(void *arg, const struct blob_row *row);
    void *arg;
};

static int preview_blob(void *arg, const struct blob_row *row)
{
    struct preview *preview = arg;

    if (preview->left.all_bytes <= 0 ||
        (preview->left.disk_bytes <= 0 && row->used_at_s > preview->keep_since_s))
        return 1;
    if (preview->spared && digest_set_has(preview->spared, &row->digest))
        return 0;
    if (pins_has(preview->store->pins, &row->digest))
        return 0;
    preview->left.all_bytes -= row->size_bytes;
    preview->left.disk_bytes -= row->size_bytes;
    return preview->visit(preview->arg, row);
}

int64_t store_evict_preview(struct store *store, const struct store_options *options,
                            int (*visit)(void *arg, const struct blob_row *row), void *arg)
{
    struct digest_set *CLEANUP_DIGEST_SET spared = evict_spared(store);
    struct evict_limits limits = {options->max_size_bytes, options->min_free_bytes};
    struct preview preview = {
        .store = store,
        .spared = spared,
        .keep_since_s = options->keep_s ? clock_wall_s() - options->keep_s : INT64_MAX,
        .visit = visit,
        .arg = arg,
    };

    store_save_uses(store);
    preview.left = evict_excess(store, &limits, layout_free_bytes(&store->layout));
    int result = blob_walk_by_use(store, preview_blob, &preview);
    if (result < 0)
        return result;
    return preview.left.all_bytes > 0 ? preview.left.all_bytes : 0;
}
