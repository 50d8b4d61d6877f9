/* The bytes of one blob while they arrive; the rules for readers are in stream.h. Owns the descriptors of
 * backings.
 *
 * Threads: the fetch thread alone writes, at the frontier (ready_bytes); workers read, before the frontier.
 * No byte is written twice, so files need no lock. The fields of struct stream do: the fill's lock, by which
 * the fetch thread publishes a new frontier after the bytes are written.
 *
 * A backing is a .part file in the store; once the disk has refused, a .part file up to spilled_from and a
 * memfd from there; or, if the store had no room from the start, a memfd alone. It never goes back to the
 * disk, and once it has spilled it is not committed. */
#include "proxy/core/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utlist.h>

#include "base/check.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/memory.h"

void stream_init(struct stream *stream, struct lock *lock)
{
    memset(stream, 0, sizeof(*stream));
    stream->lock = lock;
    stream->total_bytes = -1;
}

void stream_release(struct stream *stream)
{
    CHECK(!stream->readers);
    backing_unref(stream->current);
    backing_unref(stream->previous);
}

static void backing_free(struct shared *value)
{
    struct backing *backing = (struct backing *)value;

    CHECK(!backing->writer);
    if (backing->fd >= 0)
        close(backing->fd);
    if (backing->memory_fd >= 0)
        close(backing->memory_fd);
    free(backing);
}

void backing_unref(struct backing *backing)
{
    shared_unref(backing ? &backing->shared : NULL);
}

struct backing *backing_of_file(int fd)
{
    struct backing *backing = xcalloc(1, sizeof(*backing));

    shared_init(&backing->shared, backing_free);
    backing->fd = fd;
    backing->memory_fd = -1;
    backing->spilled_from = INT64_MAX;
    return backing;
}

struct backing *backing_new(struct store *store, int64_t total_bytes)
{
    struct backing *backing = backing_of_file(-1);
    int error = blob_begin(store, total_bytes, &backing->writer);

    if (!error) {
        /* A descriptor of its own: the store closes the writer's at the commit, while readers are still
         * reading. */
        backing->fd = fcntl(blob_writer_fd(backing->writer), F_DUPFD_CLOEXEC, 0);
        if (backing->fd >= 0)
            return backing;
        error = -errno;
        blob_abort(&backing->writer);
    }
    counter_add(COUNTER_FILLS_UNCACHED, 1);
    log_warn("the store cannot take a new blob now (%s): passing the bytes through uncached; free disk space "
             "or lower max_size",
             strerror(-error));
    backing->spilled_from = 0;
    return backing;
}

static int write_memory(struct backing *backing, int64_t offset, const char *data, size_t len)
{
    if (backing->memory_fd < 0) {
        backing->memory_fd = memfd_create("yizhan-fill", MFD_CLOEXEC);
        if (backing->memory_fd < 0)
            return -errno;
    }
    /* At the same offset as in the blob. The memfd is sparse: bytes that all readers have are dropped by
     * punching a hole. */
    while (len) {
        ssize_t n = pwrite(backing->memory_fd, data, len, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        data += n;
        offset += n;
        len -= (size_t)n;
    }
    return 0;
}

int backing_write(struct backing *backing, int64_t offset, const void *data, size_t len)
{
    if (backing->spilled_from == INT64_MAX) {
        int error = blob_write(backing->writer, offset, data, len);
        if (!error)
            return 0;
        counter_add(COUNTER_FILLS_UNCACHED, 1);
        log_warn("writing to the store failed at byte %lld of a fill (%s): passing the rest through "
                 "uncached; free disk space or lower max_size",
                 (long long)offset, strerror(-error));
        /* Readers learn of the spill by the lock that publishes the new frontier. */
        backing->spilled_from = offset;
    }
    return write_memory(backing, offset, data, len);
}

int backing_read(const struct backing *backing, int64_t offset, void *data, size_t len)
{
    char *out = data;

    while (len) {
        bool spilled = offset >= backing->spilled_from;
        size_t want = len;
        if (!spilled && backing->spilled_from - offset < (int64_t)want)
            want = (size_t)(backing->spilled_from - offset);
        ssize_t n = pread(spilled ? backing->memory_fd : backing->fd, out, want, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -EIO;
        out += n;
        offset += n;
        len -= (size_t)n;
    }
    return 0;
}

size_t backing_same(const struct backing *backing, int64_t offset, const void *data, size_t len)
{
    char block[16 * 1024];
    const char *bytes = data;
    size_t done = 0;

    while (done < len) {
        size_t want = len - done < sizeof(block) ? len - done : sizeof(block);
        if (backing_read(backing, offset + (int64_t)done, block, want) < 0)
            /* Unreadable counts as different: rather a reader that is cut than one that gets a mixture. */
            return done;
        if (memcmp(block, bytes + done, want) == 0) {
            done += want;
            continue;
        }
        size_t same = 0;
        while (block[same] == bytes[done + same])
            same++;
        return done + same;
    }
    return done;
}

struct backing *stream_begin_locked(struct stream *stream, struct backing *backing, int64_t total_bytes)
{
    lock_check_held(stream->lock);
    struct backing *oldest = stream->previous;
    stream->previous = stream->current;
    stream->previous_ready = stream->ready_bytes;
    stream->same_bytes = 0;
    /* Nothing to compare with, or bytes of it are gone: readers that have been sent any are cut. */
    stream->compared_to_end = !stream->previous || stream->dropped_bytes > 0;
    stream->dropped_bytes = 0;
    stream->paused = false;
    stream->current = backing;
    stream->generation++;
    stream->total_bytes = total_bytes;
    stream->ready_bytes = 0;
    return oldest;
}

void stream_compare(const struct stream *stream, int64_t offset, const void *data, size_t len,
                    int64_t *same_bytes, bool *compared_to_end)
{
    *same_bytes = stream->same_bytes;
    *compared_to_end = stream->compared_to_end;
    if (stream->compared_to_end || offset != stream->same_bytes)
        return;
    if (offset + (int64_t)len > stream->previous_ready) {
        /* The old generation broke off here, and no reader has been sent more of it. */
        len = (size_t)(stream->previous_ready - offset);
        *compared_to_end = true;
    }
    size_t equal = backing_same(stream->previous, offset, data, len);
    *same_bytes += (int64_t)equal;
    if (equal < len)
        *compared_to_end = true;
}

enum reader_state stream_check_locked(struct stream *stream, struct stream_reader *reader, int64_t *available)
{
    lock_check_held(stream->lock);
    /* Its Content-Length has been sent. */
    if (reader->total_bytes != stream->total_bytes)
        return READER_CUT;
    if (reader->generation != stream->generation) {
        /* It has been sent nothing yet, or only bytes that are the same in both: it continues in the new
         * one. */
        if (reader->at == reader->start ||
            (reader->generation == stream->generation - 1 && reader->at <= stream->same_bytes))
            reader->generation = stream->generation;
        /* The comparison may still reach its position. Once verified, it will not: no more bytes come. */
        else if (reader->generation == stream->generation - 1 && !stream->compared_to_end &&
                 !stream->verified)
            return READER_WAIT;
        else
            return READER_CUT;
    }
    if (reader->at < stream->dropped_bytes)
        return READER_CUT;
    /* If the bytes prove wrong, the client has an incomplete answer, which it discards. */
    int64_t limit = stream->verified ? reader->end : reader->end - STREAM_HOLD_BACK;
    if (limit > stream->ready_bytes)
        limit = stream->ready_bytes;
    *available = limit - reader->at;
    return *available > 0 ? READER_GO : READER_WAIT;
}

static int64_t slowest_locked(const struct stream *stream)
{
    lock_check_held(stream->lock);
    /* Without readers: the frontier. A client that comes later is too late for what was dropped. */
    int64_t slowest = stream->ready_bytes;
    const struct stream_reader *reader;

    DL_FOREACH (stream->readers, reader)
        if (reader->at < slowest)
            slowest = reader->at;
    return slowest;
}

/* Where the bytes in memory begin: spilled, and not dropped yet. */
static int64_t kept_from_locked(const struct stream *stream)
{
    lock_check_held(stream->lock);
    int64_t from = stream->current->spilled_from;

    return from < stream->dropped_bytes ? stream->dropped_bytes : from;
}

bool stream_must_pause_locked(struct stream *stream)
{
    lock_check_held(stream->lock);
    if (stream->current->spilled_from == INT64_MAX)
        return false;
    stream->paused = stream->ready_bytes - kept_from_locked(stream) >= STREAM_WINDOW_BYTES;
    return stream->paused;
}

bool stream_drop_read_locked(struct stream *stream, int64_t *drop_from, int64_t *drop_to)
{
    lock_check_held(stream->lock);
    *drop_from = *drop_to = 0;
    if (stream->current->spilled_from == INT64_MAX)
        return false;
    int64_t from = kept_from_locked(stream);
    /* Whole pages, not for every little step, and only when memory is getting scarce: a late client can
     * still join while all bytes are there. */
    int64_t slowest = slowest_locked(stream) & ~(int64_t)0xffff;
    if (slowest - from >= 1024 * 1024 && stream->ready_bytes - from >= STREAM_WINDOW_BYTES / 2) {
        *drop_from = from;
        *drop_to = slowest;
        stream->dropped_bytes = slowest;
    }
    /* Half a window of hysteresis, so that curl does not pause and resume at every block. */
    if (!stream->paused || stream->ready_bytes - kept_from_locked(stream) >= STREAM_WINDOW_BYTES / 2)
        return false;
    stream->paused = false;
    return true;
}
