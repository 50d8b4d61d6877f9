/* The sink between the fetch thread and the store.
 *
 * A blob_fill lives from blob_fill_start() to the end of the fetch, or to the end of the commit. The fetch
 * thread owns it until the bytes are verified; then the jobs thread (before_commit), then the store thread
 * (commit done). Readers see only the fill.
 *
 *     begin -> write ... -> complete -> finish(OK) -> jobs: before_commit -> store: commit -> freed
 *       ^                      |  (spilled to memory: finish(OK) frees at once, there is nothing to commit)
 *       '---- wrong bytes -----'
 *                              any other finish() -> freed
 *
 * The fill is settled at finish(), but stays in the table until the commit is done: a request in between
 * joins it and is served from its bytes, and does not start a second fetch of what the store is about to
 * have. */
#include "proxy/core/blob_fill.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/memory.h"
#include "proxy/core/candidate_list.h"
#include "proxy/core/jobs.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"
#include "upstreams/upstream.h"

/* Enough for the magic number of an archive or the first tag of an HTML page. */
#define PLAUSIBLE_BYTES 1024

struct blob_fill {
    struct proxy *proxy;
    struct fill *fill;       /* reference */
    struct backing *backing; /* reference: the generation being written */
    char *label;
    bool has_checksum;
    struct checksum checksum;
    char *space;
    char *key;
    char *scope;
    bool (*plausible)(const char *key, const char *start, size_t len);
    void (*before_commit)(struct proxy *proxy, const char *key, const char *scope, int fd);

    struct hasher *sha256; /* names the blob */
    struct hasher *other;  /* when the promise is in another algorithm; NULL else */
    int64_t written_bytes;
    struct digest digest; /* once verified */
    bool verified;
    char *confirmed_by; /* name of the upstream that answered */
};

/* Gives up a generation's file. The stream still has a reference, for readers of these bytes. */
static void drop_backing(struct blob_fill *blob)
{
    struct backing *backing = take_ptr(&blob->backing);

    if (!backing)
        return;
    blob_abort(&backing->writer);
    shared_unref(&backing->shared);
}

static void blob_fill_free(struct blob_fill *blob)
{
    drop_backing(blob);
    hasher_free(blob->sha256);
    hasher_free(blob->other);
    shared_unref(&blob->fill->shared);
    free(blob->label);
    free(blob->space);
    free(blob->key);
    free(blob->scope);
    free(blob->confirmed_by);
    free(blob);
}

static int blob_fill_on_begin(void *sink, const struct fetch_answer *answer)
{
    struct blob_fill *blob = sink;
    struct fill *fill = blob->fill;

    drop_backing(blob);
    blob->backing = backing_new(blob->proxy->store, answer->total_bytes);
    blob->written_bytes = 0;
    hasher_reset(blob->sha256);
    if (blob->other)
        hasher_reset(blob->other);
    free(blob->confirmed_by);
    /* Where the transfer is continued from another upstream, this remains the one that began it. */
    blob->confirmed_by = xstrdup(upstream_name(answer->upstream));

    /* One reference for the sink, one for the stream. */
    shared_ref(&blob->backing->shared);
    lock_acquire(&fill->lock);
    struct backing *oldest = stream_begin_locked(&fill->stream, blob->backing, answer->total_bytes);
    /* Readers wait for the whole blob if its length is unknown, because an HTTP/1.0 client could not see a
     * truncation; and if all of it would be held back, because the length alone may be wrong. */
    fill->state = answer->total_bytes > STREAM_HOLD_BACK ? FILL_STREAMING : FILL_STARTING;
    fill_wake_locked(fill);
    lock_release(&fill->lock);
    backing_unref(oldest);
    return 0;
}

static int blob_fill_on_write(void *sink, int64_t offset, const void *data, size_t len)
{
    struct blob_fill *blob = sink;
    struct fill *fill = blob->fill;
    int64_t same;
    bool ended;

    CHECK(offset == blob->written_bytes);
    int error = backing_write(blob->backing, offset, data, len);
    if (error) {
        log_error("%s: neither the store nor memory can take more bytes (%s); giving up", blob->label,
                  strerror(-error));
        return error;
    }
    hasher_update(blob->sha256, data, len);
    if (blob->other)
        hasher_update(blob->other, data, len);
    blob->written_bytes += (int64_t)len;
    stream_compare(&fill->stream, offset, data, len, &same, &ended);

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    fill->stream.same_bytes = same;
    fill->stream.compared_to_end = ended;
    fill->stream.ready_bytes = blob->written_bytes;
    fill_wake_in_steps_locked(fill);
    return stream_must_pause_locked(&fill->stream) ? 1 : 0;
}

/* Returns true if the bytes are what was promised. Leaves the digest in blob->digest: the store names every
 * blob by SHA-256, also where the index promised another hash. */
static bool check_bytes(struct blob_fill *blob)
{
    struct checksum sum;
    char wanted[2 * HASH_MAX_BYTES + 1];
    char got[2 * HASH_MAX_BYTES + 1];

    hasher_final(blob->sha256, &sum);
    memcpy(blob->digest.bytes, sum.bytes, sizeof(blob->digest.bytes));
    if (!blob->has_checksum) {
        char start[PLAUSIBLE_BYTES];
        size_t len = blob->written_bytes < PLAUSIBLE_BYTES ? (size_t)blob->written_bytes : PLAUSIBLE_BYTES;
        if (!blob->plausible ||
            (backing_read(blob->backing, 0, start, len) == 0 && blob->plausible(blob->key, start, len)))
            return true;
        log_warn("%s: the answer of %s is not a file of that kind (an error page?); trying elsewhere",
                 blob->label, blob->confirmed_by);
        return false;
    }
    if (blob->other)
        hasher_final(blob->other, &sum);
    if (checksum_equal(&sum, &blob->checksum))
        return true;
    checksum_hex(&blob->checksum, wanted);
    checksum_hex(&sum, got);
    log_warn("%s: wrong bytes from %s: %s is %s, but %s was promised; trying elsewhere", blob->label,
             blob->confirmed_by, hash_kind_name(sum.kind), got, wanted);
    return false;
}

static enum fetch_decision blob_fill_on_complete(void *sink)
{
    struct blob_fill *blob = sink;
    struct fill *fill = blob->fill;

    if (!check_bytes(blob))
        return FETCH_REJECT;
    blob->verified = true;
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    /* Ends the hold-back: suspended readers now get their last bytes. */
    fill->stream.total_bytes = blob->written_bytes;
    fill->stream.verified = true;
    fill_wake_locked(fill);
    return FETCH_ACCEPT;
}

/* Store thread, or any thread when there is nothing to commit. From here on requests find the blob in the
 * store, or, after an error, begin a new fill; readers of this one have its bytes in any case. */
static void on_committed(void *arg, int error)
{
    struct blob_fill *blob = arg;

    if (error)
        log_error("%s: storing it failed: %s; the next request will fetch it again", blob->label,
                  strerror(-error));
    fill_leave_table(blob->fill);
    blob_fill_free(blob);
}

static void commit(void *arg)
{
    struct blob_fill *blob = arg;

    /* First, so that what is derived from the file is there by the time the file can be found. */
    if (blob->before_commit && blob->backing->fd >= 0)
        blob->before_commit(blob->proxy, blob->key, blob->scope, blob->backing->fd);
    struct entry entry = entry_of_bytes(blob->space, blob->key, blob->scope, blob->confirmed_by);
    blob_commit(blob->proxy->store, &blob->backing->writer, &blob->digest, blob->written_bytes, &entry, 1,
                on_committed, blob);
}

static void blob_fill_on_finish(void *sink, enum fetch_outcome outcome, const struct fetch_answer *answer,
                                const char *reason)
{
    struct blob_fill *blob = sink;
    struct fill *fill = blob->fill;

    (void)answer;
    lock_acquire(&fill->lock);
    /* The handle dies when this function returns; others use it only under this lock. */
    fill->fetch = NULL;
    lock_release(&fill->lock);
    if (outcome == FETCH_OK)
        CHECK(blob->verified);
    /* Bytes that have spilled to memory are in no file that could be committed. */
    if (outcome == FETCH_OK && blob->backing->spilled_from == INT64_MAX) {
        fill_settle(fill, outcome, reason, NULL);
        jobs_add(blob->proxy->jobs, JOB_WAITED_FOR, commit, blob);
        return;
    }
    fill_end(fill, outcome, reason, NULL);
    blob_fill_free(blob);
}

static const struct fetch_sink_ops sink_ops = {
    .begin = blob_fill_on_begin,
    .write = blob_fill_on_write,
    .complete = blob_fill_on_complete,
    .finish = blob_fill_on_finish,
};

static void blob_fill_start(struct proxy *proxy, struct fill *fill, const struct blob_fill_options *options)
{
    struct blob_fill *blob = xcalloc(1, sizeof(*blob));
    struct fetch_options fetch = {
        .label = options->label,
        .class = FETCH_BLOB,
        .max_bytes = options->max_bytes,
        .expected_bytes = options->expected_bytes,
        .candidates = options->candidates->items,
        .candidate_count = options->candidates->count,
    };

    blob->proxy = proxy;
    shared_ref(&fill->shared);
    blob->fill = fill;
    blob->label = xstrdup(options->label);
    blob->space = xstrdup(options->space);
    blob->key = xstrdup(options->key);
    blob->scope = xstrdup(options->scope);
    blob->plausible = options->plausible;
    blob->before_commit = options->before_commit;
    blob->sha256 = hasher_new(HASH_SHA256);
    if (options->checksum) {
        blob->has_checksum = true;
        blob->checksum = *options->checksum;
        if (blob->checksum.kind != HASH_SHA256)
            blob->other = hasher_new(blob->checksum.kind);
    }
    /* finish() takes the lock first, so it cannot clear the handle before it is set. */
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    fill->made_for = xstrdup(options->key);
    fill_describe_locked(fill, &options->subject);
    fill->fetch = fetch_start(proxy->fetcher, &fetch, &sink_ops, blob);
}

/* Another fill may have committed this blob between the caller's look at the store and its joining the table:
 * this looks again, so that the bytes are not fetched twice. */
static bool take_from_store(struct store *store, struct fill *fill, const struct blob_fill_options *options)
{
    struct blob blob;
    int error = options->stored ? blob_open(store, options->stored, &blob)
                                : entry_open_blob(store, options->space, options->key, &blob);

    if (error)
        return false;
    /* Stored under a higher limit: the fetch will say that it is too large, as for any other. */
    if (options->max_bytes >= 0 && blob.size_bytes > options->max_bytes) {
        blob_close(store, &blob);
        return false;
    }
    lock_acquire(&fill->lock);
    struct backing *oldest =
        stream_begin_locked(&fill->stream, backing_of_file(take_fd(&blob.fd)), blob.size_bytes);
    CHECK(!oldest); /* the fill has just begun */
    fill->stream.ready_bytes = blob.size_bytes;
    fill->stream.verified = true;
    lock_release(&fill->lock);
    blob_close(store, &blob);
    fill_end(fill, FETCH_OK, NULL, NULL);
    return true;
}

struct fill *blob_fill_join(struct proxy *proxy, const char *fill_key,
                            const struct blob_fill_options *options)
{
    bool created = false;
    struct fill *fill = options->candidates->count ? fill_join(proxy->fills, fill_key, &created) : NULL;

    if (created && !take_from_store(proxy->store, fill, options))
        blob_fill_start(proxy, fill, options);
    return fill;
}
