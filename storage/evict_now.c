/* Eviction on demand: store_evict() has the store thread do it as always and waits. The preview goes
 * through the same order by the same rules on the calling thread, with read connections, and changes
 * nothing: what it says may be overtaken by uses and commits of that moment. */
#include "base/clock.h"
#include "base/digest_set.h"
#include "base/memory.h"
#include "storage/evict.h"
#include "storage/in_use.h"
#include "storage/orders.h"
#include "storage/store_private.h"
#include "storage/upkeep.h"

int64_t store_evict(struct store *store, bool hurry)
{
    atomic_store(&store->hurry, hurry);
    /* The wake-up ends a rest that the thread may be in: hurry would count from the next step only. */
    orders_wake(store->orders);
    store_flush(store); /* comes back when the thread has done what it can */
    atomic_store(&store->hurry, false);
    struct evict_limits limits = evict_limits(store);
    int64_t over_bytes = evict_excess(store, &limits, layout_free_bytes(&store->layout)).all_bytes;
    return over_bytes > 0 ? over_bytes : 0;
}

struct eviction_preview {
    struct store *store;
    struct evict_excess left;
    const struct digest_set *spared;
    struct digest_set *gone;
    void *units; /* NULL: each blob goes alone */
    int64_t keep_since_s;
    int (*visit)(void *arg, const struct blob_row *row);
    void *arg;
};

static bool preview_may_evict(const struct eviction_preview *preview, const struct blob_row *row)
{
    return !digest_set_has(preview->gone, &row->digest) &&
           !(preview->spared && digest_set_has(preview->spared, &row->digest));
}

static int preview_evict(struct eviction_preview *preview, const struct blob_row *row)
{
    preview->left.all_bytes -= row->size_bytes;
    preview->left.disk_bytes -= row->size_bytes;
    digest_set_add(preview->gone, &row->digest);
    return preview->visit(preview->arg, row);
}

/* As struct evict_unit in evict.c, on rows that were read on a read connection. */
struct preview_unit {
    const struct eviction_preview *preview;
    const struct digest *first;
    struct blob_row *rows;
    size_t count;
    bool stays;
};

static void preview_unit_add(void *arg, const struct digest *digest)
{
    struct preview_unit *unit = arg;
    const struct eviction_preview *preview = unit->preview;
    struct blob_row row;

    if (digest_equal(digest, unit->first) || blob_look(preview->store, digest, &row) != 0 ||
        !preview_may_evict(preview, &row))
        return;
    unit->rows[unit->count++] = row;
    unit->stays |= in_use_has(preview->store->in_use, digest) ||
                   (preview->left.disk_bytes <= 0 && row.used_at_s > preview->keep_since_s);
}

/* evict_unit() and round_has_enough() of evict.c, as a dry run. */
static int preview_turn(void *arg, const struct blob_row *row)
{
    struct eviction_preview *preview = arg;
    struct digest_set *CLEANUP_DIGEST_SET others = digest_set_new();

    if (preview->left.all_bytes <= 0 ||
        (preview->left.disk_bytes <= 0 && row->used_at_s > preview->keep_since_s))
        return 1;
    if (!preview_may_evict(preview, row) || in_use_has(preview->store->in_use, &row->digest))
        return 0;
    if (preview->units && !preview->store->units->add(preview->units, &row->digest, row->used_at_s, others))
        return 0;
    struct blob_row *CLEANUP_FREE rows = xcalloc(digest_set_count(others) + 1, sizeof(*rows));
    struct preview_unit unit = {preview, &row->digest, rows, 0, false};
    digest_set_each(others, preview_unit_add, &unit);
    if (unit.stays)
        return 0;
    int result = preview_evict(preview, row);
    for (size_t i = 0; !result && i < unit.count; i++)
        result = preview_evict(preview, &rows[i]);
    return result;
}

int64_t store_evict_preview(struct store *store, const struct store_options *options,
                            int (*visit)(void *arg, const struct blob_row *row), void *arg)
{
    struct digest_set *CLEANUP_DIGEST_SET spared = evict_spared(store);
    struct digest_set *CLEANUP_DIGEST_SET gone = digest_set_new();
    struct evict_limits limits = {options->max_size_bytes, options->min_free_bytes};
    struct eviction_preview preview = {
        .store = store,
        .spared = spared,
        .gone = gone,
        .units = store->units ? store->units->begin(store) : NULL,
        .keep_since_s = options->keep_s ? clock_wall_s() - options->keep_s : INT64_MAX,
        .visit = visit,
        .arg = arg,
    };

    store_save_uses(store);
    preview.left = evict_excess(store, &limits, layout_free_bytes(&store->layout));
    int result = blob_walk_by_use(store, preview_turn, &preview);
    if (preview.units)
        store->units->end(preview.units);
    if (result < 0)
        return result;
    return preview.left.all_bytes > 0 ? preview.left.all_bytes : 0;
}
