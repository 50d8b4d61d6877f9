/* The metadata of wheels (PEP 658 / 714), in this order: from memory or the store; out of the wheel in the
 * store; from an upstream whose page advertises it; out of the wheel, fetched for it. So what a page of ours
 * advertises can always be served while the wheel can. */
#include "proxy/pypi/metadata.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "formats/python/metadata.h"
#include "proxy/core/blob_fill.h"
#include "proxy/core/candidate_list.h"
#include "proxy/core/keys.h"
#include "proxy/http/respond.h"
#include "proxy/pypi/file_fill.h"
#include "proxy/pypi/wheel_metadata.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

/* request->step: what was tried already. */
enum step { STEP_FIRST, STEP_UPSTREAM_FAILED };

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

static struct object *find_held(struct request *request, const struct file_lookup *lookup)
{
    return wheel_metadata_held(request->proxy, lookup->key.data, request->held_only);
}

static enum fill_state state_of(struct fill *fill)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    return fill->state;
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
    return error ? NULL : wheel_metadata_keep(request->proxy, lookup->key.data, &body);
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
    char room[PROJECT_NAME_MAX + 1];
    int wheel_fd = open_wheel(request, lookup);
    if (wheel_fd >= 0)
        return wheel_metadata_join(request->proxy, lookup->key.data,
                                   file_lookup_project(request, lookup, room), wheel_fd);
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
    while (!(object = find_held(request, lookup)) && !(object = find_brought(request, lookup))) {
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
