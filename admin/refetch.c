/* Two ways to the same requests: inside a running server, a blocking socket to its own listener, on the
 * thread of the control session; in a command without a running server, http_client to a server of its own.
 * No state. */
#include "admin/refetch.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/server_url.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/version.h"
#include "proxy/core/proxy.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"
#include "upstreams/http_client.h"

/* Longer than the server lets an upstream be silent. */
#define ANSWER_SILENCE_S 120
/* How long to wait until the answer is stored. Not forever: with a full disk, bytes pass through without
 * being kept. */
#define REFETCH_KEEP_PATIENCE_MS 1000
#define REFETCH_ASK_EVERY_MS 20

/* ---- paths ---- */

/* "docker.io/library/nginx@sha256:..." and "manifests": "/v2/docker.io/library/nginx/manifests/sha256:..." */
static char *image_path(const char *key, const char *what)
{
    struct buf CLEANUP_BUF name = BUF_INIT;

    /* By a tag, something else might come now. */
    if (!image_key_has_digest(key))
        return NULL;
    image_key_name(key, &name);
    return xasprintf("/v2/%s/%s/%s", name.data, what, image_key_reference(key));
}

char *refetch_path(const struct entry *entry)
{
    if (entry_is_in(entry, SPACE_FILE))
        return xstrdup(entry->key);
    if (entry_is_in(entry, SPACE_METADATA))
        return xasprintf("%s.metadata", entry->key);
    if (entry_is_in(entry, SPACE_PAGE))
        return xasprintf("/simple/%s/", entry->key);
    if (entry_is_in(entry, SPACE_JSON))
        return xasprintf("/pypi/%s/json", entry->key);
    if (entry_is_in(entry, SPACE_MANIFEST))
        return image_path(entry->key, "manifests");
    if (entry_is_in(entry, SPACE_BLOB))
        return image_path(entry->key, "blobs");
    return NULL;
}

/* ---- asking ---- */

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int CLEANUP_CLOSE fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -1;
    return take_fd(&fd);
}

/* Connects to "127.0.0.1:8080" or "[::1]:8080". Connecting to 0.0.0.0 or [::] reaches this machine, too. */
static int connect_tcp(const char *address)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(address, ':');
    struct addrinfo *found = NULL;

    if (!colon)
        return -1;
    bool brackets = *address == '[';
    char *CLEANUP_FREE host = xstrndup(address + brackets, (size_t)(colon - address) - 2 * brackets);
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return -1;
    int CLEANUP_CLOSE fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = fd < 0 ? -1 : connect(fd, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return result < 0 ? -1 : take_fd(&fd);
}

/* Reads the answer to its end. Returns 0 for a status of 200. */
static int refetch_read_answer(int fd)
{
    static const char good[] = "HTTP/1.1 200";
    char start[sizeof(good)] = "";
    char rest[16384];
    size_t len = 0;
    ssize_t got;

    while (len < sizeof(good) - 1 && (got = recv(fd, start + len, sizeof(good) - 1 - len, 0)) > 0)
        len += (size_t)got;
    /* Read to the end, though nothing of it is kept: a large fill is given up when its last client leaves. */
    while ((got = recv(fd, rest, sizeof(rest), 0)) > 0)
        ;
    return got == 0 && strcmp(start, good) == 0 ? 0 : -1;
}

/* Returns 0 for an answer of 200. header: "", or a line of its own. */
static int refetch_ask(const struct proxy *proxy, const char *method, const char *path, const char *header)
{
    const char *address = proxy->address;
    const struct timeval silence = {.tv_sec = ANSWER_SILENCE_S};
    int CLEANUP_CLOSE fd =
        text_starts(address, "unix:") ? connect_unix(address + strlen("unix:")) : connect_tcp(address);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
    char *CLEANUP_FREE request =
        xasprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: yizhan/" YIZHAN_VERSION
                  "\r\nAccept: */*\r\n%sConnection: close\r\n\r\n",
                  method, path, header);
    size_t len = strlen(request);
    return send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len ? refetch_read_answer(fd) : -1;
}

int refetch(const struct proxy *proxy, const char *path)
{
    if (refetch_ask(proxy, "GET", path, "") < 0)
        return -1;
    /* The bytes came, but that says nothing about the disk: only an answer from the store alone does. */
    for (int64_t since_ms = clock_mono_ms();; poll(NULL, 0, REFETCH_ASK_EVERY_MS)) {
        store_flush(proxy->store);
        if (refetch_ask(proxy, "HEAD", path, "Cache-Control: only-if-cached\r\n") == 0)
            return 0;
        if (clock_mono_ms() - since_ms > REFETCH_KEEP_PATIENCE_MS)
            return -1;
    }
}

/* ---- where no server runs ---- */

struct refetching {
    const json_t *paths;
    const _Atomic bool *stop;
    struct http_client *client;
    int good; /* 200s in the last round */
};

static void refetch_on_answer(void *arg, const struct http_client_answer *answer)
{
    struct refetching *refetching = arg;

    refetching->good += answer->status == 200;
}

/* Asks for all paths at once. Returns how many answers were good. */
static int ask_for_each(struct refetching *refetching, enum http_client_want want, bool held_only)
{
    size_t i;
    const json_t *path;

    refetching->good = 0;
    json_array_foreach(refetching->paths, i, path)
    {
        const struct http_client_request request = {
            .path = json_string_value(path), .want = want, .held_only = held_only};
        http_client_ask(refetching->client, &request, refetch_on_answer, refetching);
    }
    while (http_client_busy(refetching->client) && !*refetching->stop)
        http_client_step(refetching->client, 200);
    return refetching->good;
}

static int refetch_all(void *arg, const char *url, const _Atomic bool *stop)
{
    const struct http_client_options options = {.parallel = 0};
    struct refetching *refetching = arg;
    struct buf CLEANUP_BUF ignored = BUF_INIT;

    refetching->stop = stop;
    if (http_client_new(url, &options, &refetching->client, &ignored) < 0)
        return 0;
    int came = ask_for_each(refetching, HTTP_CLIENT_TOUCH, false);
    int64_t since_ms = clock_mono_ms();
    while (!*stop && ask_for_each(refetching, HTTP_CLIENT_HEAD, true) < came &&
           clock_mono_ms() - since_ms < REFETCH_KEEP_PATIENCE_MS)
        poll(NULL, 0, REFETCH_ASK_EVERY_MS);
    http_client_free(&refetching->client);
    return 0;
}

int refetch_alone(const char *config_path, const json_t *paths, struct buf *error)
{
    struct refetching refetching = {.paths = paths};

    return with_server(config_path, NULL, refetch_all, &refetching, error) < 0 ? -1 : refetching.good;
}
