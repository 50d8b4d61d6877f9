/* Group commit: a sync costs about as much for one file as for many, so all orders that have come in since
 * the last group go through together. In these steps, which make it safe against a crash at any point:
 *
 *     the files' bytes reach the disk         a crash before the rename leaves .part files, swept at start
 *     they are renamed to their digests       a crash from here on leaves whole blobs without rows, which the
 *     the folders reach the disk              next start enters
 *     one transaction enters all rows         with synchronous=NORMAL a power cut may still undo it: the same
 *     done() is called for each
 *
 * So a row never names a file that is not durable, and a name in blobs/ never has bytes that are not.
 *
 * An order whose file is at fault (short, no space for its bytes) fails alone. A transaction that fails
 * takes the whole group with it, and the files that were renamed for it are removed again. */
#include "storage/batch.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/memory.h"
#include "storage/blob.h"
#include "storage/evicted.h"
#include "storage/index.h"
#include "storage/orders.h"
#include "storage/store_private.h"
#include "storage/store_thread.h"

/* From this many files or folders on, one syncfs() is cheaper than a sync for each (0.11 ms a file instead
 * of 0.28); but not while other growing files have more bytes than this, which it would write too. */
#define SYNC_ALL_COUNT 8
#define SYNC_ALL_BYTES (64 << 20)
/* A disk that stays full would otherwise fill the log as well. */
#define FAILURE_LOG_EVERY_MS 60000

static bool is_live_commit(const struct order *order)
{
    return order->kind == ORDER_COMMIT && !order->error;
}

/* ---- files ---- */

/* The blob's file is there with this size. */
static bool file_is_good(const struct store *store, const struct digest *digest, int64_t size_bytes)
{
    struct stat st;

    return layout_stat_blob(&store->layout, digest, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_size == size_bytes;
}

/* Returns whether the order's file must be synced and renamed, since the store has no good file of that
 * digest. */
static bool prepare_commit(struct store *store, struct order *order)
{
    struct blob_writer *writer = order->writer;
    struct stat st;

    if (order->size_bytes > atomic_load(&store->max_size_bytes))
        order->error = -ENOSPC;
    else if (fstat(writer->fd, &st) < 0)
        order->error = -errno;
    else if (st.st_size != order->size_bytes)
        order->error = -EIO;
    if (order->error || file_is_good(store, &order->digest, order->size_bytes))
        return false;
    /* The hint was too large: give back the blocks that were preallocated past the end. */
    if (writer->hint_bytes > order->size_bytes && ftruncate(writer->fd, order->size_bytes) < 0)
        order->error = -errno;
    return true;
}

static bool syncs_all(const struct store *store, int count)
{
    return count >= SYNC_ALL_COUNT && atomic_load(&store->growing_bytes) < SYNC_ALL_BYTES;
}

/* Makes the bytes of the files to be placed durable. */
static void sync_files(struct store *store, struct order *batch, int count)
{
    struct order *order;

    if (syncs_all(store, count)) {
        int error = syncfs(store->layout.blobs_fd) < 0 ? -errno : 0;
        DL_FOREACH (batch, order)
            if (is_live_commit(order) && order->placed)
                order->error = error;
        return;
    }
    DL_FOREACH (batch, order)
        if (is_live_commit(order) && order->placed && fdatasync(order->writer->fd) < 0)
            order->error = -errno;
}

static void sync_folders(struct store *store, struct order *batch)
{
    int errors[LAYOUT_FOLDERS] = {0};
    bool wanted[LAYOUT_FOLDERS] = {false};
    int count = 0;
    struct order *order;

    DL_FOREACH (batch, order)
        if (is_live_commit(order) && !wanted[order->digest.bytes[0]]) {
            wanted[order->digest.bytes[0]] = true;
            count++;
        }
    bool all = syncs_all(store, count);
    int all_error = all && syncfs(store->layout.blobs_fd) < 0 ? -errno : 0;
    for (int folder = 0; folder < LAYOUT_FOLDERS; folder++)
        if (all) {
            errors[folder] = all_error;
        } else if (wanted[folder]) {
            int CLEANUP_CLOSE fd = layout_open_folder(&store->layout, folder);
            errors[folder] = fd < 0 ? fd : fsync(fd) < 0 ? -errno : 0;
        }
    DL_FOREACH (batch, order)
        if (is_live_commit(order))
            order->error = errors[order->digest.bytes[0]];
}

/* All steps before the transaction. `placed` first marks the orders whose file is to be renamed, and is
 * cleared where that fails. The folder of a blob that was there already is synced as well: its name may
 * have been given by a process that crashed before the sync, and a row must never outlive its file. */
static void place_files(struct store *store, struct order *batch)
{
    struct order *order;
    char name[LAYOUT_NAME_SIZE];
    int count = 0;

    DL_FOREACH (batch, order)
        if (order->kind == ORDER_COMMIT) {
            order->placed = prepare_commit(store, order);
            count += order->placed;
        }
    if (count)
        sync_files(store, batch, count);
    DL_FOREACH (batch, order) {
        if (order->kind != ORDER_COMMIT || !order->placed)
            continue;
        layout_blob_name(&order->digest, name);
        if (!order->error &&
            renameat(store->layout.tmp_fd, order->writer->name, store->layout.blobs_fd, name) < 0)
            order->error = -errno;
        order->placed = !order->error;
    }
    sync_folders(store, batch);
}

/* ---- rows ---- */

static int record_commit(struct store *store, struct order *order)
{
    int result = index_add_blob(store->index, &order->digest, order->size_bytes, clock_wall_s());

    for (size_t i = 0; result >= 0 && i < order->entry_count; i++) {
        struct entry *entry = &order->entries[i];
        entry->has_digest = true;
        entry->digest = order->digest;
        entry->size_bytes = order->size_bytes;
        result = index_put_entry(store->index, entry);
        evicted_forget(store->evicted, entry->space, entry->key);
    }
    return result < 0 ? result : 0;
}

static bool failure_was_logged(const struct store *store)
{
    return store->failure_logged_ms && clock_mono_ms() - store->failure_logged_ms < FAILURE_LOG_EVERY_MS;
}

/* A reader found the file gone or of another size. That was a while ago, and the blob may have been
 * committed again, so look again. The warning is rate-limited, since on a disk that refuses the row's
 * removal each request reports it. */
static int record_check(struct store *store, const struct digest *digest)
{
    int64_t size_bytes = index_blob_size(store->index, digest, NULL);
    char hex[DIGEST_HEX_SIZE];

    if (size_bytes < 0)
        return size_bytes == -ENOENT ? 0 : (int)size_bytes;
    if (file_is_good(store, digest, size_bytes))
        return 0;
    digest_hex(digest, hex);
    if (!failure_was_logged(store))
        log_warn(
            "store: blob %s is gone or not as long as it was; it will be fetched again when it is wanted",
            hex);
    int error = layout_unlink_blob(&store->layout, digest);
    return error ? error : index_remove_blob(store->index, digest);
}

static int order_record(struct store *store, struct order *order)
{
    const struct entry *entry = order->entries;

    switch (order->kind) {
    case ORDER_COMMIT:
        return record_commit(store, order);
    case ORDER_CHECK_BLOB:
        return record_check(store, &order->digest);
    case ORDER_PUT_ENTRY:
        evicted_forget(store->evicted, entry->space, entry->key);
        return index_put_entry(store->index, entry);
    case ORDER_CONFIRM_ENTRY:
        return index_confirm_entry(store->index, entry->space, entry->key, entry->confirmed_at_s);
    case ORDER_DELETE_ENTRY:
        return index_delete_entry(store->index, entry->space, entry->key);
    case ORDER_NOTHING:
    case ORDER_DISCARD:
    case ORDER_CALL:
        break;
    }
    return 0;
}

static bool has_rows(const struct order *order)
{
    return order->kind != ORDER_NOTHING && order->kind != ORDER_DISCARD && !order->error;
}

/* One transaction for the group. The first error ends it, and is the error of every order with rows: the
 * callers of orders that were sound may try again, but none is told of a row that is not there. */
static void record_batch(struct store *store, struct order *batch)
{
    struct order *order;
    bool begun = false;
    int error = 0;

    DL_FOREACH (batch, order) {
        if (error || !has_rows(order))
            continue;
        if (!begun)
            error = index_begin(store->index);
        begun = true;
        if (!error)
            error = order_record(store, order);
    }
    if (begun)
        error = store_end_transaction(store, error, false);
    DL_FOREACH (batch, order)
        if (error && has_rows(order))
            order->error = error;
}

/* ---- the end of an order ---- */

static void order_finish(struct store *store, struct order *order)
{
    bool commit = order->kind == ORDER_COMMIT;
    char hex[DIGEST_HEX_SIZE] = "";

    if (order->error) {
        counter_add(COUNTER_STORE_ERRORS, 1);
        if (!failure_was_logged(store)) {
            store->failure_logged_ms = clock_mono_ms();
            if (commit)
                digest_hex(&order->digest, hex);
            log_error("store: cannot store %s%s: %s; %s", commit ? "blob " : "an entry", hex,
                      strerror(-order->error), layout_advice(-order->error));
        }
    } else if (commit) {
        store->failure_logged_ms = 0;
    }
    /* A blob whose row was not committed must not stay: nobody would count or evict it until the next
     * unclean start. */
    if (commit && order->placed && order->error)
        store->unreconciled |= layout_unlink_blob(&store->layout, &order->digest) < 0;
    else if (commit && order->placed)
        counter_add(COUNTER_STORE_COMMITS, 1);
    if (order->writer)
        blob_writer_free(take_ptr(&order->writer), !order->placed);
    if (order->done)
        order->done(order->arg, order->error);
    order_free(order);
}

void batch_run(struct store *store, struct order *batch)
{
    struct order *calls = NULL;
    struct order *order;
    struct order *next;

    DL_FOREACH_SAFE (batch, order, next)
        if (order->kind == ORDER_CALL) {
            DL_DELETE(batch, order);
            DL_APPEND(calls, order);
        }
    place_files(store, batch);
    record_batch(store, batch);
    DL_FOREACH_SAFE (batch, order, next)
        order_finish(store, order);
    /* After all other orders of the group: no transaction is open, and no renamed file waits for its
     * done(). */
    DL_FOREACH_SAFE (calls, order, next) {
        order->done(order->arg, order->call(store, order->call_arg));
        order_free(order);
    }
}
