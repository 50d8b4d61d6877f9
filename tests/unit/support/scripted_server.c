#include "tests/unit/support/scripted_server.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/lock.h"
#include "base/memory.h"

#define CONNECTIONS_MAX 256
#define REQUESTS_MAX 512
#define URLS_MAX 64
#define WAIT_MS 20000

struct connection {
    struct scripted_server *server;
    pthread_t thread;
    int fd;
    int number;
};

struct scripted_server {
    scripted_answer *answer;
    void *arg;
    int listen_fd;
    int port;
    pthread_t thread;
    char *urls[URLS_MAX];
    int url_count;

    struct lock lock;
    pthread_cond_t changed;
    struct connection connections[CONNECTIONS_MAX];
    int connection_count;
    char *heads[REQUESTS_MAX];
    int request_count;
    int parallel;
    int most_parallel;
    int held;
    bool released;
    bool stopping;
};

bool scripted_send(struct scripted_request *request, const void *data, size_t len)
{
    const char *bytes = data;

    while (len) {
        ssize_t sent = send(request->fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

bool scripted_printf(struct scripted_request *request, const char *format, ...)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    return scripted_send(request, text.data, text.len);
}

bool scripted_reply(struct scripted_request *request, int status, const char *headers, const void *body,
                    size_t len)
{
    scripted_printf(request, "HTTP/1.1 %d Scripted\r\n%sContent-Length: %zu\r\n\r\n", status, headers, len);
    if (!request->is_head)
        scripted_send(request, body, len);
    return true;
}

bool scripted_file(struct scripted_request *request, const char *headers, const void *body, size_t len)
{
    struct buf CLEANUP_BUF more = BUF_INIT;
    size_t from = request->range_from > 0 ? (size_t)request->range_from : 0;

    if (!from)
        return scripted_reply(request, 200, headers, body, len);
    CHECK(from < len);
    buf_printf(&more, "%sContent-Range: bytes %zu-%zu/%zu\r\n", headers, from, len - 1, len);
    return scripted_reply(request, 206, more.data, (const char *)body + from, len - from);
}

void scripted_hold(struct scripted_request *request)
{
    struct scripted_server *server = request->server;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&server->lock);
    server->held++;
    pthread_cond_broadcast(&server->changed);
    while (!server->released && !server->stopping)
        lock_wait(&server->lock, &server->changed, -1);
    server->held--;
}

void scripted_wait_held(struct scripted_server *server, int count)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&server->lock);
    while (server->held < count)
        CHECK(lock_wait(&server->lock, &server->changed, WAIT_MS));
}

void scripted_release(struct scripted_server *server)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&server->lock);
    server->released = true;
    pthread_cond_broadcast(&server->changed);
}

/* Reads up to the empty line. Requests have no body, and nobody pipelines. */
static bool read_head(int fd, struct buf *head)
{
    char block[4096];

    buf_reset(head);
    while (head->len < 4 || memcmp(head->data + head->len - 4, "\r\n\r\n", 4) != 0) {
        ssize_t got = recv(fd, block, sizeof(block), 0);
        if (got <= 0 || head->len > 65536)
            return false;
        buf_add(head, block, (size_t)got);
    }
    return true;
}

static bool serve_one(struct connection *connection, char *head)
{
    struct scripted_server *server = connection->server;
    struct scripted_request request = {
        .server = server,
        .fd = connection->fd,
        .connection = connection->number,
        .head = head,
        .is_head = strncmp(head, "HEAD ", 5) == 0,
        .range_from = -1,
        .arg = server->arg,
    };
    const char *range = strcasestr(head, "\r\nRange: bytes=");
    const char *target = strchr(head, ' ') + 1;
    char *CLEANUP_FREE path = xstrndup(target, strcspn(target, " "));

    request.target = path;
    if (range)
        request.range_from = strtoll(range + strlen("\r\nRange: bytes="), NULL, 10);
    lock_acquire(&server->lock);
    CHECK(server->request_count < REQUESTS_MAX);
    request.number = server->request_count++;
    server->heads[request.number] = xstrdup(head);
    if (++server->parallel > server->most_parallel)
        server->most_parallel = server->parallel;
    lock_release(&server->lock);
    bool keep = server->answer(&request);
    lock_acquire(&server->lock);
    server->parallel--;
    keep = keep && !server->stopping;
    lock_release(&server->lock);
    return keep;
}

static void *serve_connection(void *arg)
{
    struct connection *connection = arg;
    struct buf CLEANUP_BUF head = BUF_INIT;

    while (read_head(connection->fd, &head) && serve_one(connection, head.data))
        ;
    shutdown(connection->fd, SHUT_RDWR); /* closed by scripted_stop(), so that the number is not used again */
    return NULL;
}

static void *accept_connections(void *arg)
{
    struct scripted_server *server = arg;
    int fd;

    while ((fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&server->lock);
        CHECK(server->connection_count < CONNECTIONS_MAX);
        struct connection *connection = &server->connections[server->connection_count];
        connection->server = server;
        connection->fd = fd;
        connection->number = server->connection_count++;
        if (server->stopping)
            shutdown(fd, SHUT_RDWR);
        CHECK(pthread_create(&connection->thread, NULL, serve_connection, connection) == 0);
    }
    return NULL;
}

struct scripted_server *scripted_start(scripted_answer *answer, void *arg)
{
    struct scripted_server *server = xcalloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    server->answer = answer;
    server->arg = arg;
    lock_init(&server->lock, LOCK_RANK_SITE);
    lock_condition_init(&server->changed);
    server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(server->listen_fd, (struct sockaddr *)&address, len) == 0);
    CHECK(listen(server->listen_fd, 128) == 0);
    CHECK(getsockname(server->listen_fd, (struct sockaddr *)&address, &len) == 0);
    server->port = ntohs(address.sin_port);
    CHECK(pthread_create(&server->thread, NULL, accept_connections, server) == 0);
    return server;
}

void scripted_stop(struct scripted_server *server)
{
    lock_acquire(&server->lock);
    server->stopping = true;
    pthread_cond_broadcast(&server->changed);
    for (int i = 0; i < server->connection_count; i++)
        shutdown(server->connections[i].fd, SHUT_RDWR);
    lock_release(&server->lock);
    shutdown(server->listen_fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    for (int i = 0; i < server->connection_count; i++) {
        pthread_join(server->connections[i].thread, NULL);
        close(server->connections[i].fd);
    }
    close(server->listen_fd);
    for (int i = 0; i < server->request_count; i++)
        free(server->heads[i]);
    for (int i = 0; i < server->url_count; i++)
        free(server->urls[i]);
    pthread_cond_destroy(&server->changed);
    lock_destroy(&server->lock);
    free(server);
}

const char *scripted_url(struct scripted_server *server, const char *host, const char *path)
{
    CHECK(server->url_count < URLS_MAX);
    char *url = xasprintf("http://%s:%d%s", host, server->port, path);
    server->urls[server->url_count++] = url;
    return url;
}

int scripted_requests(struct scripted_server *server)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&server->lock);
    return server->request_count;
}

int scripted_connections(struct scripted_server *server)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&server->lock);
    return server->connection_count;
}

int scripted_most_parallel(struct scripted_server *server)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&server->lock);
    return server->most_parallel;
}

const char *scripted_head(struct scripted_server *server, int number)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&server->lock);
    CHECK(number < server->request_count);
    return server->heads[number];
}
