/* Removing by name. No state. The functions named _on_thread run on the store thread, called by store_call(),
 * so that no commit or eviction is half done.
 *
 * The file goes first, then its rows in one transaction, as in eviction: a crash between the two, or a
 * transaction that fails, leaves rows without a file, which the next start drops and until then a reader
 * reports. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "storage/in_use.h"
#include "storage/index.h"
#include "storage/store_private.h"
#include "storage/store_thread.h"
#include "storage/upkeep.h"

/* ---- entries ---- */

struct entry_removal {
    const char *space;
    const char *key;
    struct removed *out;
};

/* Not by in_use_unlink(): the administrator named it, so it goes even from under a reader. */
static int unlink_blob(struct store *store, const struct digest *digest, struct removed *out)
{
    int64_t size_bytes = index_blob_size(store->index, digest, NULL);

    if (size_bytes < 0)
        return size_bytes == -ENOENT ? 0 : (int)size_bytes;
    int error = layout_unlink_blob(&store->layout, digest);
    if (error)
        return error;
    *out = (struct removed){.blob = true, .bytes = size_bytes};
    return index_remove_blob(store->index, digest);
}

static int entry_remove_on_thread(struct store *store, void *arg)
{
    const struct entry_removal *removal = arg;
    struct digest digest;
    int named = index_entry_digest(store->index, removal->space, removal->key, &digest);

    if (named < 0)
        return named;
    int error = index_begin(store->index);
    if (!error)
        error = index_delete_entry(store->index, removal->space, removal->key);
    if (!error && named) {
        int others = index_blob_is_named(store->index, &digest);
        error = others < 0 ? others : others ? 0 : unlink_blob(store, &digest, removal->out);
    }
    return store_end_transaction(store, error, removal->out->blob);
}

int entry_remove(struct store *store, const char *space, const char *key, struct removed *out)
{
    struct entry_removal removal = {space, key, out};

    *out = (struct removed){.blob = false};
    return store_call(store, entry_remove_on_thread, &removal);
}

/* ---- blobs ---- */

struct blobs_removal {
    const struct digest *digests;
    size_t count;
    int64_t unused_since_s;
    struct removed *out;
};

static int blobs_remove_on_thread(struct store *store, void *arg)
{
    const struct blobs_removal *removal = arg;
    struct removed *out = removal->out;
    int error = 0;
    int unlink_error = 0;

    /* Where one of them must stay, none is touched. */
    for (size_t i = 0; !error && i < removal->count; i++) {
        const struct digest *digest = &removal->digests[i];
        int64_t used_at_s = 0;
        int64_t size_bytes = index_blob_size(store->index, digest, &used_at_s);
        if (size_bytes >= 0 && (used_at_s > removal->unused_since_s || in_use_is_busy(store->in_use, digest)))
            error = -EBUSY;
        else if (size_bytes >= 0)
            out[i] = (struct removed){.blob = true, .bytes = size_bytes};
        else if (size_bytes != -ENOENT)
            error = (int)size_bytes;
    }
    if (error) {
        memset(out, 0, removal->count * sizeof(*out));
        return error;
    }
    /* One that has become busy since, or cannot be unlinked, stays, and with it all that follow. */
    for (size_t i = 0; i < removal->count; i++) {
        if (out[i].blob && !unlink_error)
            unlink_error = in_use_unlink(store->in_use, &removal->digests[i], &store->layout);
        if (unlink_error)
            out[i] = (struct removed){.blob = false};
    }
    error = index_begin(store->index);
    for (size_t i = 0; !error && i < removal->count; i++)
        if (out[i].blob)
            error = index_remove_blob(store->index, &removal->digests[i]);
    error = store_end_transaction(store, error, true);
    return error ? error : unlink_error;
}

int blobs_remove(struct store *store, const struct digest *digests, size_t count, int64_t unused_since_s,
                 struct removed *out)
{
    struct blobs_removal removal = {digests, count, unused_since_s, out};

    memset(out, 0, count * sizeof(*out));
    return store_call(store, blobs_remove_on_thread, &removal);
}

int blob_remove(struct store *store, const struct digest *digest, int64_t unused_since_s, struct removed *out)
{
    int error = blobs_remove(store, digest, 1, unused_since_s, out);

    return error || out->blob ? error : -ENOENT;
}
