#include "admin/refetch.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/server_url.h"
#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/version.h"
#include "proxy/proxy.h"
#include "proxy/pypi.h"
#include "proxy/registry.h"
#include "upstreams/client.h"

/* Longer than an upstream may be silent. */
#define SILENCE_S 120

/* ---- paths ---- */

/* "docker.io/library/nginx@sha256:..." and "manifests": "/v2/docker.io/library/nginx/manifests/sha256:..." */
static char *image_path(const char *key, const char *what)
{
    const char *at = strchr(key, '@');

    return at ? xasprintf("/v2/%.*s/%s/%s", (int)(at - key), key, what, at + 1) : NULL;
}

char *refetch_path(const struct entry *entry)
{
    const char *space = entry->space;

    if (strcmp(space, SPACE_FILE) == 0)
        return xstrdup(entry->key);
    if (strcmp(space, SPACE_METADATA) == 0)
        return xasprintf("%s.metadata", entry->key);
    if (strcmp(space, page_kind.space) == 0)
        return xasprintf("/simple/%s/", entry->key);
    if (strcmp(space, "json") == 0)
        return xasprintf("/pypi/%s/json", entry->key);
    if (strcmp(space, SPACE_MANIFEST) == 0)
        return image_path(entry->key, "manifests");
    if (strcmp(space, SPACE_BLOB) == 0)
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

/* "127.0.0.1:8080", "[::1]:8080". An address that means all of the machine's is one of it for us. */
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

/* Reads to the end. Returns 0 for a status of 200. */
static int read_answer(int fd)
{
    static const char good[] = "HTTP/1.1 200";
    char start[sizeof(good)] = "";
    char rest[16384];
    size_t len = 0;
    ssize_t got;

    while (len < sizeof(good) - 1 && (got = recv(fd, start + len, sizeof(good) - 1 - len, 0)) > 0)
        len += (size_t)got;
    while ((got = recv(fd, rest, sizeof(rest), 0)) > 0)
        ;
    return got == 0 && strcmp(start, good) == 0 ? 0 : -1;
}

int refetch(const struct proxy *proxy, const char *path)
{
    const char *address = proxy->address;
    const struct timeval silence = {.tv_sec = SILENCE_S};
    int CLEANUP_CLOSE fd =
        text_starts(address, "unix:") ? connect_unix(address + strlen("unix:")) : connect_tcp(address);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
    char *CLEANUP_FREE request =
        xasprintf("GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: yizhan/" YIZHAN_VERSION
                  "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                  path);
    size_t len = strlen(request);
    return send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len ? read_answer(fd) : -1;
}

/* ---- where no server runs ---- */

struct refetching {
    const json_t *paths;
    int fetched;
};

static void on_answer(void *arg, const struct client_answer *answer)
{
    struct refetching *refetching = arg;

    refetching->fetched += answer->status == 200;
}

static int refetch_all(void *arg, const char *url, const _Atomic bool *stop)
{
    const struct client_options options = {.parallel = 0};
    struct refetching *refetching = arg;
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    struct client *client = NULL;
    size_t i;
    const json_t *path;

    if (client_new(url, &options, &client, &ignored) < 0)
        return 0;
    json_array_foreach(refetching->paths, i, path)
    {
        const struct client_question question = {.path = json_string_value(path), .want = CLIENT_TOUCH};
        client_ask(client, &question, on_answer, refetching);
    }
    while (client_busy(client) && !*stop)
        client_step(client, 200);
    client_free(&client);
    return 0;
}

int refetch_alone(const char *config_path, const json_t *paths, struct buf *error)
{
    struct refetching refetching = {.paths = paths};

    return with_server(config_path, NULL, refetch_all, &refetching, error) < 0 ? -1 : refetching.fetched;
}
