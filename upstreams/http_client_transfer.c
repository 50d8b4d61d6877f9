/* One running request: the options of curl, its callbacks, and the answer. On the thread of the
 * client; the callbacks run inside curl and only take notes. The handle is kept from one request to the
 * next, for its options and its connection: transfer_begin() and transfer_aim() set everything that
 * differs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/cache_status.h"
#include "formats/url.h"
#include "upstreams/http_client_private.h"
#include "upstreams/loop.h"

#define CLIENT_REDIRECTS_MAX 3
#define CONNECT_TIMEOUT_S 10L
/* A Yizhan sends nothing while it fetches, for as long as that takes. Whether its machine is still there
 * is found out by the kernel, with keep-alive probes. */
#define PROBE_AFTER_S 60L
#define PROBE_EVERY_S 20L
/* Of the body of an error this much is read, for its first line. */
#define ERROR_BYTES 16384
#define TROUBLE_BYTES 500

/* ---- called back ---- */

static bool head_is_good(const struct head *head)
{
    return head->status >= 200 && head->status < 300;
}

static size_t transfer_on_header(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * count;

    transfer->heard_ms = clock_mono_ms();
    if (transfer->head_ended)
        return len; /* trailers */
    int ended = head_add_line(&transfer->head, data, len, &transfer->problem);
    if (ended <= 0)
        return ended < 0 ? 0 : len;
    const struct http_client_request *request = &transfer->entry->request;
    bool good = head_is_good(&transfer->head);
    transfer->head_ended = true;
    transfer->bounded = good && request->want == HTTP_CLIENT_BODY;
    transfer->kept_max = transfer->bounded ? request->max_bytes : good ? 0 : ERROR_BYTES;
    /* A part has one byte, and of an error only the beginning is of use. */
    transfer->enough_bytes = transfer->head.status == 206 ? 1 : good ? INT64_MAX : ERROR_BYTES;
    return len;
}

static size_t transfer_on_body(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * count;
    size_t space = transfer->kept_max - transfer->body.len;

    transfer->heard_ms = clock_mono_ms();
    transfer->received_bytes += (int64_t)len;
    if (len > space && transfer->bounded) {
        buf_set(&transfer->problem, "the answer has more than %zu bytes", transfer->kept_max);
        return 0;
    }
    buf_add(&transfer->body, data, len < space ? len : space);
    /* Returning fewer bytes than came makes curl end the transfer with CURLE_WRITE_ERROR: `cut` tells that
     * from an error. */
    transfer->cut = transfer->received_bytes > transfer->enough_bytes;
    return transfer->cut ? 0 : len;
}

/* ---- what curl is told ---- */

struct transfer *transfer_new(const struct http_client_server *server)
{
    struct transfer *transfer = xcalloc(1, sizeof(*transfer));
    CURL *easy = loop_easy_new();

    transfer->server = server;
    transfer->easy = easy;
    buf_init(&transfer->body);
    buf_init(&transfer->problem);
    head_init(&transfer->head);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_problem);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, transfer_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, PROBE_AFTER_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, PROBE_EVERY_S);
    if (server->direct)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (server->socket_path)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, server->socket_path);
    return transfer;
}

void transfer_free(struct transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    head_release(&transfer->head);
    buf_release(&transfer->body);
    buf_release(&transfer->problem);
    free(transfer);
}

static void transfer_add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, line);

    CHECK(list);
    transfer->headers = list;
}

/* Sets the options of this request or redirect, and resets the state of the answer. */
static void transfer_aim(struct transfer *transfer)
{
    CURL *easy = transfer->easy;

    head_release(&transfer->head);
    head_init(&transfer->head);
    transfer->head_ended = false;
    transfer->kept_max = 0;
    transfer->bounded = false;
    transfer->received_bytes = 0;
    transfer->enough_bytes = INT64_MAX;
    transfer->cut = false;
    transfer->heard_ms = clock_mono_ms();
    buf_reset(&transfer->body);
    buf_reset(&transfer->problem);
    transfer->curl_problem[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, transfer->fresh ? 1L : 0L);
}

void transfer_begin(struct transfer *transfer, struct http_client_entry *entry)
{
    const struct http_client_request *request = &entry->request;
    CURL *easy = transfer->easy;

    transfer->entry = entry;
    transfer->url = xconcat(transfer->server->base, request->path);
    transfer->redirects = 0;
    transfer->fresh = false;
    /* Replaces the "Accept: any" that curl sends by default. */
    char *CLEANUP_FREE accept = xconcat("Accept: ", request->accept ? request->accept : "*/*");
    transfer_add_header(transfer, accept);
    if (request->held_only)
        transfer_add_header(transfer, "Cache-Control: only-if-cached");
    if (request->want == HTTP_CLIENT_TOUCH)
        transfer_add_header(transfer, "Range: bytes=0-0");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    if (request->want == HTTP_CLIENT_HEAD)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); /* also resets CURLOPT_NOBODY */
    /* With identity the Content-Length is the size of the file. */
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, request->want == HTTP_CLIENT_BODY ? "gzip" : "identity");
    transfer_aim(transfer);
}

void transfer_end(struct transfer *transfer)
{
    curl_slist_free_all(take_ptr(&transfer->headers));
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
    free(take_ptr(&transfer->url));
    http_client_entry_free(take_ptr(&transfer->entry));
}

/* ---- again, to the same server ---- */

static bool transfer_same_server(const struct transfer *transfer, const char *url)
{
    struct url here;
    struct url there;

    if (url_split(transfer->url, strlen(transfer->url), &here) < 0 || url_split(url, strlen(url), &there) < 0)
        return false;
    return here.https == there.https && here.port == there.port && here.host.len == there.host.len &&
           strncasecmp(here.host.text, there.host.text, here.host.len) == 0;
}

/* Follows a redirect to the name that the server itself has, from /simple/Foo/ to /simple/foo/. */
static bool transfer_follow(struct transfer *transfer)
{
    const char *location = transfer->head.location;
    struct buf CLEANUP_BUF url = BUF_INIT;

    if (!transfer->head_ended || !head_redirects(&transfer->head) ||
        transfer->redirects == CLIENT_REDIRECTS_MAX ||
        url_resolve(transfer->url, location, strlen(location), &url) < 0 ||
        !transfer_same_server(transfer, url.data))
        return false;
    transfer->redirects++;
    free(transfer->url);
    transfer->url = buf_take(&url);
    return true;
}

bool transfer_again(struct transfer *transfer, CURLcode result)
{
    if (!transfer->fresh && !transfer->head.lines && loop_connection_was_dead(transfer->easy, result))
        transfer->fresh = true;
    else if (result != CURLE_OK || !transfer_follow(transfer))
        return false;
    transfer_aim(transfer);
    return true;
}

/* ---- the answer ---- */

static void transfer_find_trouble(struct transfer *transfer)
{
    static const struct json_limits limits = {.depth = 8, .containers = 200, .values = 1000};
    const struct head *head = &transfer->head;
    const struct buf *body = &transfer->body;
    struct buf *out = &transfer->problem;
    struct buf CLEANUP_BUF ignored = BUF_INIT;

    if (head_is_good(head))
        return;
    if (head_redirects(head)) {
        buf_set(out, "the server redirects to %s, which is not followed", head->location);
    } else if (strncasecmp(head->content_type, "text/plain", strlen("text/plain")) == 0) {
        buf_set(out, "%s", body->data);
    } else {
        /* Clients of registries get errors as JSON: {"errors": [{"code": ..., "message": ...}]}. */
        json_t *CLEANUP_JSON root = json_read_object(body->data, body->len, &limits, &ignored);
        const json_t *first = json_array_get(json_object_get(root, "errors"), 0);
        const char *message = json_text_member(first, "message");
        if (message)
            buf_set(out, "%s", message);
    }
    /* Its first line, fit for a terminal: a server must not be able to send escape sequences to it. */
    size_t len = strcspn(out->data, "\r\n");
    buf_truncate(out, len < TROUBLE_BYTES ? len : TROUBLE_BYTES);
    while (out->len && !text_is_utf8(out->data, out->len) && out->len + 4 > TROUBLE_BYTES)
        buf_truncate(out, out->len - 1); /* half a character at the cut */
    text_make_printable(out->data, out->len);
}

/* HTTP_CLIENT_TOUCH asks for one byte, of a file that may have none. Makes the status 200 where that is
 * what came, and 0 where another part came. */
static void transfer_judge_range(struct transfer *transfer, struct http_client_answer *answer)
{
    const struct head *head = &transfer->head;
    bool asked = transfer->entry->request.want == HTTP_CLIENT_TOUCH;
    int64_t first;
    int64_t last;
    int64_t total;

    if (asked && answer->status == 416 && strcasecmp(head->content_range, "bytes */0") == 0) {
        answer->status = 200;
        answer->size_bytes = 0;
        buf_reset(&transfer->problem);
    }
    if (answer->status != 206)
        return;
    bool good = asked && head_content_range(head, &first, &last, &total) == 0 && first == 0 && last == 0 &&
                transfer->received_bytes == 1;
    answer->status = good ? 200 : 0;
    answer->size_bytes = good ? total : -1;
    if (!good)
        buf_set(&transfer->problem, "the server sent another part than was asked for");
}

static int64_t transfer_size(const struct transfer *transfer)
{
    const struct head *head = &transfer->head;

    if (transfer->entry->request.want == HTTP_CLIENT_HEAD ||
        (head->content_length >= 0 && head_identity(head)))
        return head_identity(head) ? head->content_length : -1;
    return transfer->received_bytes;
}

void transfer_answer(struct transfer *transfer, CURLcode result, struct http_client_answer *answer)
{
    const struct head *head = &transfer->head;

    http_client_answer_nothing(answer, "");
    if (result != CURLE_OK && !transfer->cut) {
        /* A Yizhan ends its answer early when it finds out too late that the bytes of an upstream are
         * wrong. */
        if (!transfer->problem.len && result == CURLE_PARTIAL_FILE)
            buf_set(&transfer->problem, "the server ended its answer early: its log says why");
        if (!transfer->problem.len)
            buf_set(&transfer->problem, "%s",
                    transfer->curl_problem[0] ? transfer->curl_problem : curl_easy_strerror(result));
    } else if (!transfer->head_ended) {
        /* curl reports success for a connection that is closed within the head. */
        buf_set(&transfer->problem, "the connection was closed within the head of the answer");
    } else {
        answer->status = head->status;
        answer->size_bytes = transfer_size(transfer);
        transfer_find_trouble(transfer);
        transfer_judge_range(transfer, answer);
    }
    bool whole = answer->status != 0;
    answer->body = whole ? transfer->body.data : buf_empty;
    answer->len = whole ? transfer->body.len : 0;
    answer->content_type = head->content_type;
    answer->digest = head->docker_content_digest;
    struct cache_status status = cache_status_read(head->cache_status);
    answer->stored = whole && status.hit;
    answer->evicted = whole && status.evicted;
    answer->trouble = transfer->problem.data;
}
