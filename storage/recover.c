/* Runs in store_open(), before the store thread. No state after it.
 *
 * One folder at a time, one transaction each: its file names and its rows, both in the order of the digests,
 * are merged side by side, so memory holds a 256th of the store. Only files without a row are looked at (a
 * stat for each of a million files would take minutes on a cold disk); a file whose size is wrong is found
 * when it is opened.
 *
 * Rebuilt rows have no entries. Pages and manifests are fetched again as they are asked for; the files and
 * layers that they name by digest are then found, and get their entries back without another fetch. */
#include "storage/recover.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/memory.h"
#include "storage/index.h"
#include "storage/store_private.h"

struct recovery {
    struct store *store;
    int64_t added;
    int64_t dropped;
    int64_t blobs; /* with a row, in the end */
    int64_t bytes;
};

/* The mtime takes the place of the last use, so that rebuilt rows are evicted in a sensible order. */
static int recover_row(struct recovery *recovery, const struct digest *digest)
{
    struct store *store = recovery->store;
    struct stat st;

    if (layout_stat_blob(&store->layout, digest, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    int result = index_add_blob(store->index, digest, st.st_size, st.st_mtim.tv_sec);
    if (result < 0)
        return result;
    recovery->added++;
    recovery->blobs++;
    recovery->bytes += st.st_size;
    return 0;
}

static int recover_folder(struct recovery *recovery, int folder)
{
    struct store *store = recovery->store;
    struct digest *CLEANUP_FREE files = NULL;
    struct index_blob *CLEANUP_FREE rows = NULL;
    size_t file_count = 0;
    size_t row_count = 0;
    size_t file = 0;
    size_t row = 0;
    int error = layout_list_folder(&store->layout, folder, &files, &file_count);

    if (!error)
        error = index_folder_blobs(store->index, folder, &rows, &row_count);
    if (!error)
        error = index_begin(store->index);
    if (error)
        return error;
    while (!error && (file < file_count || row < row_count)) {
        int order = file == file_count ? 1
                    : row == row_count ? -1
                                       : digest_compare(&files[file], &rows[row].digest);
        if (order == 0) {
            recovery->blobs++;
            recovery->bytes += rows[row].size_bytes;
        } else if (order < 0) {
            error = recover_row(recovery, &files[file]);
        } else {
            recovery->dropped++;
            error = index_remove_blob(store->index, &rows[row].digest);
        }
        file += order <= 0;
        row += order >= 0;
    }
    return error ? error : index_commit(store->index);
}

int recover_index(struct store *store)
{
    struct recovery recovery = {.store = store};
    int error = 0;

    for (int folder = 0; !error && folder < LAYOUT_FOLDERS; folder++)
        error = recover_folder(&recovery, folder);
    if (!error)
        error = index_begin(store->index);
    if (!error)
        error = index_set_totals(store->index, recovery.blobs, recovery.bytes);
    if (!error)
        error = index_commit(store->index);
    if (error) {
        index_rollback(store->index);
        return error;
    }
    if (recovery.added || recovery.dropped)
        log_info("store: compared the index with the blobs: %" PRId64 " blobs entered, %" PRId64
                 " rows without a file dropped",
                 recovery.added, recovery.dropped);
    return 0;
}
