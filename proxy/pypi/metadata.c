/* The metadata of wheels (PEP 658 / 714), in this order: from memory or the store; out of the wheel in the
 * store; from an upstream whose page advertises it; out of the wheel, fetched for it. So our pages may
 * advertise the metadata of every wheel that can be served, whether an upstream has it or not.
 *
 * Unlike files it is served as a whole: it is small, and its hash may be known only when it is here. */
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
#include "proxy/http/serve_blob.h"
#include "proxy/pypi/file_fill.h"
#include "proxy/pypi/wheel_metadata.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

/* request->step: which source it waits for, or has tried. They are tried in this order, each once. */
enum step {
    STEP_FIRST,
    STEP_UPSTREAM, /* the upstream's .metadata */
    STEP_UPSTREAM_FAILED,
    STEP_WHEEL, /* the wheel, to take it out of that */
    STEP_WHEEL_ENDED,
    STEP_EXTRACTION, /* out of the wheel that is here */
    STEP_EXTRACTION_FAILED,
};

struct wanted_metadata {
    struct wanted wanted; /* that of the wheel */
    struct file_lookup *lookup;
    bool missed; /* the request has waited for an upstream */
};

/* ---- from an upstream ---- */

/* Where the page promises no hash; see file_plausible(). All tools write this field first. */
static bool metadata_plausible(const char *key, const char *start, size_t len)
{
    static const char first[] = "Metadata-Version:";

    (void)key;
    return len >= sizeof(first) - 1 && strncasecmp(start, first, sizeof(first) - 1) == 0;
}

/* The reference is the caller's; NULL if no upstream is known to have it. */
static struct fill *metadata_fill_join(struct request *request, const struct file_lookup *lookup)
{
    char *CLEANUP_FREE key = fill_key_metadata(lookup->key.data);
    char *CLEANUP_FREE path = xconcat(lookup->key.data, ".metadata");
    struct candidate_list CLEANUP_CANDIDATES candidates = CANDIDATE_LIST_INIT;
    struct checksum checksum = {.kind = HASH_SHA256};
    char project[PROJECT_NAME_MAX + 1];
    const struct blob_fill_options options = {
        .label = key,
        .subject = {.kind = FILL_KIND_METADATA, .path = path},
        .candidates = &candidates,
        .checksum = lookup->file->metadata == METADATA_HASHED ? &checksum : NULL,
        .expected_bytes = -1,
        .max_bytes = METADATA_MAX_BYTES,
        .space = SPACE_METADATA,
        .key = lookup->key.data,
        .scope = file_lookup_project(request, lookup, project),
        .plausible = metadata_plausible,
    };

    memcpy(checksum.bytes, lookup->file->metadata_sha256.bytes, sizeof(lookup->file->metadata_sha256.bytes));
    file_lookup_candidates(request, lookup, ".metadata", &candidates);
    return blob_fill_join(request->proxy, key, &options);
}

/* ---- answering ---- */

/* Reads the bytes of a fill that is done, from its own file: the commit to the store may still be under
 * way. */
static struct object *metadata_of_fill(struct request *request, const struct file_lookup *lookup,
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

/* The whole wheel as a descriptor of the caller's, when it is in the store or its fill is done; otherwise
 * -1. */
static int open_wheel(struct request *request, struct file_lookup *lookup)
{
    char *CLEANUP_FREE wheel_key = fill_key_file(lookup->key.data, request->late);
    struct blob blob;
    int fd = -1;

    if (request_waited_for(request, wheel_key)) {
        ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&request->fill->lock);
        const struct stream *stream = &request->fill->stream;
        bool done = request->fill->state == FILL_DONE;
        /* In one piece only: a wheel that spilled to memory half way, because the disk is full, is in two
         * files and cannot be read as a zip. */
        if (done && stream->current->spilled_from == INT64_MAX)
            return fcntl(stream->current->fd, F_DUPFD_CLOEXEC, 0);
        if (done && stream->current->spilled_from == 0 && stream->dropped_bytes == 0)
            return fcntl(stream->current->memory_fd, F_DUPFD_CLOEXEC, 0);
        if (done)
            return -1;
    }
    if (file_lookup_open(request, lookup, &blob) == 0) {
        fd = take_fd(&blob.fd);
        blob_close(request->proxy->store, &blob);
    }
    return fd;
}

static enum MHD_Result respond_no_metadata(struct request *request, const struct wanted_metadata *metadata)
{
    const struct file_lookup *lookup = metadata->lookup;
    char *CLEANUP_FREE wheel_key = fill_key_file(lookup->key.data, request->late);
    char *CLEANUP_FREE what = xconcat("the metadata of ", lookup->path.filename);
    char *CLEANUP_FREE reason = request_fill_reason(request);
    bool not_found = false;

    if (request->fill && !file_search_of(request)->page_unavailable) {
        ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&request->fill->lock);
        not_found = request->fill->state == FILL_FAILED && request->fill->outcome == FETCH_NOT_FOUND;
    }
    if (not_found && request_waited_for(request, wheel_key))
        wanted_remember_absent(request, &metadata->wanted, FETCH_NOT_FOUND);
    if (request->held_only) {
        request_note_not_held(request, SPACE_METADATA, lookup->key.data);
        return respond_not_held(request, NULL, what);
    }
    if (not_found || request_offline(request) || wanted_known_absent(request, &metadata->wanted, NULL))
        return respond_error(request, MHD_HTTP_NOT_FOUND, "there is no metadata of %s",
                             lookup->path.filename);
    return respond_error(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                         "%s: no upstream can serve it or the wheel now, try again later%s%s", what,
                         reason ? ": " : "", reason ? reason : "");
}

/* Takes the object over. */
static enum MHD_Result respond_metadata(struct request *request, const struct wanted_metadata *metadata,
                                        struct object *object)
{
    /* Offline it was at most taken out of a wheel that is here, which is not a miss. */
    bool missed = metadata->missed && !request_offline(request);

    request->how = missed ? HOW_MISS : HOW_HIT;
    return missed ? respond_object_brought(request, object) : respond_object(request, object);
}

static char *wanted_metadata_fill_key(const struct request *request, const struct wanted *wanted)
{
    switch ((enum step)request->step) {
    case STEP_UPSTREAM:
        return fill_key_metadata(wanted->key);
    case STEP_WHEEL:
        return fill_key_file(wanted->key, request->late);
    case STEP_EXTRACTION:
        return fill_key_extraction(wanted->key);
    default:
        return NULL;
    }
}

static bool wanted_metadata_respond_held(struct request *request, struct wanted *wanted,
                                         enum MHD_Result *result)
{
    struct object *object = wheel_metadata_held(request->proxy, wanted->key, request->held_only);

    if (object)
        *result = respond_metadata(request, (struct wanted_metadata *)wanted, object);
    return object;
}

static enum serve_next wanted_metadata_begin(struct request *request, struct wanted *wanted,
                                             struct fill **fill, enum MHD_Result *result)
{
    struct wanted_metadata *metadata = (struct wanted_metadata *)wanted;
    struct file_lookup *lookup = metadata->lookup;
    bool offline = request_offline(request);
    char project[PROJECT_NAME_MAX + 1];

    /* Only the page says what the metadata must hash to. */
    if (file_lookup_page(request, lookup, !offline) == DOCUMENT_WAIT) {
        *result = MHD_YES;
        return SERVE_ANSWERED;
    }
    int wheel_fd = request->step < STEP_EXTRACTION ? open_wheel(request, lookup) : -1;
    if (wheel_fd >= 0) {
        request->step = STEP_EXTRACTION;
        *fill = wheel_metadata_join(request->proxy, lookup->key.data,
                                    file_lookup_project(request, lookup, project), wheel_fd);
    } else if (request->step >= STEP_WHEEL || offline) {
        *fill = NULL;
    } else if (request->step == STEP_FIRST && lookup->file && lookup->file->metadata != METADATA_NO) {
        request->step = STEP_UPSTREAM;
        *fill = metadata_fill_join(request, lookup);
    } else if (!wanted_known_absent(request, wanted, NULL)) {
        request->step = STEP_WHEEL;
        *fill = file_fill_join(request, lookup);
    }
    if (*fill)
        return SERVE_FOLLOW;
    *result = respond_no_metadata(request, metadata);
    return SERVE_ANSWERED;
}

static enum serve_next wanted_metadata_ready(struct request *request, struct wanted *wanted,
                                             enum MHD_Result *result)
{
    struct wanted_metadata *metadata = (struct wanted_metadata *)wanted;
    struct object *object = NULL;

    metadata->missed = true;
    if (request->step == STEP_EXTRACTION) {
        ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&request->fill->lock);
        object = (struct object *)shared_ref(request->fill->product);
    } else if (request->step == STEP_UPSTREAM) {
        /* One of the requests that waited for the fill has read it for all of them. */
        object = wheel_metadata_held(request->proxy, wanted->key, request->held_only);
        if (!object)
            object = metadata_of_fill(request, metadata->lookup, request->fill);
    }
    if (!object) {
        /* The wheel is here, and the next step takes the metadata out of it. Or the upstream's bytes cannot
         * be read back: asking for them again would never end. */
        request->step++;
        return SERVE_AGAIN;
    }
    *result = respond_metadata(request, metadata, object);
    return SERVE_ANSWERED;
}

static enum serve_next wanted_metadata_failed(struct request *request, struct wanted *wanted,
                                              enum fill_failure why, enum MHD_Result *result)
{
    struct wanted_metadata *metadata = (struct wanted_metadata *)wanted;

    (void)why;
    metadata->missed = true;
    lock_acquire(&request->fill->lock);
    bool stopping = request->fill->state != FILL_FAILED;
    lock_release(&request->fill->lock);
    if (stopping) {
        *result = respond_no_metadata(request, metadata);
        return SERVE_ANSWERED;
    }
    request->step++;
    return SERVE_AGAIN;
}

static const struct wanted_kind wanted_metadata_kind = {
    .until = WAIT_FOR_END,
    .fill_key = wanted_metadata_fill_key,
    .respond_held = wanted_metadata_respond_held,
    .begin = wanted_metadata_begin,
    .ready = wanted_metadata_ready,
    .failed = wanted_metadata_failed,
};

enum MHD_Result pypi_metadata(struct request *request, struct file_lookup *lookup)
{
    struct wanted_metadata metadata = {
        .wanted = file_wanted(&wanted_metadata_kind, request, lookup),
        .lookup = lookup,
        .missed = request->how == HOW_MISS,
    };

    if (!filename_is_wheel(lookup->path.filename))
        return respond_error(request, MHD_HTTP_NOT_FOUND, "only wheels have metadata here; %s is not a wheel",
                             lookup->path.filename);
    return serve_blob(request, &metadata.wanted);
}
