/* Removing by name. The file goes first, then its rows in one transaction: a crash between the two leaves rows without
 * a file, which the next start drops. Everything behind store_call() runs on the store thread. */
#include <errno.h>
#include <unistd.h>

#include "base/memory.h"
#include "storage/index.h"
#include "storage/keep.h"
#include "storage/pins.h"
#include "storage/room.h"

/* Ends the transaction that index_begin() began. */
static int end_transaction(struct store *store, int error, bool unlinked)
{
    if (!error)
        error = index_commit(store->index);
    if (error) {
        index_rollback(store->index);
        store->unreconciled |= unlinked;
    }
    store_publish_totals(store);
    return error;
}

/* ---- entries ---- */

struct entry_removal {
    const char *space;
    const char *key;
    struct removed *out;
};

static int unlink_blob(struct store *store, const struct digest *digest, struct removed *out)
{
    char name[LAYOUT_NAME_SIZE];
    int64_t size_bytes = index_blob_size(store->index, digest);

    if (size_bytes < 0)
        return size_bytes == -ENOENT ? 0 : (int)size_bytes;
    layout_blob_name(digest, name);
    if (unlinkat(store->layout.blobs_fd, name, 0) < 0 && errno != ENOENT)
        return -errno;
    out->blob = true;
    out->bytes = size_bytes;
    return index_remove_blob(store->index, digest);
}

static int remove_entry(struct store *store, void *arg)
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
    return end_transaction(store, error, removal->out->blob);
}

int entry_remove(struct store *store, const char *space, const char *key, struct removed *out)
{
    struct entry_removal removal = {space, key, out};

    *out = (struct removed){.blob = false};
    return store_call(store, remove_entry, &removal);
}

/* ---- blobs ---- */

struct blob_removal {
    const struct digest *digest;
    int64_t unused_since_s;
    struct removed *out;
};

static int remove_blob(struct store *store, void *arg)
{
    const struct blob_removal *removal = arg;
    int64_t used_at_s = 0;
    int64_t size_bytes = index_blob_use(store->index, removal->digest, &used_at_s);
    char name[LAYOUT_NAME_SIZE];

    if (size_bytes < 0)
        return (int)size_bytes;
    if (used_at_s > removal->unused_since_s)
        return -EBUSY;
    layout_blob_name(removal->digest, name);
    int error = pins_unlink(store->pins, removal->digest, store->layout.blobs_fd, name);
    if (error && error != -ENOENT)
        return error;
    *removal->out = (struct removed){.blob = true, .bytes = size_bytes};
    error = index_begin(store->index);
    if (!error)
        error = index_remove_blob(store->index, removal->digest);
    return end_transaction(store, error, true);
}

int blob_remove(struct store *store, const struct digest *digest, int64_t unused_since_s, struct removed *out)
{
    struct blob_removal removal = {digest, unused_since_s, out};

    *out = (struct removed){.blob = false};
    return store_call(store, remove_blob, &removal);
}
