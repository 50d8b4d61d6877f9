/* The metadata of wheels (PEP 658 / 714), in this order: from memory or the store; out of the wheel in the
 * store; from an upstream whose page advertises it; out of the wheel, fetched for it. So what a page of ours
 * advertises can always be served while the wheel can. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/cache_status.h"
#include "formats/python/metadata.h"
#include "formats/python/wheel.h"
#include "proxy/core/blob_fill.h"
#include "proxy/core/candidate_list.h"
#include "proxy/core/jobs.h"
#include "proxy/core/keys.h"
#include "proxy/http/respond.h"
#include "proxy/pypi/files.h"
#include "proxy/pypi/pypi.h"
#include "storage/catalog/pypi_key.h"
#include "storage/store.h"

/* request->step: what was tried already. */
enum step { STEP_FIRST, STEP_UPSTREAM_FAILED };

/* Makes the answer and keeps it in memory. Takes the body over. */
static struct object *keep(struct proxy *proxy, const char *key, struct buf *body)
{
    static const struct header headers[] = {
        {"Content-Type", "text/plain; charset=utf-8"},
        {"Cache-Control", FILE_CACHE_CONTROL},
        {CACHE_STATUS_HEADER, CACHE_STATUS_HIT},
    };
    char *CLEANUP_FREE cache_key = memory_key_metadata(key);
    char etag[DIGEST_HEX_SIZE + 2];
    char hex[DIGEST_HEX_SIZE];
    struct digest digest;
    size_t len = body->len;

    digest_of(body->data, len, &digest);
    digest_hex(&digest, hex);
    snprintf(etag, sizeof(etag), "\"%s\"", hex);
    struct object *object =
        object_new(buf_take(body), len, etag, headers, sizeof(headers) / sizeof(headers[0]));
    memcache_put(proxy->memcache, cache_key, &object->shared, object_cost_bytes(object));
    return object;
}

/* ---- out of the wheel ---- */

/* What happens when the metadata is durable: pages that do not advertise it yet are rendered anew. */
struct stored {
    struct proxy *proxy;
    char *project;
};

static void on_stored(void *arg, int error)
{
    struct stored *stored = arg;

    if (!error)
        document_outdate(stored->proxy, &page_kind, stored->project);
    free(stored->project);
    free(stored);
}

static void store_metadata(struct proxy *proxy, const char *key, const char *project, const struct buf *body)
{
    struct entry entry = entry_of_bytes(SPACE_METADATA, key, project, "");
    struct stored *stored = xcalloc(1, sizeof(*stored));

    stored->proxy = proxy;
    stored->project = xstrdup(project);
    int error = blob_put(proxy->store, body->data, body->len, &entry, 1, on_stored, stored);
    if (!error)
        return;
    log_warn("metadata of %s: served, but not stored: %s", key, strerror(-error));
    on_stored(stored, error);
}

/* Jobs thread. Returns the answer, or NULL after logging why the wheel has no metadata. */
static struct object *extract(struct proxy *proxy, const char *key, const char *project, int fd)
{
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF filename = BUF_INIT;

    if (file_key_filename(key, &filename) < 0 || wheel_read_metadata(fd, filename.data, &body, &error) < 0) {
        log_warn("%s: no metadata can be taken out of this wheel: %s", key, error.data);
        return NULL;
    }
    store_metadata(proxy, key, project, &body);
    return keep(proxy, key, &body);
}

void metadata_before_commit(struct proxy *proxy, const char *key, const char *scope, int fd)
{
    char *CLEANUP_FREE cache_key = memory_key_metadata(key);
    struct object *object = (struct object *)memcache_get(proxy->memcache, cache_key);

    if (!object)
        object = extract(proxy, key, scope, fd);
    object_unref(object);
}

struct extraction {
    struct proxy *proxy;
    struct fill *fill; /* reference; its product is the object */
    char *key;
    char *project;
    int fd;
};

static void run_extraction(void *arg)
{
    struct extraction *extraction = arg;
    struct object *object = extract(extraction->proxy, extraction->key, extraction->project, extraction->fd);

    fill_end(extraction->fill, object ? FETCH_OK : FETCH_NOT_FOUND,
             object ? NULL : "the wheel has no METADATA", object ? &object->shared : NULL);
    shared_unref(&extraction->fill->shared);
    close(extraction->fd);
    free(extraction->key);
    free(extraction->project);
    free(extraction);
}

/* Joins the extraction; fd (taken over) is the whole wheel. The reference is the caller's. */
static struct fill *extraction_join(struct request *request, const struct file_lookup *lookup, int fd)
{
    char *CLEANUP_FREE key = fill_key_extraction(lookup->key.data);
    bool created;
    struct fill *fill = fill_join(request->proxy->fills, key, &created);

    if (!created) {
        close(fd);
        return fill; /* NULL: too many fills are running */
    }
    char room[PROJECT_NAME_MAX + 1];
    struct extraction *extraction = xcalloc(1, sizeof(*extraction));
    extraction->proxy = request->proxy;
    extraction->fill = fill;
    shared_ref(&fill->shared);
    extraction->key = xstrdup(lookup->key.data);
    extraction->project = xstrdup(file_lookup_project(request, lookup, room));
    extraction->fd = fd;
    jobs_add(request->proxy->jobs, JOB_WAITED_FOR, run_extraction, extraction);
    return fill;
}

/* ---- from an upstream ---- */

static bool metadata_plausible(const char *key, const char *start, size_t len)
{
    static const char first[] = "Metadata-Version:";

    (void)key;
    return len >= sizeof(first) - 1 && strncasecmp(start, first, sizeof(first) - 1) == 0;
}

/* The reference is the caller's; NULL if no upstream is known to have it. */
static struct fill *upstream_join(struct request *request, const struct file_lookup *lookup)
{
    char *CLEANUP_FREE key = fill_key_metadata(lookup->key.data);
    char *CLEANUP_FREE path = xconcat(lookup->key.data, ".metadata");
    struct candidate_list CLEANUP_CANDIDATES candidates = CANDIDATE_LIST_INIT;
    struct checksum checksum = {.kind = HASH_SHA256};
    char room[PROJECT_NAME_MAX + 1];
    const struct blob_fill_options options = {
        .label = key,
        .subject = {.kind = FILL_KIND_METADATA, .path = path},
        .candidates = &candidates,
        .checksum = lookup->file->metadata == METADATA_HASHED ? &checksum : NULL,
        .expected_bytes = -1,
        .max_bytes = METADATA_MAX_BYTES,
        .space = SPACE_METADATA,
        .key = lookup->key.data,
        .scope = file_lookup_project(request, lookup, room),
        .plausible = metadata_plausible,
    };

    memcpy(checksum.bytes, lookup->file->metadata_sha256.bytes, sizeof(lookup->file->metadata_sha256.bytes));
    file_lookup_candidates(request, lookup, ".metadata", &candidates);
    return blob_fill_join(request->proxy, key, &options);
}

/* ---- answering ---- */

static enum fill_state state_of(struct fill *fill)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    return fill->state;
}

/* A reference to what is in memory or in the store, or NULL. */
static struct object *find_kept(struct request *request, const struct file_lookup *lookup)
{
    char *CLEANUP_FREE cache_key = memory_key_metadata(lookup->key.data);
    struct object *object = NULL;
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct entry_read read;

    if (!request->held_only) /* what is in memory may still fail to be stored */
        object = (struct object *)memcache_get(request->proxy->memcache, cache_key);
    if (object || entry_get(request->proxy->store, SPACE_METADATA, lookup->key.data, &read) < 0)
        return object;
    if (read.entry.has_digest &&
        blob_read(request->proxy->store, &read.entry.digest, METADATA_MAX_BYTES, &body) == 0)
        object = keep(request->proxy, lookup->key.data, &body);
    entry_release(&read);
    return object;
}

/* The bytes of a fill that is done: the commit may still be under way. */
static struct object *object_of_fill(struct request *request, const struct file_lookup *lookup,
                                     struct fill *fill)
{
    struct buf CLEANUP_BUF body = BUF_INIT;

    lock_acquire(&fill->lock);
    int64_t len = fill->stream.total_bytes;
    struct backing *backing = fill->stream.current;
    shared_ref(&backing->shared);
    lock_release(&fill->lock);
    buf_reserve(&body, (size_t)len);
    int error = backing_read(backing, 0, body.data, (size_t)len);
    body.len = (size_t)len;
    shared_unref(&backing->shared);
    return error ? NULL : keep(request->proxy, lookup->key.data, &body);
}

/* What the fill that the request waited for has brought; NULL if that was something else, or it failed. */
static struct object *find_brought(struct request *request, const struct file_lookup *lookup)
{
    char *CLEANUP_FREE from_upstream = fill_key_metadata(lookup->key.data);
    char *CLEANUP_FREE from_wheel = fill_key_extraction(lookup->key.data);
    struct fill *fill = request->fill;

    if (request_waited_for(request, from_wheel)) {
        ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
        return (struct object *)shared_ref(fill->product);
    }
    if (!request_waited_for(request, from_upstream))
        return NULL;
    struct object *object = state_of(fill) == FILL_DONE ? object_of_fill(request, lookup, fill) : NULL;
    if (!object) /* also where its bytes cannot be read: asking for them again would not end */
        request->step = STEP_UPSTREAM_FAILED;
    return object;
}

/* The whole wheel as a descriptor of the caller's, when it is in the store or its fill is done; -1 else. */
static int open_wheel(struct request *request, struct file_lookup *lookup)
{
    char *CLEANUP_FREE wheel_key = fill_key_file(lookup->key.data, request->late);
    struct blob blob;
    int fd = -1;

    if (request_waited_for(request, wheel_key) && state_of(request->fill) == FILL_DONE) {
        ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&request->fill->lock);
        const struct stream *stream = &request->fill->stream;
        /* In one piece only: a wheel that spilled to memory half way cannot be read as a zip. */
        if (stream->current->spilled_from == INT64_MAX)
            return fcntl(stream->current->fd, F_DUPFD_CLOEXEC, 0);
        return stream->current->spilled_from == 0 && stream->dropped_bytes == 0
                   ? fcntl(stream->current->memory_fd, F_DUPFD_CLOEXEC, 0)
                   : -1;
    }
    if (file_lookup_open(request, lookup, &blob) == 0) {
        fd = take_fd(&blob.fd);
        blob_close(request->proxy->store, &blob);
    }
    return fd;
}

/* What to wait for next: a reference, or NULL when nothing is left to try. */
static struct fill *next_source(struct request *request, struct file_lookup *lookup)
{
    char *CLEANUP_FREE wheel_key = fill_key_file(lookup->key.data, request->late);
    char *CLEANUP_FREE from_wheel = fill_key_extraction(lookup->key.data);

    if (request_waited_for(request, from_wheel))
        return NULL;
    int wheel_fd = open_wheel(request, lookup);
    if (wheel_fd >= 0)
        return extraction_join(request, lookup, wheel_fd);
    if (request_waited_for(request, wheel_key) || request_offline(request))
        return NULL;
    if (request->step == STEP_FIRST && lookup->file && lookup->file->metadata != METADATA_NO)
        return upstream_join(request, lookup);
    return file_known_absent(request, lookup) ? NULL : file_fill_join(request, lookup);
}

/* How the last fill ended that the request waited for, with its reason (heap, or NULL). */
static enum fetch_outcome last_outcome(struct request *request, char **reason)
{
    if (!request->fill)
        return FETCH_UNAVAILABLE;
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&request->fill->lock);
    *reason = xstrdup_or_null(request->fill->reason);
    return request->fill->state == FILL_FAILED ? request->fill->outcome : FETCH_UNAVAILABLE;
}

static enum MHD_Result respond_no_metadata(struct request *request, const struct file_lookup *lookup)
{
    char *CLEANUP_FREE wheel_key = fill_key_file(lookup->key.data, request->late);
    char *CLEANUP_FREE what = xconcat("the metadata of ", lookup->path.filename);
    char *CLEANUP_FREE reason = NULL;
    bool not_found =
        last_outcome(request, &reason) == FETCH_NOT_FOUND && !file_search_of(request)->page_unavailable;

    if (not_found && request_waited_for(request, wheel_key))
        file_remember_absent(request, lookup);
    if (request->held_only) {
        request_note_not_held(request, SPACE_METADATA, lookup->key.data);
        return respond_not_held(request, NULL, what);
    }
    if (not_found || request_offline(request) || file_known_absent(request, lookup))
        return respond_error(request, MHD_HTTP_NOT_FOUND, "there is no metadata of %s",
                             lookup->path.filename);
    return respond_error(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                         "%s: no upstream can serve it or the wheel now, try again later%s%s", what,
                         reason ? ": " : "", reason ? reason : "");
}

enum MHD_Result pypi_metadata(struct request *request, struct file_lookup *lookup)
{
    struct object *object;
    enum request_how how = request->how == HOW_MISS ? HOW_MISS : HOW_HIT;

    if (!filename_is_wheel(lookup->path.filename))
        return respond_error(request, MHD_HTTP_NOT_FOUND, "only wheels have metadata here; %s is none",
                             lookup->path.filename);
    while (!(object = find_kept(request, lookup)) && !(object = find_brought(request, lookup))) {
        /* Only the page says what the metadata must hash to. */
        enum document_result page = file_lookup_page(request, lookup, !request_offline(request));
        if (page == DOCUMENT_WAIT)
            return MHD_YES;
        struct fill *fill = next_source(request, lookup);
        if (!fill)
            return respond_no_metadata(request, lookup);
        if (request_wait(request, fill, WAIT_FOR_END))
            return MHD_YES;
        if (state_of(fill) == FILL_STARTING || state_of(fill) == FILL_STREAMING) /* the server is stopping */
            return respond_no_metadata(request, lookup);
        how = HOW_MISS; /* so fast that there was nothing to wait for */
    }
    if (request_offline(request)) /* at most it was taken out of a wheel that is here */
        how = HOW_HIT;
    request->how = how;
    enum MHD_Result result =
        how == HOW_MISS ? respond_object_brought(request, object) : respond_object(request, object);
    object_unref(object);
    return result;
}
