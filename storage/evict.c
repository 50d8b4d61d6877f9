/* State: store->eviction, the store thread's.
 *
 *     idle ──── over a limit ────► running ──── target reached, within the limits ────► idle
 *                                   │  ▲ └───── end of the blobs before that ─────────► blocked
 *                                   └──┘ a step: 64 blobs, then commits may pass
 *
 * blocked is logged once and tried again every second as a new round, from the oldest blob on: what was in
 * use may be free by then.
 *
 * The order is (used_at, digest), and the round's position in it survives between steps, since uses move
 * blobs only towards the end. Noted uses are saved before a round, so that it goes by times that are true; a
 * blob that is used during the round is busy and is passed over (in_use.h).
 *
 * The file goes first, the row second, with one transaction for a step: a crash in between leaves rows
 * without files, which the next start drops. The other order would leave files that nobody counts. */
#include "storage/evict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/digest_set.h"
#include "base/log.h"
#include "base/memory.h"
#include "storage/evicted.h"
#include "storage/in_use.h"
#include "storage/index.h"
#include "storage/store_private.h"
#include "storage/store_thread.h"

#define STEP_BLOBS 64
#define LOG_EVERY_MS 10000
/* Finding out what is spared reads many entries, so the answer is used again for this long. A blob that
 * has become spared since was usually just used, and is not among the oldest. */
#define SPARED_FOR_MS 1000

/* ---- uses ---- */

struct saving {
    struct index *index;
    bool begun;
    int error;
};

static void save_use(void *arg, const struct digest *digest, int64_t used_at_s)
{
    struct saving *saving = arg;

    if (!saving->begun)
        saving->error = index_begin(saving->index);
    saving->begun = true;
    if (!saving->error)
        saving->error = index_use_blob(saving->index, digest, used_at_s);
}

void evict_save_uses(struct store *store)
{
    struct saving saving = {.index = store->index};

    in_use_take_noted(store->in_use, save_use, &saving);
    if (saving.begun && !saving.error)
        saving.error = index_commit(store->index);
    if (saving.error) {
        index_rollback(store->index);
        log_warn("store: cannot save when blobs were last used: %s", strerror(-saving.error));
    }
}

/* ---- how much ---- */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct evict_limits evict_limits(struct store *store)
{
    return (struct evict_limits){
        .max_size_bytes = atomic_load(&store->max_size_bytes),
        .min_free_bytes = atomic_load(&store->min_free_bytes),
    };
}

struct evict_excess evict_excess(struct store *store, const struct evict_limits *limits, int64_t free_bytes)
{
    int64_t held_bytes = atomic_load(&store->bytes) + atomic_load(&store->growing_bytes);
    struct evict_excess excess = {.disk_bytes = limits->min_free_bytes - free_bytes};

    excess.all_bytes = larger(held_bytes - limits->max_size_bytes, excess.disk_bytes);
    return excess;
}

/* ---- one round ---- */

static void note_evicted_name(void *evicted, const char *space, const char *key)
{
    evicted_note(evicted, space, key);
}

struct digest_set *evict_spared(struct store *store)
{
    if (!store->spare)
        return NULL;
    struct digest_set *spared = digest_set_new();
    store->spare(store->spare_arg, store, spared);
    return spared;
}

/* evict_spared(), at most SPARED_FOR_MS old. */
static const struct digest_set *spared_now(struct store *store)
{
    struct eviction *round = &store->eviction;
    uint64_t settings = atomic_load(&store->settings);
    int64_t now_ms = clock_mono_ms();

    if (!round->spared || round->spared_settings != settings ||
        now_ms - round->spared_at_ms >= SPARED_FOR_MS) {
        digest_set_free(&round->spared);
        round->spared = evict_spared(store);
        round->spared_settings = settings;
        round->spared_at_ms = now_ms;
    }
    return round->spared;
}

static void end_units(struct store *store)
{
    void *units = take_ptr(&store->eviction.units);

    if (units)
        store->units->end(units);
}

void evict_forget(struct store *store)
{
    end_units(store);
    digest_set_free(&store->eviction.spared);
}

/* The round's target is reached; or its rest is only for max_size, and keep_s protects a blob that was
 * used then, and with it all the younger ones that follow. */
static bool round_has_enough(struct store *store, int64_t evicted_bytes, int64_t used_at_s)
{
    const struct eviction *round = &store->eviction;
    int64_t keep_s = atomic_load(&store->keep_s);

    if (evicted_bytes >= round->target_bytes)
        return true;
    return evicted_bytes >= round->disk_bytes && keep_s && used_at_s > clock_wall_s() - keep_s;
}

/* The blobs whose files a step has removed; their rows go at its end. */
struct taken {
    struct index_blob *blobs;
    size_t count;
    size_t capacity;
    int64_t bytes;
    struct digest_set *set;
};

/* Evicts one file. Returns 0 also where it is in use. */
static int evict_blob(struct store *store, const struct index_blob *blob, struct taken *taken)
{
    /* Open only so that the blocks are freed at its close, outside the lock of in_use. */
    int CLEANUP_CLOSE held = layout_open_blob(&store->layout, &blob->digest);
    int error = in_use_unlink(store->in_use, &blob->digest, &store->layout);

    (void)held;
    if (error)
        return error == -EBUSY ? 0 : error;
    if (taken->count == taken->capacity)
        taken->blobs =
            xrealloc(taken->blobs, (taken->capacity = 2 * taken->capacity + 16) * sizeof(*taken->blobs));
    taken->blobs[taken->count++] = *blob;
    taken->bytes += blob->size_bytes;
    digest_set_add(taken->set, &blob->digest);
    return 0;
}

/* A blob whose turn it is, and the blobs that must go with it. */
struct evict_unit {
    struct store *store;
    const struct digest_set *spared;
    const struct digest_set *taken;
    const struct digest *first;
    struct index_blob *blobs;
    size_t count;
    bool in_use;
    int64_t youngest_s;
};

static void evict_unit_add(void *arg, const struct digest *digest)
{
    struct evict_unit *unit = arg;
    struct index_blob blob = {.digest = *digest};

    if (digest_equal(digest, unit->first) || digest_set_has(unit->taken, digest) ||
        (unit->spared && digest_set_has(unit->spared, digest)))
        return;
    blob.size_bytes = index_blob_size(unit->store->index, digest, &blob.used_at_s);
    if (blob.size_bytes < 0)
        return;
    unit->blobs[unit->count++] = blob;
    unit->in_use |= in_use_has(unit->store->in_use, digest);
    if (blob.used_at_s > unit->youngest_s)
        unit->youngest_s = blob.used_at_s;
}

/* Evicts the blob whose turn it is and its unit, or leaves all of them. A use that begins while the files
 * are removed, first the blob's and then the others', can still save part of the unit; the others are then
 * fetched again. */
static int evict_unit(struct store *store, const struct index_blob *first, const struct digest_set *spared,
                      struct taken *taken)
{
    struct digest_set *CLEANUP_DIGEST_SET others = digest_set_new();
    const struct store_units *units = store->units;
    void **asked = &store->eviction.units;
    int in_unit = units ? index_blob_is_in(store->index, &first->digest, units->spaces) : 0;

    if (in_unit < 0)
        return in_unit;
    if (in_unit && !*asked)
        *asked = units->begin(store);
    if (in_unit && !units->add(*asked, &first->digest, first->used_at_s, others))
        return 0; /* it has to wait */
    struct index_blob *CLEANUP_FREE blobs = xcalloc(digest_set_count(others) + 1, sizeof(*blobs));
    struct evict_unit unit = {store, spared, taken->set, &first->digest, blobs, 0, false, first->used_at_s};
    digest_set_each(others, evict_unit_add, &unit);
    if (unit.in_use || round_has_enough(store, store->eviction.evicted_bytes + taken->bytes, unit.youngest_s))
        return 0;
    size_t before = taken->count;
    int error = evict_blob(store, first, taken);
    if (error || taken->count == before) /* in use itself */
        return error;
    for (size_t i = 0; !error && i < unit.count; i++)
        error = evict_blob(store, &blobs[i], taken);
    return error;
}

/* Drops the rows of the removed files, and counts them. */
static int end_step(struct store *store, const struct taken *taken)
{
    struct eviction *round = &store->eviction;
    int64_t count = (int64_t)taken->count;

    if (!count)
        return 0;
    int error = index_begin(store->index);
    for (size_t i = 0; !error && i < taken->count; i++) {
        const struct digest *digest = &taken->blobs[i].digest;
        error = index_each_name(store->index, digest, note_evicted_name, store->evicted);
        if (!error)
            error = index_remove_blob(store->index, digest);
    }
    error = store_end_transaction(store, error, true);
    round->evicted_bytes += taken->bytes;
    round->evicted_blobs += count;
    atomic_fetch_add(&store->evicted_blobs, count);
    atomic_fetch_add(&store->evicted_bytes, taken->bytes);
    counter_add(COUNTER_STORE_EVICTED, count);
    return error;
}

/* Goes through the next STEP_BLOBS blobs. Returns 1 if there may be more to look at, 0 at the end of the
 * blobs or when enough has gone, or negative errno. */
static int evict_some(struct store *store)
{
    struct eviction *round = &store->eviction;
    struct index_blob blobs[STEP_BLOBS];
    int error = 0;
    bool enough = false;
    int count = index_oldest_blobs(store->index, &round->after, blobs, STEP_BLOBS);

    if (count < 0)
        return count;
    const struct digest_set *spared = spared_now(store);
    struct digest_set *CLEANUP_DIGEST_SET set = digest_set_new();
    struct taken taken = {.set = set};
    for (int i = 0; !error && i < count; i++) {
        enough = round_has_enough(store, round->evicted_bytes + taken.bytes, blobs[i].used_at_s);
        if (enough)
            break;
        round->after = blobs[i];
        if (digest_set_has(set, &blobs[i].digest) || (spared && digest_set_has(spared, &blobs[i].digest)) ||
            in_use_has(store->in_use, &blobs[i].digest))
            continue;
        error = evict_unit(store, &blobs[i], spared, &taken);
    }
    int end_error = end_step(store, &taken);
    free(taken.blobs);
    error = error ? error : end_error;
    return error ? error : count == STEP_BLOBS && !enough;
}

#define MIB(bytes) ((double)(bytes) / (1 << 20))

void evict_log(struct store *store)
{
    struct eviction *eviction = &store->eviction;
    struct store_figures totals = index_totals(store->index);

    if (eviction->unlogged_blobs)
        log_info("store: evicted %" PRId64 " blobs, %.1f MiB; %" PRId64 " blobs, %.1f MiB are left",
                 eviction->unlogged_blobs, MIB(eviction->unlogged_bytes), totals.blobs, MIB(totals.bytes));
    eviction->unlogged_blobs = 0;
    eviction->unlogged_bytes = 0;
    eviction->logged_at_ms = clock_mono_ms();
}

static enum evict_state end_round(struct store *store, int error)
{
    struct eviction *round = &store->eviction;
    struct evict_limits limits = evict_limits(store);
    int64_t free_bytes = layout_free_bytes(&store->layout);

    round->running = false;
    end_units(store);
    round->unlogged_blobs += round->evicted_blobs;
    round->unlogged_bytes += round->evicted_bytes;
    if (!round->logged_at_ms || clock_mono_ms() - round->logged_at_ms >= LOG_EVERY_MS)
        evict_log(store);
    /* Some file systems return freed space only with their next commit: force one, or the next round would
     * not see that space and evict as much again. */
    if (round->evicted_blobs && free_bytes < round->free_at_start_bytes + round->evicted_bytes / 2) {
        syncfs(store->layout.blobs_fd);
        free_bytes = layout_free_bytes(&store->layout);
    }
    int64_t left_bytes = evict_excess(store, &limits, free_bytes).all_bytes;
    if (left_bytes <= 0) {
        round->blocked = false;
        return atomic_load(&store->wanted_bytes) ? EVICT_MORE : EVICT_IDLE;
    }
    if (!error && round->evicted_bytes >= round->target_bytes)
        return EVICT_MORE;
    if (!round->blocked && error)
        log_error("store: cannot evict: %s; %s", strerror(-error), layout_advice(-error));
    else if (!round->blocked)
        log_warn("store: %.1f MiB over max_size or min_free with nothing left to evict that is not in use, "
                 "pinned, or to be kept; raise max_size, or free some space on that disk",
                 MIB(left_bytes));
    round->blocked = true;
    return EVICT_BLOCKED;
}

bool evict_is_urgent(struct store *store)
{
    return atomic_load(&store->hurry) || atomic_load(&store->wanted_bytes) > 0 ||
           store->eviction.disk_bytes > store->eviction.evicted_bytes;
}

enum evict_state evict_step(struct store *store)
{
    struct eviction *round = &store->eviction;

    if (!round->running) {
        int64_t free_bytes = layout_free_bytes(&store->layout);
        /* Bytes to evict so that the waiting writer fits; 0 if it would not fit even with an empty store. */
        int64_t wanted_bytes = atomic_exchange(&store->wanted_bytes, 0) - free_bytes;
        if (wanted_bytes > index_totals(store->index).bytes)
            wanted_bytes = 0;
        struct evict_limits limits = evict_limits(store);
        struct evict_excess excess = evict_excess(store, &limits, free_bytes);
        excess.disk_bytes = larger(excess.disk_bytes, wanted_bytes);
        excess.all_bytes = larger(excess.all_bytes, wanted_bytes);
        if (excess.all_bytes <= 0) {
            round->blocked = false;
            if (clock_mono_ms() - round->spared_at_ms >= SPARED_FOR_MS)
                digest_set_free(&round->spared);
            return EVICT_IDLE;
        }
        evict_save_uses(store);
        round->running = true;
        round->target_bytes = excess.all_bytes;
        round->disk_bytes = excess.disk_bytes;
        round->free_at_start_bytes = free_bytes;
        round->evicted_blobs = 0;
        round->evicted_bytes = 0;
        round->after = (struct index_blob){.used_at_s = INT64_MIN};
    }
    int more = evict_some(store);
    if (more == 1 && round->evicted_bytes < round->target_bytes)
        return EVICT_MORE;
    return end_round(store, more < 0 ? more : 0);
}
