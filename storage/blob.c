/* Reading and writing blobs on the calling thread, without a lock that is held over disk access. No state
 * of its own: a struct blob belongs to its caller, a writer to one thread at a time until blob_commit() or
 * blob_abort() hands it to the store thread, which syncs, renames, closes and removes: none of that may
 * take a caller's time. */
#include "storage/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/memory.h"
#include "storage/entry.h"
#include "storage/in_use.h"
#include "storage/index_read.h"
#include "storage/orders.h"
#include "storage/store_private.h"
#include "storage/store_thread.h"
#include "storage/upkeep.h"

/* Growing files count for max_size. Eviction is woken each time one has grown by as much as this. */
#define WAKE_EVERY_BYTES (64 << 20)

/* ---- reading ---- */

/* Returns a descriptor, or negative errno. The size must be asked for before the file is opened: eviction
 * unlinks first and drops the row later, so a file that is found was not evicted when its row was read.
 *
 * A file without a row (known < 0) is served: its commit is between rename and transaction, or the index
 * was rebuilt or cannot be read now. A file of another size than its row's is damage, and the store thread
 * looks into it: not waited for, since the request misses and fetches the blob again in the meantime. */
static int open_checked(struct store *store, const struct digest *digest, int64_t *size_bytes)
{
    int64_t known = index_read_blob_size(store->readers, digest);
    int CLEANUP_CLOSE fd = layout_open_blob(&store->layout, digest);
    struct stat st;

    if (fd < 0 && fd != -ENOENT)
        return fd;
    if (fd >= 0 && fstat(fd, &st) < 0)
        return -errno;
    if (fd < 0 || (known >= 0 && st.st_size != known)) {
        if (known >= 0) {
            struct order *order = order_new(ORDER_CHECK_BLOB);
            order->digest = *digest;
            orders_add(store->orders, order);
        }
        return -ENOENT;
    }
    *size_bytes = st.st_size;
    return take_fd(&fd);
}

/* blob_open() that does not count as a use. */
static int open_in_use(struct store *store, const struct digest *digest, struct blob *out)
{
    *out = (struct blob){.fd = -1, .digest = *digest};
    in_use_add(store->in_use, digest);
    int fd = open_checked(store, digest, &out->size_bytes);
    if (fd < 0) {
        in_use_drop(store->in_use, digest);
        return fd;
    }
    out->fd = fd;
    out->in_use = true;
    return 0;
}

int blob_open(struct store *store, const struct digest *digest, struct blob *out)
{
    int error = open_in_use(store, digest, out);

    if (!error)
        blob_touch(store, digest);
    return error;
}

int entry_open_blob(struct store *store, const char *space, const char *key, struct blob *out)
{
    struct entry_read read;
    int error = entry_get(store, space, key, &read);

    if (error)
        return error;
    error = read.entry.has_digest ? blob_open(store, &read.entry.digest, out) : -ENOENT;
    entry_release(&read);
    return error;
}

void blob_touch(struct store *store, const struct digest *digest)
{
    if (in_use_note(store->in_use, digest, clock_wall_s()))
        orders_wake(store->orders);
}

void blob_close(struct store *store, struct blob *blob)
{
    if (!blob->in_use)
        return;
    cleanup_close(&blob->fd);
    blob->fd = -1;
    blob->in_use = false;
    in_use_drop(store->in_use, &blob->digest);
}

void blob_hold(struct store *store, const struct digest *digest)
{
    in_use_add(store->in_use, digest);
}

void blob_let_go(struct store *store, const struct digest *digest)
{
    in_use_drop(store->in_use, digest);
}

bool blob_exists(struct store *store, const struct digest *digest)
{
    char name[LAYOUT_NAME_SIZE];

    layout_blob_name(digest, name);
    return faccessat(store->layout.blobs_fd, name, F_OK, 0) == 0;
}

int blob_read(struct store *store, const struct digest *digest, size_t max_bytes, struct buf *out)
{
    int error = blob_peek(store, digest, max_bytes, out);

    if (!error || error == -EFBIG)
        blob_touch(store, digest);
    return error;
}

/* Read whole, so only for small blobs: pages, manifests, records. A file that ends early is an I/O error:
 * its size was checked when it was opened. */
int blob_peek(struct store *store, const struct digest *digest, size_t max_bytes, struct buf *out)
{
    struct blob blob;
    int error = open_in_use(store, digest, &blob);

    if (error)
        return error;
    buf_reset(out);
    if ((uint64_t)blob.size_bytes > max_bytes) {
        blob_close(store, &blob);
        return -EFBIG;
    }
    buf_reserve(out, (size_t)blob.size_bytes);
    while (!error && out->len < (size_t)blob.size_bytes) {
        ssize_t got =
            pread(blob.fd, out->data + out->len, (size_t)blob.size_bytes - out->len, (off_t)out->len);
        if (got > 0)
            out->len += (size_t)got;
        else if (got == 0 || errno != EINTR)
            error = got == 0 ? -EIO : -errno;
    }
    if (out->cap)
        out->data[out->len] = '\0';
    blob_close(store, &blob);
    return error;
}

/* ---- writing ---- */

/* Allocates the hinted space in advance: a full disk shows before anything is fetched, and the file has
 * few extents. */
static int writer_reserve(struct blob_writer *writer)
{
    struct store *store = writer->store;

    if (writer->hint_bytes <= 0)
        return 0;
    if (writer->hint_bytes > layout_free_bytes(&store->layout))
        return -ENOSPC;
    if (fallocate(writer->fd, FALLOC_FL_KEEP_SIZE, 0, writer->hint_bytes) == 0)
        return 0;
    return errno == ENOSPC || errno == EDQUOT ? -errno : 0; /* EOPNOTSUPP and the like: do without */
}

/* Has the store thread evict the missing bytes, and at least WAKE_EVERY_BYTES where the store holds as
 * much, so that the next writer does not fail as well. A quota is not seen in the free space: then all of
 * the bytes must come from eviction. The fetch itself is not held up: its bytes pass through without being
 * kept. */
static void ask_for_space(struct store *store, int error, int64_t bytes)
{
    int64_t held_bytes = atomic_load(&store->bytes);
    int64_t step_bytes = held_bytes < WAKE_EVERY_BYTES ? held_bytes : WAKE_EVERY_BYTES;

    if (bytes < step_bytes)
        bytes = step_bytes;
    if (error == -ENOSPC)
        store_want_space(store, bytes);
    else if (error == -EDQUOT)
        store_want_space(store, layout_free_bytes(&store->layout) + bytes);
}

int blob_begin(struct store *store, int64_t size_hint_bytes, struct blob_writer **out)
{
    *out = NULL;
    if (size_hint_bytes > atomic_load(&store->max_size_bytes))
        return -ENOSPC;
    struct blob_writer *writer = xcalloc(1, sizeof(*writer));
    writer->store = store;
    writer->hint_bytes = size_hint_bytes;
    atomic_fetch_add(&store->open_writers, 1);
    writer->fd = layout_create_part(&store->layout, atomic_fetch_add(&store->part_number, 1), writer->name);
    int error = writer->fd < 0 ? writer->fd : writer_reserve(writer);
    if (error) {
        counter_add(COUNTER_STORE_ERRORS, 1);
        blob_writer_free(writer, true);
        ask_for_space(store, error, size_hint_bytes);
        return error;
    }
    *out = writer;
    return 0;
}

void blob_writer_free(struct blob_writer *writer, bool remove)
{
    struct store *store = writer->store;

    if (remove && writer->fd >= 0)
        unlinkat(store->layout.tmp_fd, writer->name, 0); /* if it fails: swept at the next start */
    cleanup_close(&writer->fd);
    atomic_fetch_sub(&store->growing_bytes, writer->end_bytes);
    atomic_fetch_sub(&store->open_writers, 1);
    free(writer);
}

int blob_write(struct blob_writer *writer, int64_t offset, const void *data, size_t len)
{
    struct store *store = writer->store;
    const char *bytes = data;

    /* A file above max_size could never be committed, and would evict everything else while it grows. */
    if ((int64_t)len > atomic_load(&store->max_size_bytes) - offset) {
        counter_add(COUNTER_STORE_ERRORS, 1);
        return -ENOSPC;
    }
    while (len > 0) {
        ssize_t written = pwrite(writer->fd, bytes, len, offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            int error = written < 0 ? -errno : -EIO;
            counter_add(COUNTER_STORE_ERRORS, 1);
            ask_for_space(store, error, (int64_t)len);
            return error;
        }
        bytes += written;
        len -= (size_t)written;
        offset += written;
        if (offset <= writer->end_bytes)
            continue;
        atomic_fetch_add(&store->growing_bytes, offset - writer->end_bytes);
        if (offset / WAKE_EVERY_BYTES != writer->end_bytes / WAKE_EVERY_BYTES)
            orders_wake(store->orders);
        writer->end_bytes = offset;
    }
    return 0;
}

int blob_writer_fd(const struct blob_writer *writer)
{
    return writer->fd;
}

void blob_abort(struct blob_writer **writer_)
{
    struct blob_writer *writer = take_ptr(writer_);

    if (!writer)
        return;
    struct order *order = order_new(ORDER_DISCARD);
    order->writer = writer;
    orders_add(writer->store->orders, order);
}

void blob_commit(struct store *store, struct blob_writer **writer, const struct digest *digest,
                 int64_t size_bytes, const struct entry *entries, size_t entry_count,
                 void (*done)(void *arg, int error), void *arg)
{
    struct order *order = order_new(ORDER_COMMIT);

    order->writer = take_ptr(writer);
    CHECK(order->writer && order->writer->store == store);
    order->digest = *digest;
    order->size_bytes = size_bytes;
    order->entries = entry_copy(entries, entry_count);
    order->entry_count = entry_count;
    order->done = done;
    order->arg = arg;
    orders_add(store->orders, order);
}

int blob_put(struct store *store, const void *data, size_t len, const struct entry *entries,
             size_t entry_count, void (*done)(void *arg, int error), void *arg)
{
    struct blob_writer *writer = NULL;
    struct digest digest;
    int error = blob_begin(store, (int64_t)len, &writer);

    if (!error)
        error = blob_write(writer, 0, data, len);
    if (error) {
        blob_abort(&writer);
        return error;
    }
    digest_of(data, len, &digest);
    blob_commit(store, &writer, &digest, (int64_t)len, entries, entry_count, done, arg);
    return 0;
}
