/* Package files: from the store, or as they arrive. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/cache_status.h"
#include "proxy/core/keys.h"
#include "proxy/http/respond.h"
#include "proxy/pypi/file_fill.h"
#include "proxy/pypi/file_lookup.h"
#include "proxy/pypi/metadata.h"
#include "proxy/pypi/pypi.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

/* Files up to this size are answered from memory when they are hot. */
#define SMALL_BYTES (64 * 1024)

/* The validator is the path's own hash, so it is the same before, while and after the file is in the
 * store. */
static void file_etag(const struct file_lookup *lookup, char etag[2 * HASH_MAX_BYTES + 3])
{
    char hex[2 * HASH_MAX_BYTES + 1];

    checksum_hex(&lookup->path.checksum, hex);
    snprintf(etag, 2 * HASH_MAX_BYTES + 3, "\"%s\"", hex);
}

static void file_headers(struct file_headers *headers, const char *etag)
{
    *headers = (struct file_headers){.content_type = "application/octet-stream", .etag = etag};
}

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
static enum MHD_Result respond_small(struct request *request, const struct file_lookup *lookup,
                                     struct blob *blob, const char *etag)
{
    struct buf CLEANUP_BUF body = BUF_INIT;
    char *CLEANUP_FREE key = memory_key_small_file(lookup->key.data);
    const struct header headers[] = {
        {"Content-Type", "application/octet-stream"},
        {"Cache-Control", FILE_CACHE_CONTROL},
        {"Accept-Ranges", "bytes"},
        {CACHE_STATUS_HEADER, CACHE_STATUS_HIT},
    };
    int error = blob_read(request->proxy->store, &blob->digest, SMALL_BYTES, &body);

    if (error) {
        struct file_headers plain;
        file_headers(&plain, etag);
        return respond_blob(request, blob, &plain);
    }
    blob_close(request->proxy->store, blob);
    size_t len = body.len;
    struct object *object =
        object_new(buf_take(&body), len, etag, headers, sizeof(headers) / sizeof(headers[0]));
    memcache_put(request->proxy->memcache, key, &object->shared, object_cost_bytes(object));
    enum MHD_Result result = respond_object(request, object);
    object_unref(object);
    return result;
}

/* Returns true with *result when the file was in memory or in the store. */
static bool respond_stored(struct request *request, struct file_lookup *lookup, enum MHD_Result *result)
{
    char *CLEANUP_FREE small_key = memory_key_small_file(lookup->key.data);
    char etag[2 * HASH_MAX_BYTES + 3];
    struct file_headers headers;
    struct blob blob;
    bool range = request_header(request, "Range");
    struct object *object = NULL;

    request->how = HOW_HIT;
    if (!range && !request->held_only) /* the store may have lost what memory has */
        object = (struct object *)memcache_get(request->proxy->memcache, small_key);
    if (object) {
        *result = respond_object(request, object);
        object_unref(object);
        return true;
    }
    if (file_lookup_open(request, lookup, &blob) < 0)
        return false;
    file_etag(lookup, etag);
    file_headers(&headers, etag);
    *result = !range && blob.size_bytes <= SMALL_BYTES ? respond_small(request, lookup, &blob, etag)
                                                       : respond_blob(request, &blob, &headers);
    return true;
}

static enum MHD_Result serve_file(struct request *request, struct file_lookup *lookup);

/* Every upstream says 404 for the place where the file should be. If its project's page was not known, it may
 * say another place: ask for the page, once. */
static enum MHD_Result after_not_found(struct request *request, struct file_lookup *lookup)
{
    struct file_search *search = file_search_of(request);

    request_forget_fill(request);
    if (!lookup->file && !search->pages_asked) {
        *search = (struct file_search){.pages_asked = true};
        return serve_file(request, lookup);
    }
    file_remember_absent(request, lookup);
    return respond_not_found(request, lookup);
}

/* HEAD needs no bytes when the page says how many there are. */
static enum MHD_Result respond_size(struct request *request, const struct file_lookup *lookup)
{
    char etag[2 * HASH_MAX_BYTES + 3];
    struct file_headers headers;

    file_etag(lookup, etag);
    file_headers(&headers, etag);
    request->how = HOW_MISS;
    return respond_head(request, lookup->file->size_bytes, &headers);
}

/* Not in the store and not on its way. Returns the fill that will bring it (a reference), or NULL with
 * *result, the answer there is without one (MHD_YES also when the request waits for a page). */
static struct fill *begin_fill(struct request *request, struct file_lookup *lookup, enum MHD_Result *result)
{
    bool offline = request_offline(request);
    bool page_needed = lookup->path.kind != FILE_PATH_OFFICIAL || file_search_of(request)->pages_asked;
    struct fill *fill = NULL;

    if (file_known_absent(request, lookup)) {
        *result = respond_not_found(request, lookup);
        return NULL;
    }
    enum document_result page = file_lookup_page(request, lookup, page_needed && !offline);
    if (page == DOCUMENT_WAIT)
        *result = MHD_YES;
    else if (page == DOCUMENT_HAVE && respond_stored(request, lookup, result))
        return NULL;
    else if (offline)
        *result = respond_not_found(request, lookup);
    else if (page == DOCUMENT_UNAVAILABLE && page_needed)
        *result = respond_no_upstream(request, lookup);
    else if (page != DOCUMENT_HAVE && page_needed)
        *result = after_not_found(request, lookup);
    else if (request_is_head(request) && lookup->file && lookup->file->size_bytes >= 0)
        *result = respond_size(request, lookup);
    else if (!(fill = file_fill_join(request, lookup)))
        *result = respond_no_upstream(request, lookup);
    return fill;
}

static enum MHD_Result serve_file(struct request *request, struct file_lookup *lookup)
{
    char *CLEANUP_FREE fill_key = fill_key_file(lookup->key.data, request->late);
    char etag[2 * HASH_MAX_BYTES + 3];
    struct file_headers headers;
    enum MHD_Result result = MHD_NO;
    struct fill *fill;

    if (request_waited_for(request, fill_key)) {
        fill = request->fill;
        shared_ref(&fill->shared);
    } else {
        if (respond_stored(request, lookup, &result))
            return result;
        fill = request->held_only ? NULL : fill_find(request->proxy->fills, fill_key);
        if (!fill)
            fill = begin_fill(request, lookup, &result);
        if (!fill)
            return result;
    }
    switch (request_follow(request, fill)) {
    case FOLLOWS_WAITING:
        return MHD_YES;
    case FOLLOWS_READY:
        file_etag(lookup, etag);
        file_headers(&headers, etag);
        return respond_fill(request, fill, &headers);
    case FOLLOWS_LATE:
        return serve_file(request, lookup);
    case FOLLOWS_ABSENT:
        return after_not_found(request, lookup);
    case FOLLOWS_DENIED:
    case FOLLOWS_UNABLE:
        break;
    }
    return respond_no_upstream(request, lookup);
}

enum MHD_Result pypi_file(struct request *request)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct file_lookup lookup;
    enum MHD_Result result;

    if (file_lookup_init(request, &lookup, &error) < 0)
        result = respond_error(request, MHD_HTTP_BAD_REQUEST, "%s", error.data);
    else if (lookup.path.metadata)
        result = pypi_metadata(request, &lookup);
    else
        result = serve_file(request, &lookup);
    file_lookup_release(&lookup);
    return result;
}
