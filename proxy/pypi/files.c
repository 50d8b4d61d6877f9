/* GET /packages/...: from memory, from the store, or as the bytes arrive. serve_blob() is the way through;
 * here is what it asks about package files. No state but what is kept in the request.
 *
 * A file at the official path (/packages/aa/bb/<hash>/) may be fetched before its project's page was seen:
 * pip asks with URLs of a lock file on an empty store, and the path spells a hash. All others need the page,
 * for the URL and the hash. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/cache_status.h"
#include "proxy/core/keys.h"
#include "proxy/http/respond.h"
#include "proxy/http/serve_blob.h"
#include "proxy/pypi/file_fill.h"
#include "proxy/pypi/file_lookup.h"
#include "proxy/pypi/metadata.h"
#include "proxy/pypi/pypi.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

/* Files up to this size are answered from memory when they are hot. */
#define SMALL_BYTES (64 * 1024)

struct wanted_file {
    struct wanted wanted;
    struct file_lookup lookup;
    char etag[2 * HASH_MAX_BYTES + 3];
    struct file_headers headers;
};

static enum MHD_Result respond_not_found(struct request *request, const struct file_lookup *lookup)
{
    if (request_offline(request)) {
        request_note_not_held(request, SPACE_FILE, lookup->key.data);
        return respond_not_held(request, NULL, lookup->path.filename);
    }
    return respond_error(request, MHD_HTTP_NOT_FOUND, "%s: no upstream has this file", lookup->path.filename);
}

static enum MHD_Result respond_no_upstream(struct request *request, const struct file_lookup *lookup)
{
    return respond_unavailable(request, lookup->path.filename, "no upstream can serve it now");
}

/* Small files are kept in memory as a whole; ranges of them are served from the store. */
static enum MHD_Result file_respond_small(struct request *request, const struct wanted_file *file,
                                          const char *memory_key, struct blob *blob)
{
    struct buf CLEANUP_BUF body = BUF_INIT;
    const struct header headers[] = {
        {"Content-Type", "application/octet-stream"},
        {"Cache-Control", FILE_CACHE_CONTROL},
        {"Accept-Ranges", "bytes"},
        {CACHE_STATUS_HEADER, CACHE_STATUS_HIT},
    };
    int error = blob_read(request->proxy->store, &blob->digest, SMALL_BYTES, &body);

    if (error)
        return respond_blob(request, blob, &file->headers);
    blob_close(request->proxy->store, blob);
    size_t len = body.len;
    struct object *object =
        object_new(buf_take(&body), len, file->etag, headers, sizeof(headers) / sizeof(headers[0]));
    memcache_put(request->proxy->memcache, memory_key, &object->shared, object_cost_bytes(object));
    return respond_object(request, object);
}

static char *wanted_file_fill_key(const struct request *request, const struct wanted *wanted)
{
    return fill_key_file(wanted->key, request->late);
}

static bool wanted_file_respond_held(struct request *request, struct wanted *wanted, enum MHD_Result *result)
{
    struct wanted_file *file = (struct wanted_file *)wanted;
    char *CLEANUP_FREE small_key = memory_key_small_file(wanted->key);
    struct blob blob;
    bool range = request_header(request, "Range");
    struct object *object = NULL;

    request->how = HOW_HIT;
    if (!range && !request->held_only) /* the store may have lost a file that is in memory */
        object = (struct object *)memcache_get(request->proxy->memcache, small_key);
    if (object) {
        *result = respond_object(request, object);
        return true;
    }
    if (file_lookup_open(request, &file->lookup, &blob) < 0)
        return false;
    *result = !range && blob.size_bytes <= SMALL_BYTES ? file_respond_small(request, file, small_key, &blob)
                                                       : respond_blob(request, &blob, &file->headers);
    return true;
}

/* No upstream has the file where it should be. If its project's page was not known, that may name another
 * place: the page is asked for, once. */
static enum serve_next wanted_file_not_found(struct request *request, struct wanted *wanted,
                                             enum MHD_Result *result)
{
    const struct file_lookup *lookup = &((struct wanted_file *)wanted)->lookup;
    struct file_search *search = file_search_of(request);

    request_forget_fill(request);
    if (!lookup->file && !search->pages_asked) {
        *search = (struct file_search){.pages_asked = true};
        return SERVE_AGAIN;
    }
    wanted_remember_absent(request, wanted, FETCH_NOT_FOUND);
    *result = respond_not_found(request, lookup);
    return SERVE_ANSWERED;
}

static enum serve_next wanted_file_begin(struct request *request, struct wanted *wanted, struct fill **fill,
                                         enum MHD_Result *result)
{
    struct wanted_file *file = (struct wanted_file *)wanted;
    struct file_lookup *lookup = &file->lookup;
    char *CLEANUP_FREE fill_key = wanted_file_fill_key(request, wanted);
    bool offline = request_offline(request);
    bool page_needed = lookup->path.kind != FILE_PATH_OFFICIAL || file_search_of(request)->pages_asked;

    /* A running fill needs no page any more. */
    if (!request->held_only && (*fill = fill_find(request->proxy->fills, fill_key)))
        return SERVE_FOLLOW;
    if (wanted_known_absent(request, wanted, NULL)) {
        *result = respond_not_found(request, lookup);
        return SERVE_ANSWERED;
    }
    enum document_result page = file_lookup_page(request, lookup, page_needed && !offline);
    if (page == DOCUMENT_WAIT) {
        *result = MHD_YES;
    } else if (page == DOCUMENT_HAVE && wanted_file_respond_held(request, wanted, result)) {
        /* The page's SHA-256 named a blob that has come under another path: it is answered. */
    } else if (offline) {
        *result = respond_not_found(request, lookup);
    } else if (page == DOCUMENT_UNAVAILABLE && page_needed) {
        *result = respond_no_upstream(request, lookup);
    } else if (page != DOCUMENT_HAVE && page_needed) {
        return wanted_file_not_found(request, wanted, result);
    } else if (request_is_head(request) && lookup->file && lookup->file->size_bytes >= 0) {
        /* HEAD needs no bytes: the page says how many there are. */
        request->how = HOW_MISS;
        *result = respond_head(request, lookup->file->size_bytes, &file->headers);
    } else if ((*fill = file_fill_join(request, lookup))) {
        return SERVE_FOLLOW;
    } else {
        *result = respond_no_upstream(request, lookup);
    }
    return SERVE_ANSWERED;
}

static enum serve_next wanted_file_ready(struct request *request, struct wanted *wanted,
                                         enum MHD_Result *result)
{
    *result = respond_fill(request, request->fill, &((struct wanted_file *)wanted)->headers);
    return SERVE_ANSWERED;
}

static enum serve_next wanted_file_failed(struct request *request, struct wanted *wanted,
                                          enum fill_failure why, enum MHD_Result *result)
{
    if (why == FILL_FAILURE_ABSENT)
        return wanted_file_not_found(request, wanted, result);
    *result = respond_no_upstream(request, &((struct wanted_file *)wanted)->lookup);
    return SERVE_ANSWERED;
}

static const struct wanted_kind wanted_file_kind = {
    .until = WAIT_FOR_START,
    .fill_key = wanted_file_fill_key,
    .respond_held = wanted_file_respond_held,
    .begin = wanted_file_begin,
    .ready = wanted_file_ready,
    .failed = wanted_file_failed,
};

enum MHD_Result pypi_file(struct request *request)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct wanted_file file;
    char hex[2 * HASH_MAX_BYTES + 1];
    enum MHD_Result result;

    if (file_lookup_init(request, &file.lookup, &error) < 0) {
        result = respond_error(request, MHD_HTTP_BAD_REQUEST, "%s", error.data);
    } else if (file.lookup.path.metadata) {
        result = pypi_metadata(request, &file.lookup);
    } else {
        /* The validator is the path's own hash, so it is the same before, while and after the file is in the
         * store. */
        checksum_hex(&file.lookup.path.checksum, hex);
        snprintf(file.etag, sizeof(file.etag), "\"%s\"", hex);
        file.headers = (struct file_headers){.content_type = "application/octet-stream", .etag = file.etag};
        file.wanted = file_wanted(&wanted_file_kind, request, &file.lookup);
        result = serve_blob(request, &file.wanted);
    }
    file_lookup_release(&file.lookup);
    return result;
}
