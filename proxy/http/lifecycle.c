/* Owns: requests. libmicrohttpd makes three kinds of calls for each, on the worker that has the connection:
 *
 *     request_on_target()    once, when the request line is complete; the only look at the raw target
 *     request_on_call()      when the headers are complete, and again after the body (at once if there is
 *                            none) and after each resumption; the first call checks the framing, later ones
 *                            run the handler
 *     request_on_end()       once, when the answer is sent or the connection is lost
 *
 * An answer that is queued in the first call closes the connection, which is wanted for refusals and for
 * nothing else.
 *
 * libmicrohttpd leaves to us what makes a request safe to answer: it accepts Content-Length together with
 * Transfer-Encoding, and Content-Length twice; it decodes the path and cuts it at %00; it cuts header values
 * at NUL. Behind another proxy each of these lets a client smuggle a request past that proxy's rules. */
#include "proxy/http/lifecycle.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/core/connections.h"
#include "proxy/http/access_log.h"
#include "proxy/http/reader.h"
#include "proxy/http/request.h"
#include "proxy/http/respond.h"

static bool is_registry_target(const char *target)
{
    return text_starts(target, "/v2") && (target[3] == '\0' || target[3] == '/' || target[3] == '?');
}

/* libmicrohttpd allows NULL, where the request line was beyond its memory. */
void *request_on_target(void *proxy, const char *target, struct MHD_Connection *connection)
{
    struct request *request = xcalloc(1, sizeof(*request));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    request->proxy = proxy;
    request->connection = connection;
    request->client = info->socket_context;
    request->raw_target = xstrdup_or_null(target);
    /* Before the target is parsed: that it cannot be parsed is an error too, and its form depends on this. */
    request->registry = target && is_registry_target(target);
    request->started_us = clock_mono_us();
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    request->waiter.connection = connection;
    request->waiter.client = request->client;
    request->waiter.fd = info->connect_fd;
    client_request_line(request->client);
    return request;
}

/* Found in the headers: whether the bytes after them can be trusted to be the next request. */
struct framing {
    int hosts;
    int lengths;
    bool body;
    bool transfer_encoding;
    bool malformed;
    bool held_only; /* not about framing, but found on the same walk */
};

static bool says_only_if_cached(const char *cache_control)
{
    size_t len;

    for (const char *rest = cache_control, *piece; (piece = text_next(&rest, ',', &len));) {
        text_trim(&piece, &len);
        if (len == strlen("only-if-cached") && strncasecmp(piece, "only-if-cached", len) == 0)
            return true;
    }
    return false;
}

static enum MHD_Result note_framing(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                    const char *value, size_t value_len)
{
    struct framing *framing = arg;

    (void)kind;
    /* Some servers take "Content-Length : 5" as a Content-Length, so the bytes that follow would be read in
     * two ways. A NUL ends the value for some parsers only. */
    framing->malformed |= !text_is_token(name, name_len) || (value_len && memchr(value, '\0', value_len));
    /* By the first letter: this runs for every line of every request, and few lines matter. */
    switch (name[0]) {
    case 'H':
    case 'h':
        framing->hosts += strcasecmp(name, "Host") == 0;
        break;
    case 'C':
    case 'c':
        if (strcasecmp(name, "Content-Length") == 0) {
            framing->lengths++;
            framing->body |= !value || strcmp(value, "0") != 0;
        } else if (value && strcasecmp(name, "Cache-Control") == 0) {
            framing->held_only |= says_only_if_cached(value);
        }
        break;
    case 'T':
    case 't':
        framing->transfer_encoding |= strcasecmp(name, "Transfer-Encoding") == 0;
        break;
    }
    return MHD_YES;
}

/* Returns the sentence that refuses the request, or NULL. RFC 9112 sections 3.2, 6.1 and 6.3: a request that
 * two parsers could understand in two ways is not answered. */
static const char *framing_fault(const struct framing *framing, const char *version)
{
    if (framing->malformed)
        return "a header line is malformed: a name is letters, digits and hyphens, right before the colon";
    if (framing->transfer_encoding)
        return "Transfer-Encoding is not accepted here: send a request without a body";
    if (framing->lengths > 1)
        return "several Content-Length headers: send at most one";
    if (framing->hosts > 1)
        return "several Host headers: send exactly one";
    if (framing->hosts == 0 && strcmp(version, "HTTP/1.1") == 0)
        return "no Host header: HTTP/1.1 needs one";
    return NULL;
}

static bool method_is_read(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static enum MHD_Result request_begin(struct request *request, const char *version)
{
    struct framing framing = {0};
    struct buf CLEANUP_BUF error = BUF_INIT;

    request->begun = true;
    client_request_begun(request->client);
    request->site = site_get(request->proxy);
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, note_framing, &framing);
    request->held_only = framing.held_only;
    const char *fault = framing_fault(&framing, version);
    if (fault)
        return respond_refusal(request, MHD_HTTP_BAD_REQUEST, "%s", fault);
    if (!request->raw_target)
        return respond_refusal(request, MHD_HTTP_BAD_REQUEST, "the request target is missing");
    if (!method_is_read(request->method)) {
        /* Refused now, so that the connection is closed and the body never read; without a body the second
         * call refuses it and the connection can be kept. */
        if (framing.body)
            return respond_method_not_allowed(request, "GET, HEAD");
        return MHD_YES;
    }
    if (framing.body)
        return respond_refusal(request, MHD_HTTP_BAD_REQUEST, "a %s request has no body here",
                               request->method);
    if (target_parse(request->raw_target, &request->target, &error) < 0 && request->registry)
        return respond_registry_error(request, MHD_HTTP_BAD_REQUEST, "NAME_INVALID", "%s", error.data);
    if (error.len)
        return respond_refusal(request, MHD_HTTP_BAD_REQUEST, "%s", error.data);
    request->target_parsed = true;
    return MHD_YES;
}

enum MHD_Result request_on_call(void *proxy, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **request_)
{
    struct request *request = *request_;

    (void)proxy, (void)connection, (void)url, (void)upload_data;
    if (!request->begun) {
        request->method = method;
        request->version = version;
        return request_begin(request, version);
    }
    if (*upload_data_size) /* a body that the headers did not announce: nothing of it can be trusted */
        return MHD_NO;
    /* fills_tick() found that the client hung up. MHD_NO closes the connection. */
    if (request->waiter.gone)
        return MHD_NO;
    if (!method_is_read(method))
        return respond_method_not_allowed(request, "GET, HEAD");
    if (!request->handler)
        request->handler = request->proxy->find_handler(&request->target);
    return request->handler(request);
}

static void request_count(const struct request *request)
{
    static const enum counter_id by_how[] = {
        [HOW_HIT] = COUNTER_HITS,
        [HOW_MISS] = COUNTER_MISSES,
        [HOW_STALE] = COUNTER_STALE,
        [HOW_NEGATIVE] = COUNTER_NEGATIVE_HITS,
    };

    counter_add(COUNTER_REQUESTS, 1);
    counter_add(COUNTER_BYTES_SENT, request->body_bytes);
    if (request->how != HOW_OTHER)
        counter_add(by_how[request->how], 1);
}

static void request_log(struct request *request)
{
    static const char *const names[] = {"-", "hit", "miss", "stale", "negative"};
    char address[CLIENT_ADDRESS_SIZE];
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct access_line line = {
        .client = address,
        .method = request->method,
        .target = request->raw_target,
        .protocol = request->version,
        .user_agent = request_header(request, "User-Agent"),
        .how = names[request->how],
        .status = request->status,
        .bytes = request->body_bytes,
        .duration_us = clock_mono_us() - request->started_us,
    };

    client_address_text(info->client_addr, address);
    access_log_add(request->proxy->access_log, &line);
}

void request_on_end(void *proxy, struct MHD_Connection *connection, void **request_,
                    enum MHD_RequestTerminationCode why)
{
    struct request *request = take_ptr((struct request **)request_);

    (void)proxy, (void)connection, (void)why;
    if (!request)
        return;
    client_request_done(request->client);
    /* The reader first: it is on the list of a fill, whose tick must not see a freed request. */
    reader_end(request);
    if (request->fill) {
        fill_forget(request->fill, &request->waiter);
        shared_unref(&request->fill->shared);
    }
    shared_unref(request->kept);
    free(request->state);
    blob_close(request->proxy->store, &request->blob);
    /* 0: no answer was queued, because the client left before, or its request was cut. */
    if (request->status) {
        request_count(request);
        if (access_log_wanted(request->proxy->access_log))
            request_log(request);
    }
    if (request->target_parsed)
        target_release(&request->target);
    site_unref(request->site);
    free(request->raw_target);
    free(request);
}
