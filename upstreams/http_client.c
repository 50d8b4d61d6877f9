/* Owns the requests of one client: those that wait for their turn, and the handles on which others run. No
 * thread and no lock: all on the caller's thread, and its callbacks come from http_client_step(), outside
 * of curl.
 *
 *   queued ─► running, on a handle ─► answered; the handle is idle, or takes the next one
 *
 * A Yizhan may send nothing for as long as a fetch takes, so silence alone is no reason to give up. After
 * QUIET_MS without a byte on any connection it is asked, on a new connection, whether it is alive: a
 * stopped process keeps its connections open forever, and the kernel accepts new ones for it. Without an
 * answer within PROBE_MS all requests fail. */
#include "upstreams/http_client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/url.h"
#include "upstreams/http_client_private.h"
#include "upstreams/loop.h"

#define PARALLEL 16
#define PARALLEL_MAX 128 /* the loop keeps that many idle connections (loop.c) */
/* The limits on silence: before the server is asked whether it is alive, and before it is given up after
 * that. */
#define QUIET_MS (60 * 1000)
#define PROBE_MS (30 * 1000)
#define LISTEN_EVERY_MS 500
#define GIVEN_UP "the server does not answer any more, not even when it is asked whether it is alive"

STAILQ_HEAD(http_client_queue, http_client_entry);
LIST_HEAD(transfer_list, transfer);

struct http_client {
    struct http_client_server server;
    struct loop *loop;
    size_t parallel;
    size_t running;
    struct http_client_queue queue;
    struct transfer_list idle;
    struct transfer_list busy;
    int64_t listened_ms;
    int64_t heard_ms;
    int64_t probed_ms;      /* since when it is being asked whether it is alive; 0: it is not */
    struct transfer *probe; /* the request for that, in no list; NULL: none is running */
    bool given_up;          /* no further requests are made */
};

/* ---- the server's URL ---- */

/* By its text: a name such as "127.example" counts too, and is merely asked without a proxy. */
static bool host_is_loopback(const struct url_span *host)
{
    char *CLEANUP_FREE name = xstrndup(host->text, host->len);

    return strcasecmp(name, "localhost") == 0 || strcmp(name, "::1") == 0 || text_starts(name, "127.");
}

static int http_client_take_socket(const char *path, struct http_client_server *out, struct buf *error)
{
    size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

    if (*path != '/' || strlen(path) > max) {
        buf_set(
            error,
            "unix:%s is not a usable socket: unix: and an absolute path of at most %zu bytes were expected",
            path, max);
        return -1;
    }
    out->base = xstrdup("http://localhost");
    out->socket_path = xstrdup(path);
    out->direct = true;
    return 0;
}

static int http_client_take_url(const char *text, struct http_client_server *out, struct buf *error)
{
    struct url url;
    size_t len = strlen(text);

    if (text_starts(text, "unix:"))
        return http_client_take_socket(text + strlen("unix:"), out, error);
    if (url_split(text, len, &url) < 0 || url.query.text || strchr(text, '#')) {
        buf_set(
            error,
            "\"%s\" is not the URL of a server: \"http://HOST:PORT\", \"https://HOST\" or \"unix:/PATH\" was "
            "expected",
            text);
        return -1;
    }
    while (len && text[len - 1] == '/')
        len--;
    out->base = xstrndup(text, len);
    out->direct = host_is_loopback(&url.host);
    return 0;
}

/* ---- requests ---- */

void http_client_entry_free(struct http_client_entry *entry)
{
    free((char *)entry->request.path);
    free((char *)entry->request.accept);
    free(entry);
}

void http_client_answer_nothing(struct http_client_answer *answer, const char *trouble)
{
    *answer = (struct http_client_answer){
        .body = buf_empty, .size_bytes = -1, .content_type = "", .digest = "", .trouble = trouble};
}

static struct transfer *http_client_idle_transfer(struct http_client *client)
{
    struct transfer *transfer = LIST_FIRST(&client->idle);

    if (!transfer)
        return transfer_new(&client->server);
    LIST_REMOVE(transfer, listed);
    return transfer;
}

static void http_client_start_waiting(struct http_client *client)
{
    struct http_client_entry *entry;

    while (!client->given_up && client->running < client->parallel &&
           (entry = STAILQ_FIRST(&client->queue))) {
        struct transfer *transfer = http_client_idle_transfer(client);
        STAILQ_REMOVE_HEAD(&client->queue, queued);
        LIST_INSERT_HEAD(&client->busy, transfer, listed);
        client->running++;
        transfer_begin(transfer, entry);
        loop_add(client->loop, transfer->easy);
    }
}

/* The callback comes first: the answer has views into the transfer. It may make requests, but these find
 * this handle still in use. */
static void http_client_deliver(struct http_client *client, struct transfer *transfer,
                                const struct http_client_answer *what)
{
    transfer->entry->visit(transfer->entry->arg, what);
    transfer_end(transfer);
    LIST_REMOVE(transfer, listed);
    LIST_INSERT_HEAD(&client->idle, transfer, listed);
    client->running--;
}

static void http_client_end_probe(struct http_client *client)
{
    struct transfer *probe = take_ptr(&client->probe);

    transfer_end(probe);
    LIST_INSERT_HEAD(&client->idle, probe, listed);
}

static void http_client_on_done(void *arg, CURL *easy, CURLcode result)
{
    struct http_client *client = arg;
    struct http_client_answer what;
    char *private = NULL;

    CHECK(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private) == CURLE_OK && private);
    struct transfer *transfer = (struct transfer *)(void *)private;
    if (transfer == client->probe) {
        /* Any answer will do, an error status too: the process is alive. */
        if (result == CURLE_OK)
            client->heard_ms = clock_mono_ms();
        http_client_end_probe(client);
        return;
    }
    client->heard_ms = clock_mono_ms();
    if (transfer_again(transfer, result)) {
        loop_add(client->loop, easy);
        return;
    }
    transfer_answer(transfer, result, &what);
    http_client_deliver(client, transfer, &what);
    http_client_start_waiting(client);
}

void http_client_ask(struct http_client *client, const struct http_client_request *request,
                     http_client_visit visit, void *arg)
{
    struct http_client_entry *entry = xcalloc(1, sizeof(*entry));

    CHECK(*request->path == '/');
    entry->request = *request;
    entry->request.path = xstrdup(request->path);
    entry->request.accept = xstrdup_or_null(request->accept);
    entry->visit = visit;
    entry->arg = arg;
    STAILQ_INSERT_TAIL(&client->queue, entry, queued);
    http_client_start_waiting(client);
}

bool http_client_busy(const struct http_client *client)
{
    return client->running || !STAILQ_EMPTY(&client->queue);
}

/* ---- is it alive? ---- */

static void http_client_begin_probe(struct http_client *client)
{
    struct http_client_entry *entry = xcalloc(1, sizeof(*entry));

    entry->request.path = xstrdup("/healthz");
    entry->request.want = HTTP_CLIENT_HEAD;
    client->probe = http_client_idle_transfer(client);
    transfer_begin(client->probe, entry);
    curl_easy_setopt(client->probe->easy, CURLOPT_FRESH_CONNECT, 1L);
    loop_add(client->loop, client->probe->easy);
}

/* The requests in the queue are answered by http_client_step(), since callbacks may add to it. */
static void http_client_give_up(struct http_client *client)
{
    struct transfer *transfer;
    struct http_client_answer nothing;

    client->given_up = true;
    if (client->probe) {
        loop_remove(client->loop, client->probe->easy);
        http_client_end_probe(client);
    }
    http_client_answer_nothing(&nothing, GIVEN_UP);
    while ((transfer = LIST_FIRST(&client->busy))) {
        loop_remove(client->loop, transfer->easy);
        http_client_deliver(client, transfer, &nothing);
    }
}

static void http_client_listen(struct http_client *client)
{
    const struct transfer *transfer;
    int64_t now_ms = clock_mono_ms();

    if (now_ms - client->listened_ms < LISTEN_EVERY_MS)
        return;
    client->listened_ms = now_ms;
    LIST_FOREACH (transfer, &client->busy, listed)
        if (transfer->heard_ms > client->heard_ms)
            client->heard_ms = transfer->heard_ms;
    if (client->heard_ms >= client->probed_ms) /* a byte came since then: it is alive */
        client->probed_ms = 0;
    if (!client->probed_ms && now_ms - client->heard_ms >= QUIET_MS)
        client->probed_ms = now_ms;
    if (client->probed_ms && now_ms - client->probed_ms >= PROBE_MS)
        http_client_give_up(client);
    else if (client->probed_ms && !client->probe)
        http_client_begin_probe(client);
}

void http_client_step(struct http_client *client, int wait_ms)
{
    struct http_client_entry *entry;
    struct http_client_answer nothing;

    if (client->running) {
        /* In short waits: silence must be noticed while nothing happens. */
        loop_turn(client->loop, wait_ms < LISTEN_EVERY_MS ? wait_ms : LISTEN_EVERY_MS);
        http_client_listen(client);
    }
    /* Also when nothing runs: requests made after it was given up are answered here. */
    http_client_answer_nothing(&nothing, GIVEN_UP);
    while (client->given_up && (entry = STAILQ_FIRST(&client->queue))) {
        STAILQ_REMOVE_HEAD(&client->queue, queued);
        entry->visit(entry->arg, &nothing);
        http_client_entry_free(entry);
    }
}

/* ---- life ---- */

int http_client_new(const char *url, const struct http_client_options *options, struct http_client **out,
                    struct buf *error)
{
    struct http_client *client = xcalloc(1, sizeof(*client));

    STAILQ_INIT(&client->queue);
    client->parallel = options && options->parallel ? options->parallel : PARALLEL;
    if (client->parallel > PARALLEL_MAX)
        client->parallel = PARALLEL_MAX;
    /* Counted by curl: a client may live beside the fetch thread of a server in this process. */
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    if (http_client_take_url(url, &client->server, error) < 0 ||
        loop_new(&client->loop, http_client_on_done, client, error) < 0) {
        http_client_free(&client);
        return -1;
    }
    *out = client;
    return 0;
}

void http_client_free(struct http_client **client_)
{
    struct http_client *client = take_ptr(client_);
    struct http_client_entry *entry;
    struct transfer *transfer;

    if (!client)
        return;
    while ((entry = STAILQ_FIRST(&client->queue))) {
        STAILQ_REMOVE_HEAD(&client->queue, queued);
        http_client_entry_free(entry);
    }
    if (client->probe)
        LIST_INSERT_HEAD(&client->busy, client->probe, listed);
    while ((transfer = LIST_FIRST(&client->busy))) {
        LIST_REMOVE(transfer, listed);
        loop_remove(client->loop, transfer->easy);
        transfer_end(transfer);
        transfer_free(transfer);
    }
    while ((transfer = LIST_FIRST(&client->idle))) {
        LIST_REMOVE(transfer, listed);
        transfer_free(transfer);
    }
    loop_free(client->loop);
    free(client->server.base);
    free(client->server.socket_path);
    free(client);
    curl_global_cleanup();
}
