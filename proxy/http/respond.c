/* Building and queueing answers. Runs on workers; owns nothing.
 *
 * libmicrohttpd: a response is of one kind for its whole life, chosen by how it is made here.
 *
 *     buffer    pages and messages, from memory; one response is sent any number of times (struct object)
 *     fd        stored blobs: sendfile(), which blocks the worker while the bytes come from the disk
 *     reader    running fills, and bodies made while they are sent; also HEAD and 304 of a file, because an
 *               empty response would say Content-Length: 0
 *
 * The mutex of a response is held while an fd or a reader sends, so those are made for one request each. */
#include "proxy/http/respond.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/cache_status.h"
#include "proxy/http/range.h"
#include "proxy/http/reader.h"

/* Blocks of a streamed answer. Every answer holds one; larger ones make no answer faster. */
#define BLOCK_BYTES (32 * 1024)
/* sendfile() blocks libmicrohttpd's worker while the bytes are not in the page cache: ask for them early. */
#define READ_AHEAD_BYTES (4 * 1024 * 1024)

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (value && MHD_add_response_header(response, name, value) != MHD_YES)
        BUG("libmicrohttpd refused the header %s: %s", name, value);
}

static enum MHD_Result queue(struct request *request, int status, int64_t body_bytes,
                             struct MHD_Response *response)
{
    request->status = status;
    /* As announced, not as sent: the library does not tell how far it came when a client leaves early. */
    request->body_bytes = request_is_head(request) || status == MHD_HTTP_NOT_MODIFIED ? 0 : body_bytes;
    return MHD_queue_response(request->connection, (unsigned)status, response);
}

/* Queues a response that is used once. */
static enum MHD_Result queue_once(struct request *request, int status, int64_t body_bytes,
                                  struct MHD_Response *response)
{
    enum MHD_Result result = queue(request, status, body_bytes, response);

    MHD_destroy_response(response);
    return result;
}

static struct MHD_Response *response_of_text(char *body, size_t len, const char *content_type)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);

    CHECK(response);
    add_header(response, "Content-Type", content_type);
    return response;
}

/* ---- messages ---- */

/* Everything about an error except its text. */
struct error_form {
    int status;
    bool close;                /* what follows on this connection cannot be trusted */
    const char *allow;         /* 405 */
    const char *content_range; /* 416 */
    const char *code;          /* to clients of registries; NULL: by the status */
    const char *cache_status;
};

/* The codes of the OCI distribution specification 1.1, and where it has none (RANGE_INVALID, UNAVAILABLE,
 * UNKNOWN) those of Docker's registry, which its clients know too. */
static const char *code_of_status(int status)
{
    switch (status) {
    case MHD_HTTP_NOT_FOUND:
        return "NAME_UNKNOWN";
    case MHD_HTTP_METHOD_NOT_ALLOWED:
        return "UNSUPPORTED";
    case MHD_HTTP_RANGE_NOT_SATISFIABLE:
        return "RANGE_INVALID";
    case MHD_HTTP_SERVICE_UNAVAILABLE:
    case MHD_HTTP_GATEWAY_TIMEOUT:
        return "UNAVAILABLE";
    default:
        return "UNKNOWN";
    }
}

static char *registry_error_body(const char *code, const char *message)
{
    json_t *body = json_pack("{s:[{s:s,s:s,s:{}}]}", "errors", "code", code, "message", message, "detail");
    CHECK(body);
    char *text = json_dumps(body, JSON_COMPACT | JSON_ENSURE_ASCII);
    CHECK(text);
    json_decref(body);
    return text;
}

static enum MHD_Result respond_message(struct request *request, const struct error_form *form,
                                       const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static enum MHD_Result respond_message(struct request *request, const struct error_form *form,
                                       const char *format, va_list args)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    const char *type = "text/plain; charset=utf-8";
    char *body;

    buf_vprintf(&text, format, args);
    text_make_printable(text.data, text.len); /* it may quote a peer */
    if (request->registry) {
        type = "application/json";
        body = registry_error_body(form->code ? form->code : code_of_status(form->status), text.data);
    } else {
        buf_add_char(&text, '\n');
        body = buf_take(&text);
    }
    size_t len = strlen(body);
    struct MHD_Response *response = response_of_text(body, len, type);
    if (request->registry)
        add_header(response, REGISTRY_VERSION_HEADER, REGISTRY_VERSION);
    /* An error is true for now only; a cache in between must not repeat it. */
    add_header(response, "Cache-Control", "no-store");
    add_header(response, "Allow", form->allow);
    add_header(response, "Content-Range", form->content_range);
    add_header(response, CACHE_STATUS_HEADER, form->cache_status);
    if (form->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        add_header(response, "Retry-After", "5");
    if (form->close)
        add_header(response, "Connection", "close");
    return queue_once(request, form->status, (int64_t)len, response);
}

enum MHD_Result respond_error(struct request *request, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    enum MHD_Result result = respond_message(request, &(struct error_form){.status = status}, format, args);
    va_end(args);
    return result;
}

enum MHD_Result respond_registry_error(struct request *request, int status, const char *code,
                                       const char *format, ...)
{
    const struct error_form form = {.status = status, .code = code};
    va_list args;

    va_start(args, format);
    enum MHD_Result result = respond_message(request, &form, format, args);
    va_end(args);
    return result;
}

enum MHD_Result respond_unavailable(struct request *request, const char *what, const char *trouble)
{
    char *CLEANUP_FREE reason = request_fill_reason(request);

    return respond_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "%s: %s, try again later%s%s", what, trouble,
                         reason ? ": " : "", reason ? reason : "");
}

enum MHD_Result respond_refusal(struct request *request, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    enum MHD_Result result =
        respond_message(request, &(struct error_form){.status = status, .close = true}, format, args);
    va_end(args);
    return result;
}

static enum MHD_Result respond_formed(struct request *request, const struct error_form *form,
                                      const char *format, ...) __attribute__((format(printf, 3, 4)));
static enum MHD_Result respond_formed(struct request *request, const struct error_form *form,
                                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    enum MHD_Result result = respond_message(request, form, format, args);
    va_end(args);
    return result;
}

enum MHD_Result respond_not_held(struct request *request, const char *code, const char *what)
{
    const struct error_form form = {.status = MHD_HTTP_GATEWAY_TIMEOUT,
                                    .cache_status = request->evicted ? CACHE_STATUS_EVICTED : NULL};

    if (request->site->config->server.offline)
        return respond_registry_error(request, MHD_HTTP_NOT_FOUND, code,
                                      "%s is not in the store, and offline = yes", what);
    return respond_formed(request, &form,
                          "%s is not in the store, and the request accepts nothing else (only-if-cached)%s",
                          what, request->evicted ? ": it was evicted" : "");
}

enum MHD_Result respond_method_not_allowed(struct request *request, const char *allow)
{
    const struct error_form form = {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .allow = allow};

    return respond_formed(request, &form, "%s is not allowed here: this is a read-only mirror, use %s",
                          request->method, allow);
}

enum MHD_Result respond_redirect(struct request *request, const char *location)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, buf_empty, MHD_RESPMEM_PERSISTENT);

    CHECK(response);
    add_header(response, "Location", location);
    add_header(response, "Cache-Control", "public, max-age=86400");
    return queue_once(request, MHD_HTTP_MOVED_PERMANENTLY, 0, response);
}

enum MHD_Result respond_body(struct request *request, const char *content_type, struct buf *body,
                             const struct header *headers, size_t header_count)
{
    size_t len = body->len;
    struct MHD_Response *response = response_of_text(buf_take(body), len, content_type);

    add_header(response, "Cache-Control", "no-store");
    for (size_t i = 0; i < header_count; i++)
        add_header(response, headers[i].name, headers[i].value);
    return queue_once(request, MHD_HTTP_OK, (int64_t)len, response);
}

enum MHD_Result respond_text(struct request *request, const char *content_type, struct buf *body)
{
    return respond_body(request, content_type, body, NULL, 0);
}

/* ---- objects in memory ---- */

static void object_free(struct shared *value)
{
    struct object *object = (struct object *)value;

    /* Counted by the library too: answers that are being sent keep the body. */
    MHD_destroy_response(object->response);
    free(object->etag);
    free(object);
}

struct object *object_new(char *body, size_t len, const char *etag, const struct header *headers,
                          size_t header_count)
{
    struct object *object = xcalloc(1, sizeof(*object));

    shared_init(&object->shared, object_free);
    object->response = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
    CHECK(object->response);
    object->etag = xstrdup_or_null(etag);
    object->body = body;
    object->body_bytes = len;
    add_header(object->response, "ETag", etag);
    for (size_t i = 0; i < header_count; i++)
        add_header(object->response, headers[i].name, headers[i].value);
    return object;
}

static bool not_modified(struct request *request, const char *etag)
{
    const char *if_none_match = etag ? request_header(request, "If-None-Match") : NULL;

    return if_none_match && etag_list_matches(if_none_match, etag, false);
}

enum MHD_Result respond_object(struct request *request, struct object *object)
{
    int status = not_modified(request, object->etag) ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;

    enum MHD_Result result = queue(request, status, (int64_t)object->body_bytes, object->response);
    object_unref(object);
    return result;
}

/* Copies all headers except Cache-Status, which says "hit" in the stored object. */
static enum MHD_Result copy_header(void *response, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    add_header(response, name, strcmp(name, CACHE_STATUS_HEADER) == 0 ? CACHE_STATUS_MISS : value);
    return MHD_YES;
}

enum MHD_Result respond_object_brought(struct request *request, struct object *object)
{
    int status = not_modified(request, object->etag) ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
    /* A copy of the body, because the headers belong to the response, and the stored one says "hit". This
     * happens only to requests that waited for the fetch. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        object->body_bytes, (void *)(uintptr_t)object->body, MHD_RESPMEM_MUST_COPY);

    CHECK(response);
    MHD_get_response_headers(object->response, copy_header, response);
    size_t len = object->body_bytes;
    object_unref(object);
    return queue_once(request, status, (int64_t)len, response);
}

enum MHD_Result respond_made(struct request *request, const struct made_body *body, const char *etag,
                             const struct header *headers, size_t header_count)
{
    int status = not_modified(request, etag) ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
    struct MHD_Response *response = MHD_create_response_from_callback((uint64_t)body->size_bytes, BLOCK_BYTES,
                                                                      body->read, body->arg, body->release);

    CHECK(response);
    add_header(response, "ETag", etag);
    for (size_t i = 0; i < header_count; i++)
        add_header(response, headers[i].name, headers[i].value);
    return queue_once(request, status, body->size_bytes, response);
}

/* ---- files ---- */

/* The part of a file of `size` bytes that the client gets. */
struct part {
    int status; /* 200, 206, 304, 416 */
    int64_t start;
    int64_t len;
};

static struct part choose_part(struct request *request, int64_t size, const char *etag)
{
    struct part part = {MHD_HTTP_OK, 0, size};
    const char *range = request_header(request, "Range");

    /* First: If-None-Match decides before Range does (RFC 9110 section 13.2.2). */
    if (not_modified(request, etag)) {
        part.status = MHD_HTTP_NOT_MODIFIED;
        return part;
    }
    /* Range is defined for GET only (RFC 9110 section 14.2). */
    if (!range || request_is_head(request))
        return part;
    /* If-Range: only a strong match makes the range count (RFC 9110 section 13.1.5). */
    const char *if_range = request_header(request, "If-Range");
    if (if_range && !etag_list_matches(if_range, etag, true))
        return part;
    switch (range_parse(range, size, &part.start, &part.len)) {
    case RANGE_NONE:
        break;
    case RANGE_OK:
        part.status = MHD_HTTP_PARTIAL_CONTENT;
        break;
    case RANGE_UNSATISFIABLE:
        part.status = MHD_HTTP_RANGE_NOT_SATISFIABLE;
        break;
    }
    return part;
}

static void add_file_headers(struct MHD_Response *response, const struct part *part, int64_t size,
                             const struct file_headers *headers)
{
    char text[80];

    add_header(response, "Content-Type", headers->content_type);
    add_header(response, "ETag", headers->etag);
    add_header(response, CACHE_STATUS_HEADER, headers->cache_status);
    add_header(response, "Cache-Control",
               headers->cache_control ? headers->cache_control : FILE_CACHE_CONTROL);
    if (!headers->whole_only)
        add_header(response, "Accept-Ranges", "bytes");
    for (size_t i = 0; i < headers->more_count; i++)
        add_header(response, headers->more[i].name, headers->more[i].value);
    if (part->status == MHD_HTTP_PARTIAL_CONTENT) {
        snprintf(text, sizeof(text), "bytes %" PRId64 "-%" PRId64 "/%" PRId64, part->start,
                 part->start + part->len - 1, size);
        add_header(response, "Content-Range", text);
    }
}

static enum MHD_Result respond_unsatisfiable(struct request *request, int64_t size)
{
    char range[40];
    const struct error_form form = {.status = MHD_HTTP_RANGE_NOT_SATISFIABLE, .content_range = range};

    snprintf(range, sizeof(range), "bytes */%" PRId64, size);
    return respond_formed(request, &form, "the file has %" PRId64 " bytes; the requested range is outside it",
                          size);
}

static ssize_t never_read(void *arg, uint64_t position, char *data, size_t max)
{
    (void)arg, (void)position, (void)data, (void)max;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* A response that says the size and is never asked for a byte, for HEAD and 304. (An empty response would say
 * Content-Length: 0.) */
static enum MHD_Result respond_bodiless(struct request *request, const struct part *part, int64_t size,
                                        const struct file_headers *headers)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback((uint64_t)size, 1024, never_read, NULL, NULL);

    CHECK(response);
    add_file_headers(response, part, size, headers);
    return queue_once(request, part->status, 0, response);
}

enum MHD_Result respond_head(struct request *request, int64_t size_bytes, const struct file_headers *headers)
{
    struct part part = choose_part(request, size_bytes, headers->etag);

    return respond_bodiless(request, &part, size_bytes, headers);
}

static bool bodiless(const struct request *request, const struct part *part)
{
    return part->status == MHD_HTTP_NOT_MODIFIED || request_is_head(request);
}

enum MHD_Result respond_blob(struct request *request, struct blob *blob, const struct file_headers *headers)
{
    struct file_headers hit = *headers;
    int64_t size = blob->size_bytes;
    struct part part = choose_part(request, size, headers->etag);

    hit.cache_status = CACHE_STATUS_HIT;
    /* The request keeps the pin, so that the blob is not evicted while it is sent; request_on_end() drops
     * it. */
    CHECK(!request->blob.in_use);
    request->blob = *blob;
    *blob = (struct blob){.fd = -1};
    if (part.status == MHD_HTTP_RANGE_NOT_SATISFIABLE)
        return respond_unsatisfiable(request, size);
    if (bodiless(request, &part))
        return respond_bodiless(request, &part, size, &hit);
    posix_fadvise(request->blob.fd, part.start, part.len < READ_AHEAD_BYTES ? part.len : READ_AHEAD_BYTES,
                  POSIX_FADV_WILLNEED);
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64((uint64_t)part.len, request->blob.fd, (uint64_t)part.start);
    CHECK(response);
    request->blob.fd = -1; /* closed by libmicrohttpd with the response */
    add_file_headers(response, &part, size, &hit);
    return queue_once(request, part.status, part.len, response);
}

/* A 416 cannot be held back until the length is verified, and another upstream may report a different one. */
static enum MHD_Result wait_for_length(struct request *request, struct fill *fill,
                                       const struct file_headers *headers)
{
    shared_ref(&fill->shared);
    if (request_wait(request, fill, WAIT_FOR_END))
        return MHD_YES;
    lock_acquire(&fill->lock);
    bool verified = fill->stream.verified;
    lock_release(&fill->lock);
    if (verified) /* since the look in respond_fill() */
        return respond_fill(request, fill, headers);
    return respond_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "its length is not yet certain, try again");
}

enum MHD_Result respond_fill(struct request *request, struct fill *fill, const struct file_headers *headers)
{
    struct file_headers miss = *headers;

    miss.cache_status = request->collapsed ? CACHE_STATUS_COLLAPSED : CACHE_STATUS_MISS;
    lock_acquire(&fill->lock);
    /* Size and verified belong together: the size that a reader is told is checked again at each of its
     * reads, and one that has changed cuts it. */
    int64_t size = fill->stream.total_bytes;
    bool verified = fill->stream.verified;
    lock_release(&fill->lock);
    /* A fill that was STREAMING when the handler looked has begun again, now without a length. */
    if (size < 0)
        return respond_error(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                             "the download has just restarted from another upstream, try again");
    struct part part = choose_part(request, size, headers->etag);

    if (part.status == MHD_HTTP_RANGE_NOT_SATISFIABLE) {
        if (verified)
            return respond_unsatisfiable(request, size);
        return wait_for_length(request, fill, headers);
    }
    if (bodiless(request, &part)) {
        /* A length is sent at once and cannot be held back until it is verified, so caches must not keep
         * it. */
        struct file_headers bare = miss;
        bare.cache_control = verified ? NULL : "no-store";
        return respond_bodiless(request, &part, size, &bare);
    }
    if (!reader_begin(request, fill, size, part.start, part.start + part.len))
        return respond_error(
            request, MHD_HTTP_SERVICE_UNAVAILABLE,
            "the store is full and these bytes were passed through before this request came, try again");
    struct MHD_Response *response =
        MHD_create_response_from_callback((uint64_t)part.len, BLOCK_BYTES, reader_read, request, NULL);
    CHECK(response);
    add_file_headers(response, &part, size, &miss);
    return queue_once(request, part.status, part.len, response);
}
