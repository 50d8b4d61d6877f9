/* Owns the questions: those that wait for their turn, and the handles on which others are under way. All on the caller's
 * thread; callbacks come from client_step(), outside of curl. */
#include "upstreams/client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "upstreams/client_private.h"
#include "upstreams/loop.h"
#include "upstreams/url.h"

#define PARALLEL 16
#define PARALLEL_MAX 128 /* the loop keeps as many connections */

STAILQ_HEAD(client_queue, client_entry);
LIST_HEAD(transfer_list, transfer);

struct client {
    struct client_server server;
    struct loop *loop;
    size_t parallel;
    size_t running;
    struct client_queue queue;
    struct transfer_list idle;
    struct transfer_list busy;
};

/* ---- the server's URL ---- */

static bool is_loopback(const struct url_span *host)
{
    char *CLEANUP_FREE name = xstrndup(host->text, host->len);

    return strcasecmp(name, "localhost") == 0 || strcmp(name, "::1") == 0 || text_starts(name, "127.");
}

static int take_socket(const char *path, struct client_server *out, struct buf *error)
{
    size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

    if (*path != '/' || strlen(path) > max) {
        buf_set(error,
                "unix:%s names no socket: unix: and an absolute path of at most %zu bytes were expected",
                path, max);
        return -1;
    }
    out->base = xstrdup("http://localhost");
    out->socket_path = xstrdup(path);
    out->direct = true;
    return 0;
}

static int take_url(const char *text, struct client_server *out, struct buf *error)
{
    struct url url;
    size_t len = strlen(text);

    if (text_starts(text, "unix:"))
        return take_socket(text + strlen("unix:"), out, error);
    if (url_split(text, len, &url) < 0 || url.query.text || strchr(text, '#')) {
        buf_set(error,
                "\"%s\" is no URL of a server: \"http://HOST:PORT\", \"https://HOST\" or \"unix:/PATH\" was "
                "expected",
                text);
        return -1;
    }
    while (len && text[len - 1] == '/')
        len--;
    out->base = xstrndup(text, len);
    out->direct = is_loopback(&url.host);
    return 0;
}

/* ---- questions ---- */

void client_entry_free(struct client_entry *entry)
{
    free((char *)entry->question.path);
    free((char *)entry->question.accept);
    free(entry);
}

static struct transfer *idle_transfer(struct client *client)
{
    struct transfer *transfer = LIST_FIRST(&client->idle);

    if (!transfer)
        return transfer_new(&client->server);
    LIST_REMOVE(transfer, listed);
    return transfer;
}

static void start_waiting(struct client *client)
{
    struct client_entry *entry;

    while (client->running < client->parallel && (entry = STAILQ_FIRST(&client->queue))) {
        struct transfer *transfer = idle_transfer(client);
        STAILQ_REMOVE_HEAD(&client->queue, queued);
        LIST_INSERT_HEAD(&client->busy, transfer, listed);
        client->running++;
        transfer_begin(transfer, entry);
        loop_add(client->loop, transfer->easy);
    }
}

static void on_done(void *arg, CURL *easy, CURLcode result)
{
    struct client *client = arg;
    char *private = NULL;

    CHECK(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private) == CURLE_OK && private);
    struct transfer *transfer = (struct transfer *)(void *)private;
    if (transfer_again(transfer, result)) {
        loop_add(client->loop, easy);
        return;
    }
    struct client_answer answer;
    transfer_answer(transfer, result, &answer);
    transfer->entry->visit(transfer->entry->arg, &answer);
    transfer_end(transfer);
    LIST_REMOVE(transfer, listed);
    LIST_INSERT_HEAD(&client->idle, transfer, listed);
    client->running--;
    start_waiting(client);
}

void client_ask(struct client *client, const struct client_question *question, client_visit visit, void *arg)
{
    struct client_entry *entry = xcalloc(1, sizeof(*entry));

    CHECK(*question->path == '/');
    entry->question = *question;
    entry->question.path = xstrdup(question->path);
    entry->question.accept = xstrdup_or_null(question->accept);
    entry->visit = visit;
    entry->arg = arg;
    STAILQ_INSERT_TAIL(&client->queue, entry, queued);
    start_waiting(client);
}

bool client_busy(const struct client *client)
{
    return client->running || !STAILQ_EMPTY(&client->queue);
}

void client_step(struct client *client, int wait_ms)
{
    if (client_busy(client))
        loop_turn(client->loop, wait_ms);
}

/* ---- life ---- */

int client_new(const char *url, const struct client_options *options, struct client **out, struct buf *error)
{
    struct client *client = xcalloc(1, sizeof(*client));

    STAILQ_INIT(&client->queue);
    client->parallel = options && options->parallel ? options->parallel : PARALLEL;
    if (client->parallel > PARALLEL_MAX)
        client->parallel = PARALLEL_MAX;
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    if (take_url(url, &client->server, error) < 0 || loop_new(&client->loop, on_done, client, error) < 0) {
        client_free(&client);
        return -1;
    }
    *out = client;
    return 0;
}

static void free_transfers(struct client *client)
{
    struct transfer *transfer;

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
}

void client_free(struct client **client_)
{
    struct client *client = take_ptr(client_);
    struct client_entry *entry;

    if (!client)
        return;
    while ((entry = STAILQ_FIRST(&client->queue))) {
        STAILQ_REMOVE_HEAD(&client->queue, queued);
        client_entry_free(entry);
    }
    free_transfers(client);
    loop_free(client->loop);
    free(client->server.base);
    free(client->server.socket_path);
    free(client);
    curl_global_cleanup();
}
