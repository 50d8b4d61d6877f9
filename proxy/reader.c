/* Runs on workers. The reader lies in its request and is guarded by the lock of the fill that it reads. */
#include "proxy/reader.h"

#include <fcntl.h>
#include <utlist.h>

#include "base/check.h"
#include "base/counters.h"
#include "base/memory.h"
#include "proxy/request.h"

void reader_begin(struct request *request, struct fill *fill, int64_t start, int64_t end)
{
    struct reader *reader = &request->reader;

    CHECK(!request->reads);
    shared_ref(&fill->shared);
    request->reads = fill;
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    reader->start = reader->at = start;
    reader->end = end;
    reader->generation = fill->stream.generation;
    DL_APPEND(fill->stream.readers, reader);
    fill->stream.reader_count++;
    fill->lonely_since_ms = 0;
}

/* What the reader may read now, and from where: a reference to the backing. NULL: *result is what
 * libmicrohttpd gets (0: suspended). */
static struct backing *next_bytes(struct request *request, uint64_t position, int64_t *available,
                                  ssize_t *result)
{
    struct fill *fill = request->reads;
    struct stream *stream = &fill->stream;
    int64_t drop_from = 0;
    int64_t drop_to = 0;
    struct backing *backing = NULL;

    lock_acquire(&fill->lock);
    request->reader.at = request->reader.start + (int64_t)position;
    enum reader_state state = stream_check_locked(stream, &request->reader, available);
    if (request->waiter.gone || fill->state == FILL_FAILED)
        state = READER_CUT;
    if (state == READER_WAIT && !fill_wait_locked(fill, &request->waiter, WAIT_FOR_BYTES))
        state = READER_CUT;
    if (state == READER_CUT)
        counter_add(COUNTER_READERS_CUT, !request->waiter.gone);
    if (state != READER_CUT && stream_drop_read_locked(stream, &drop_from, &drop_to) && fill->fetch)
        fetch_resume(fill->fetch);
    if (state == READER_GO || drop_to > drop_from) {
        backing = stream->current;
        shared_ref(&backing->shared);
    }
    lock_release(&fill->lock);

    /* Readers never come back behind the dropped offset, so this needs no lock. */
    if (drop_to > drop_from)
        fallocate(backing->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, drop_from,
                  drop_to - drop_from);
    *result = state == READER_CUT ? MHD_CONTENT_READER_END_WITH_ERROR : 0;
    if (state == READER_GO)
        return backing;
    if (backing)
        shared_unref(&backing->shared);
    return NULL;
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
