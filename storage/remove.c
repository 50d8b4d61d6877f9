/* Removing by name. No state. The functions named _on_thread run on the store thread, called by store_call(),
 * so that no commit or eviction is half done.
 *
 * The file goes first, then its rows in one transaction, as in eviction: a crash between the two, or a
 * transaction that fails, leaves rows without a file, which the next start drops and until then a reader
 * reports. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

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
    char name[LAYOUT_NAME_SIZE];
    int64_t size_bytes = index_blob_size(store->index, digest, NULL);

    if (size_bytes < 0)
        return size_bytes == -ENOENT ? 0 : (int)size_bytes;
    layout_blob_name(digest, name);
    if (unlinkat(store->layout.blobs_fd, name, 0) < 0 && errno != ENOENT)
        return -errno;
    out->blob = true;
    out->bytes = size_bytes;
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

/* Notes in `out` which of the blobs are there. Returns 0, or why one of them must stay: then none is
 * touched. */
static int look_at_blobs(struct store *store, const struct blobs_removal *removal)
{
    for (size_t i = 0; i < removal->count; i++) {
        const struct digest *digest = &removal->digests[i];
        int64_t used_at_s = 0;
        int64_t size_bytes = index_blob_size(store->index, digest, &used_at_s);
        if (size_bytes == -ENOENT)
            continue;
        if (size_bytes < 0)
            return (int)size_bytes;
        if (used_at_s > removal->unused_since_s || in_use_is_busy(store->in_use, digest))
            return -EBUSY;
        removal->out[i].bytes = size_bytes;
        removal->out[i].blob = true;
    }
    return 0;
}

/* Takes those that have become busy since, or cannot be unlinked, out of `out`, and with the first of them
 * all that follow. Returns 0, or the negative errno of that one. */
static int unlink_blobs(struct store *store, const struct blobs_removal *removal)
{
    char name[LAYOUT_NAME_SIZE];
    int error = 0;

    for (size_t i = 0; i < removal->count; i++) {
        if (!removal->out[i].blob)
            continue;
        layout_blob_name(&removal->digests[i], name);
        int now =
            error ? error : in_use_unlink(store->in_use, &removal->digests[i], store->layout.blobs_fd, name);
        if (now && now != -ENOENT) {
            error = now;
            removal->out[i] = (struct removed){.blob = false};
        }
    }
    return error;
}

static int blobs_remove_on_thread(struct store *store, void *arg)
{
    const struct blobs_removal *removal = arg;
    int error = look_at_blobs(store, removal);

    if (error) {
        memset(removal->out, 0, removal->count * sizeof(*removal->out));
        return error;
    }
    int unlink_error = unlink_blobs(store, removal);
    error = index_begin(store->index);
    for (size_t i = 0; !error && i < removal->count; i++)
        if (removal->out[i].blob)
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
