/* Feeds one answer from a running fill. Runs on workers. The reader is part of its request and is guarded by
 * the lock of the fill that it reads.
 *
 *     reader_begin() -> reader_read(): GO, bytes | WAIT, suspended | CUT, broken off -> reader_end()
 *
 * libmicrohttpd: a content reader that returns 0 is called again at once, unless it has suspended its
 * connection; one that ends early must end with an error, because END_OF_STREAM is reported as success. It is
 * called for `position` when all bytes before it are with the kernel, so each call also says how far this
 * client has come: the slowest one decides what may be dropped. */
#include "proxy/http/reader.h"

#include <fcntl.h>
#include <utlist.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/memory.h"
#include "proxy/http/request.h"

bool reader_begin(struct request *request, struct fill *fill, int64_t total_bytes, int64_t start, int64_t end)
{
    struct stream_reader *reader = &request->reader;

    CHECK(!request->reads);
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    /* Checked again under this lock: more may have been dropped since serve_blob() looked. */
    if (start < fill->stream.dropped_bytes)
        return false;
    shared_ref(&fill->shared);
    request->reads = fill;
    reader->total_bytes = total_bytes;
    reader->start = reader->at = start;
    reader->end = end;
    reader->generation = fill->stream.generation;
    DL_APPEND(fill->stream.readers, reader);
    fill->lonely_since_ms = 0;
    return true;
}

/* Spilled bytes that no reader needs any more. */
struct dropped {
    struct backing *backing; /* reference; NULL: nothing to drop */
    int64_t from;
    int64_t to;
};

/* A reader has moved on or left: decides what may be dropped and ends a pause. */
static void note_moved_locked(struct fill *fill, struct dropped *dropped)
{
    lock_check_held(&fill->lock);
    dropped->backing = NULL;
    if (!fill->stream.current)
        return;
    /* The fetch may have ended: bytes are dropped, but there is nothing to resume. */
    if (stream_drop_read_locked(&fill->stream, &dropped->from, &dropped->to) && fill->fetch)
        fetch_resume(fill->fetch);
    if (dropped->to > dropped->from)
        dropped->backing = (struct backing *)shared_ref(&fill->stream.current->shared);
}

/* Frees the memory of the dropped bytes. Readers never go back to before the dropped offset, so this needs no
 * lock; and it takes too long for one. */
static void drop(struct dropped *dropped)
{
    if (!dropped->backing)
        return;
    fallocate(dropped->backing->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, dropped->from,
              dropped->to - dropped->from);
    shared_unref(&dropped->backing->shared);
}

void reader_end(struct request *request)
{
    struct fill *fill = take_ptr(&request->reads);
    struct dropped dropped;

    if (!fill)
        return;
    lock_acquire(&fill->lock);
    DL_DELETE(fill->stream.readers, &request->reader);
    fill->lonely_since_ms = clock_mono_ms();
    /* The slowest reader may have been this one: its leaving can end a pause. */
    note_moved_locked(fill, &dropped);
    lock_release(&fill->lock);
    drop(&dropped);
    fill_forget(fill, &request->waiter);
    shared_unref(&fill->shared);
}

/* Returns the backing (a reference) from which *available bytes may be read now. NULL: *result is for
 * libmicrohttpd (0: suspended). */
static struct backing *next_bytes(struct request *request, uint64_t position, int64_t *available,
                                  ssize_t *result)
{
    struct fill *fill = request->reads;
    struct backing *backing = NULL;
    struct dropped dropped;

    lock_acquire(&fill->lock);
    request->reader.at = request->reader.start + (int64_t)position;
    enum reader_state state = stream_check_locked(&fill->stream, &request->reader, available);
    if (request->waiter.gone || fill->state == FILL_FAILED)
        state = READER_CUT;
    note_moved_locked(fill, &dropped);
    /* A reference: a new generation may begin while this one is read outside the lock. */
    if (state == READER_GO)
        backing = (struct backing *)shared_ref(&fill->stream.current->shared);
    /* A wait is refused only when the server is stopping: the answer is then cut. */
    if (state == READER_WAIT && !fill_wait_locked(fill, &request->waiter, WAIT_FOR_BYTES))
        state = READER_CUT;
    if (state == READER_CUT)
        counter_add(COUNTER_READERS_CUT, !request->waiter.gone);
    lock_release(&fill->lock);
    drop(&dropped);
    *result = state == READER_CUT ? MHD_CONTENT_READER_END_WITH_ERROR : 0;
    return backing;
}

ssize_t reader_read(void *arg, uint64_t position, char *data, size_t max)
{
    struct request *request = arg;
    int64_t available = 0;
    ssize_t result = 0;
    struct backing *backing = next_bytes(request, position, &available, &result);

    if (!backing)
        return result;
    size_t len = available < (int64_t)max ? (size_t)available : max;
    int error = backing_read(backing, request->reader.at, data, len);
    shared_unref(&backing->shared);
    return error ? MHD_CONTENT_READER_END_WITH_ERROR : (ssize_t)len;
}
