/* Comparing one blob with its row. No state.
 *
 * Bytes are read on the caller's thread, which may take minutes. Where something looks wrong, the store
 * thread looks again before anything is reported or repaired: a commit between rename and transaction, or
 * an eviction between unlink and transaction, looks like damage from outside, and never does between two
 * orders. The bytes that were read count only while the same inode has the name. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "storage/in_use.h"
#include "storage/index.h"
#include "storage/index_read.h"
#include "storage/store_private.h"
#include "storage/store_thread.h"
#include "storage/upkeep.h"

#define VERIFY_PIECE_BYTES (256 * 1024)

/* The verdict on the file's bytes. */
enum bytes { BYTES_UNREAD, BYTES_RIGHT, BYTES_WRONG, BYTES_UNREADABLE };

struct blob_reading {
    const struct digest *digest;
    bool found; /* a file */
    struct stat st;
    enum bytes bytes;
};

/* ---- reading ---- */

/* Returns 0 with reading->bytes set, -ECANCELED, or negative errno. */
static int hash_blob_file(int fd, struct blob_reading *reading, const struct blob_check *check)
{
    char *CLEANUP_FREE piece = xmalloc(VERIFY_PIECE_BYTES);
    struct hasher *hasher = hasher_new(HASH_SHA256);
    struct checksum sum;
    off_t at = 0;
    int error = 0;

    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    while (!error) {
        ssize_t got = pread(fd, piece, VERIFY_PIECE_BYTES, at);
        if (got == 0)
            break;
        if (got < 0) {
            error = errno == EINTR ? 0 : -errno;
            continue;
        }
        hasher_update(hasher, piece, (size_t)got);
        at += got;
        if (check->pace && check->pace(check->arg, (size_t)got))
            error = -ECANCELED;
    }
    hasher_final(hasher, &sum);
    hasher_free(hasher);
    /* EIO is a verdict on the blob; another error says nothing about it. */
    if (error == -EIO) {
        reading->bytes = BYTES_UNREADABLE;
        return 0;
    }
    bool right = memcmp(sum.bytes, reading->digest->bytes, sizeof(reading->digest->bytes)) == 0;
    reading->bytes = right ? BYTES_RIGHT : BYTES_WRONG;
    return error;
}

/* Returns 0, or negative errno; *row_bytes is negative where there is no row. */
static int read_blob_file(struct store *store, const struct blob_check *check, struct blob_reading *reading,
                          int64_t *row_bytes)
{
    *row_bytes = index_read_blob_size(store->readers, reading->digest);
    if (*row_bytes < 0 && *row_bytes != -ENOENT)
        return (int)*row_bytes;
    int CLEANUP_CLOSE fd = layout_open_blob(&store->layout, reading->digest);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    if (fstat(fd, &reading->st) < 0)
        return -errno;
    reading->found = true;
    return check->hash || reading->st.st_size != *row_bytes ? hash_blob_file(fd, reading, check) : 0;
}

/* ---- settling, on the store thread ---- */

struct settlement {
    const struct blob_reading *reading;
    bool repair;
    struct blob_verdict *out;
};

/* By the file and row of this moment, and by the bytes where they were of this file. */
static enum blob_fault fault_now(const struct blob_reading *reading, const struct stat *st, bool file,
                                 int64_t row_bytes)
{
    bool same = file && reading->found && st->st_ino == reading->st.st_ino &&
                st->st_dev == reading->st.st_dev && st->st_size == reading->st.st_size;

    if (!file)
        return row_bytes < 0 ? BLOB_NOT_HELD : BLOB_WITHOUT_FILE;
    if (row_bytes < 0)
        return BLOB_WITHOUT_ROW;
    if (st->st_size != row_bytes)
        return BLOB_WRONG_SIZE;
    if (same && reading->bytes == BYTES_WRONG)
        return BLOB_WRONG_BYTES;
    return same && reading->bytes == BYTES_UNREADABLE ? BLOB_UNREADABLE : BLOB_SOUND;
}

static int blob_verify_on_thread(struct store *store, void *arg)
{
    const struct settlement *settlement = arg;
    const struct blob_reading *reading = settlement->reading;
    struct blob_verdict *out = settlement->out;
    int64_t row_bytes = index_blob_size(store->index, reading->digest, NULL);
    struct stat st = {.st_size = 0};

    if (row_bytes < 0 && row_bytes != -ENOENT)
        return (int)row_bytes;
    int error = layout_stat_blob(&store->layout, reading->digest, &st);
    bool file = !error;
    if (error && error != -ENOENT)
        return error;
    out->fault = fault_now(reading, &st, file, row_bytes);
    out->size_bytes = file ? st.st_size : row_bytes;
    if (!settlement->repair || out->fault == BLOB_SOUND || out->fault == BLOB_NOT_HELD)
        return 0;
    /* Nobody has read this file yet: leave it to the next check. */
    if (file && (reading->bytes == BYTES_UNREAD || st.st_ino != reading->st.st_ino))
        return 0;
    /* A right file gets its row, with the mtime as its last use, as in recover.c. A wrong file is removed
     * with its row, as is a row without a file. */
    out->removed = out->fault == BLOB_WITHOUT_FILE || reading->bytes != BYTES_RIGHT;
    error = index_begin(store->index);
    if (!error && out->removed)
        error = layout_unlink_blob(&store->layout, reading->digest);
    if (!error)
        error = out->removed ? index_remove_blob(store->index, reading->digest)
                             : index_add_blob(store->index, reading->digest, st.st_size, st.st_mtim.tv_sec);
    error = store_end_transaction(store, error > 0 ? 0 : error, true);
    out->repaired = !error;
    return error;
}

int blob_verify(struct store *store, const struct digest *digest, const struct blob_check *check,
                struct blob_verdict *out)
{
    struct blob_reading reading = {.digest = digest};
    struct settlement settlement = {&reading, check->repair, out};
    int64_t row_bytes;

    *out = (struct blob_verdict){.fault = BLOB_SOUND};
    in_use_add(store->in_use, digest); /* not evicted while it is read */
    int error = read_blob_file(store, check, &reading, &row_bytes);
    in_use_drop(store->in_use, digest);
    out->size_bytes = reading.st.st_size;
    if (error)
        return error;
    bool good = reading.found && reading.st.st_size == row_bytes &&
                (reading.bytes == BYTES_UNREAD || reading.bytes == BYTES_RIGHT);
    return good ? 0 : store_call(store, blob_verify_on_thread, &settlement);
}
