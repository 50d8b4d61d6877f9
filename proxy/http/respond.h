/* Answers. Each queues exactly one answer and returns libmicrohttpd's result, which the caller passes on. */
#ifndef PROXY_HTTP_RESPOND_H
#define PROXY_HTTP_RESPOND_H

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/core/memcache.h"
#include "proxy/http/request.h"

/* For content that never changes under its URL. */
#define FILE_CACHE_CONTROL "public, max-age=365000000, immutable"

/* An answer kept in memory, ready to be sent any number of times: body, its fixed headers and its validator.
 * Shared between workers; immutable. */
struct object {
    struct shared shared;
    struct MHD_Response *response;
    char *etag;       /* with quotes; NULL: never 304 */
    const char *body; /* owned by the response */
    size_t body_bytes;
};

struct header {
    const char *name;
    const char *value;
};

/* Takes the body (heap memory) over. Headers with a NULL value are left out. */
struct object *object_new(char *body, size_t len, const char *etag, const struct header *headers,
                          size_t header_count);
/* Its memory, roughly: a response with its headers is about a kilobyte. */
static inline int64_t object_cost_bytes(const struct object *object)
{
    return (int64_t)object->body_bytes + 1024;
}
static inline void object_unref(struct object *object)
{
    shared_unref(object ? &object->shared : NULL);
}

/* 200, or 304 when If-None-Match has the object's ETag. Takes the reference over. */
enum MHD_Result respond_object(struct request *request, struct object *object);
/* Like respond_object(), for an object whose Cache-Status says "hit", but that was just fetched for this
 * request. */
enum MHD_Result respond_object_brought(struct request *request, struct object *object);
/* A body that is made while it is sent, so that a slow reader does not hold a copy of it. */
struct made_body {
    int64_t size_bytes;
    /* libmicrohttpd's content reader; asked for the bytes in their order. */
    ssize_t (*read)(void *arg, uint64_t position, char *data, size_t max);
    void (*release)(void *arg); /* called once, in any case */
    void *arg;
};
/* 200, or 304 when If-None-Match has the etag. */
enum MHD_Result respond_made(struct request *request, const struct made_body *body, const char *etag,
                             const struct header *headers, size_t header_count);
/* A message for people, text/plain, with no-store. For 503 a Retry-After is added. */
enum MHD_Result respond_error(struct request *request, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Like respond_error(), and closes the connection: the bytes that follow on it cannot be trusted. */
enum MHD_Result respond_refusal(struct request *request, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Every error to a client of registries has the form of their specification, whichever function sends it (OCI
 * distribution specification 1.1, "Error codes"); this one also chooses the code. */
enum MHD_Result respond_registry_error(struct request *request, int status, const char *code,
                                       const char *format, ...) __attribute__((format(printf, 4, 5)));
#define REGISTRY_VERSION_HEADER "Docker-Distribution-Api-Version"
#define REGISTRY_VERSION "registry/2.0"
/* 503: "<what>: <trouble>, try again later", and the reason that the fill it waited for has given. */
enum MHD_Result respond_unavailable(struct request *request, const char *what, const char *trouble);
/* The answer to a request that is offline (request_offline()) for an object that is not held: 404, or 504 if
 * only the client asked for held content; a 504 says whether the object was evicted
 * (request_note_not_held()). `code` is for clients of registries. */
enum MHD_Result respond_not_held(struct request *request, const char *code, const char *what);
enum MHD_Result respond_method_not_allowed(struct request *request, const char *allow);
/* 301 with a relative Location. */
enum MHD_Result respond_redirect(struct request *request, const char *location);
enum MHD_Result respond_text(struct request *request, const char *content_type, struct buf *body);
/* Like respond_text(), with further headers; those with a NULL value are left out. */
enum MHD_Result respond_body(struct request *request, const char *content_type, struct buf *body,
                             const struct header *headers, size_t header_count);

/* The headers of a file's answer, the same whether it is served from the store or from a running fill. */
struct file_headers {
    const char *content_type;
    const char *etag;          /* with quotes */
    const char *cache_status;  /* NULL: not said; respond_blob() and respond_fill() say it */
    const char *cache_control; /* NULL: it never changes */
    bool whole_only;           /* it is not served in ranges */
    const struct header *more; /* those with a NULL value are left out */
    size_t more_count;
};

/* A stored blob by sendfile: GET, HEAD, ranges, If-Range, If-None-Match. Takes the blob over. */
enum MHD_Result respond_blob(struct request *request, struct blob *blob, const struct file_headers *headers);
/* The bytes of a fill in state STREAMING or DONE as they arrive; GET, HEAD, ranges, If-Range, If-None-Match.
 * Takes a reference of its own. A range past the end of a fill that is not verified yet waits for the end of
 * the fill: the handler is called again. */
enum MHD_Result respond_fill(struct request *request, struct fill *fill, const struct file_headers *headers);
/* The head of a file's answer when only its size is known. HEAD requests. */
enum MHD_Result respond_head(struct request *request, int64_t size_bytes, const struct file_headers *headers);

#endif
