/* The options of curl for each hop of an exchange, and its callbacks. On the fetch thread; the callbacks
 * run inside curl and only set flags (exchange.c).
 *
 * Traps of libcurl that this works around:
 * - FOLLOWLOCATION would follow redirects without our policy, so hops are followed by hand.
 * - OPENSOCKETFUNCTION sees the address a name led to, but is not called for a connection that is used again;
 *   PREREQFUNCTION is called for every request.
 * - Through a proxy both see the address of the proxy only. hop.c refuses what a name can tell.
 * - A write callback gets 16 KiB at most, so bytes are gathered before they are handed on.
 * - CURLOPT_RANGE reports success for a range that was ignored or is wrong. Range is a plain header here, and
 *   judge.c checks the answer. */
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/memory.h"
#include "formats/address.h"
#include "upstreams/exchange_private.h"
#include "upstreams/loop.h"
#include "upstreams/upstream.h"

/* Allocated by each transfer; from 128 KiB on malloc() would map and unmap it each time (server.c). */
#define RECEIVE_BYTES (120L * 1024)

/* Through a proxy the address is the proxy's, which the configuration or the environment chose. */
static bool exchange_may_go_inside(struct exchange *exchange, const char *address)
{
    if (exchange->hop.trusted || *exchange->hop.proxy)
        return true;
    buf_set(&exchange->problem,
            "%s leads to the address %s inside a private network, which only a configured host may have",
            exchange->hop.host, address);
    return false;
}

/* Checks the address that the name led to: a public name may have a private address (DNS rebinding). */
static curl_socket_t exchange_on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct exchange *exchange = arg;
    char text[NI_MAXHOST];

    (void)purpose;
    if (!address_public(&address->addr)) {
        if (getnameinfo(&address->addr, address->addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
            text[0] = '\0';
        if (!exchange_may_go_inside(exchange, text))
            return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A connection is ready, new or used before, and the request goes out next. */
static int exchange_on_send(void *arg, char *address, char *local, int port, int local_port)
{
    struct exchange *exchange = arg;
    bool numeric;

    (void)local;
    (void)port;
    (void)local_port;
    if (!address_text_public(address, &numeric) && !exchange_may_go_inside(exchange, address))
        return CURL_PREREQFUNC_ABORT;
    counter_add(COUNTER_UPSTREAM_REQUESTS, 1);
    buf_reset(&exchange->problem); /* of other addresses of the name, which were refused */
    exchange->phase = PHASE_WAITING;
    exchange->deadline_ms =
        clock_mono_ms() +
        (int64_t)upstream_get_options(exchange->request.upstream)->first_byte_timeout_s * 1000;
    return CURL_PREREQFUNC_OK;
}

static void exchange_drain(struct exchange *exchange)
{
    exchange->phase = PHASE_DRAINING;
    exchange->deadline_ms = clock_mono_ms() + EXCHANGE_DRAIN_MS;
}

static size_t exchange_on_header(char *data, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;
    size_t len = size * count;

    if (exchange->phase == PHASE_BODY || exchange->phase == PHASE_DRAINING)
        return len; /* trailers */
    int ended = head_add_line(&exchange->head, data, len, &exchange->problem);
    if (ended < 0)
        return 0;
    if (ended && head_redirects(&exchange->head)) {
        exchange_drain(exchange);
    } else if (ended) {
        exchange->phase = PHASE_BODY;
        exchange->unwanted = !exchange->ops->answered(exchange->owner, &exchange->head, exchange->hop.url);
        if (exchange->unwanted)
            exchange_drain(exchange);
    }
    /* Returning 0 closes the connection: cheaper than reading a body that is known to be long. */
    bool long_body = !exchange->request.head && exchange->head.content_length > EXCHANGE_DRAIN_BYTES;
    return exchange->phase == PHASE_DRAINING && long_body ? 0 : len;
}

static size_t exchange_on_body(char *data, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;
    size_t len = size * count;

    if (exchange->phase == PHASE_DRAINING) {
        exchange->drained_bytes += (int64_t)len;
        return exchange->drained_bytes > EXCHANGE_DRAIN_BYTES ? 0 : len;
    }
    if (exchange->paused) {
        exchange->curl_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    counter_add(COUNTER_UPSTREAM_BYTES, (int64_t)len);
    exchange->tick_bytes += (int64_t)len;
    buf_add(&exchange->gathered, data, len);
    if (exchange->gathered.len >= GATHER_BYTES)
        exchange_flush(exchange);
    exchange_make_due(exchange);
    return exchange->unwanted ? 0 : len;
}

static void exchange_add_header(struct exchange *exchange, const char *name, const char *value)
{
    struct buf CLEANUP_BUF line = BUF_INIT;

    if (!value)
        return;
    buf_printf(&line, "%s: %s", name, value);
    struct curl_slist *list = curl_slist_append(exchange->headers, line.data);
    CHECK(list);
    exchange->headers = list;
}

void exchange_curl_prepare(struct exchange *exchange)
{
    const struct upstream_options *options = upstream_get_options(exchange->request.upstream);
    CURL *easy = loop_easy_new();

    exchange->easy = easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->curl_problem);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, exchange_on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, exchange_on_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, exchange_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, exchange_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)options->connect_timeout_s);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    /* hop.c has chosen the proxy for this hop, with no_proxy taken into account. */
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    if (exchange->request.document)
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (exchange->request.head)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
}

void exchange_curl_aim(struct exchange *exchange)
{
    const struct exchange_request *request = &exchange->request;
    char range[40];

    head_release(&exchange->head);
    head_init(&exchange->head);
    buf_reset(&exchange->problem);
    exchange->curl_problem[0] = '\0';
    exchange->phase = PHASE_CONNECTING;
    exchange->drained_bytes = 0;
    curl_slist_free_all(take_ptr(&exchange->headers));
    /* Once a hop has left the first origin it gets no credentials again, even if a later hop leads back: the
     * server that redirected there could choose the URL that is asked in our name. */
    if (!exchange->left_origin)
        exchange_add_header(exchange, "Authorization", request->authorization);
    /* "Accept:" with no value removes the "Accept: any" that curl sends by default. */
    exchange_add_header(exchange, "Accept", request->accept ? request->accept : "");
    exchange_add_header(exchange, "If-None-Match", request->if_none_match);
    exchange_add_header(exchange, "If-Modified-Since", request->if_modified_since);
    if (!request->document)
        exchange_add_header(exchange, "Accept-Encoding", "identity");
    if (request->range_from > 0) {
        snprintf(range, sizeof(range), "bytes=%" PRId64 "-", request->range_from);
        exchange_add_header(exchange, "Range", range);
        exchange_add_header(exchange, "If-Range", request->if_range);
    }
    curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(exchange->easy, CURLOPT_URL, exchange->hop.url);
    curl_easy_setopt(exchange->easy, CURLOPT_PROXY, exchange->hop.proxy);
    curl_easy_setopt(exchange->easy, CURLOPT_FRESH_CONNECT, exchange->fresh ? 1L : 0L);
}

void exchange_curl_release(struct exchange *exchange)
{
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
    free(exchange->origin);
    head_release(&exchange->head);
    hop_release(&exchange->hop);
    buf_release(&exchange->problem);
    buf_release(&exchange->gathered);
}
