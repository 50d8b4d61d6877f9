/* Owns the listening sockets and the accept thread. The main thread opens, starts and stops; between start
 * and stop only the accept thread uses the struct, except listener_addresses(), which reads what is set once.
 *
 * States: open (sockets, no thread) -> running -> stopped (no sockets, no thread).
 *
 * libmicrohttpd must not listen itself: MHD_quiesce_daemon() can abort the process under epoll, so it could
 * not stop accepting while answers are still being sent. */
#include "proxy/core/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/memory.h"
#include "proxy/core/listen_socket.h"

#define ACCEPT_AT_ONCE 64 /* from one socket, before the others get their turn */
#define EVENTS_AT_ONCE 16
#define TLS_HANDSHAKE 0x16
/* After an error of accept(). A warning for each would fill the log: at most one every WARN_EVERY_MS. */
#define PAUSE_MS 50
#define WARN_EVERY_MS 10000

struct listener {
    /* set once */
    struct listen_socket *sockets;
    size_t count;
    int epoll_fd;
    int stop_fd; /* eventfd */
    int (*hand_over)(void *arg, int fd, const struct sockaddr *address, socklen_t len);
    void *arg;
    pthread_t thread;
    bool running;

    /* owned by the accept thread */
    int spare_fd; /* /dev/null; turn_away() uses its place in a full descriptor table */
    int64_t warned_at_ms;
};

/* ---- open ---- */

static int open_sockets(struct listener *listener, const struct string_list *specs, struct buf *error)
{
    if (listen_sockets_inherited(&listener->sockets, &listener->count, error) < 0)
        return -1;
    if (listener->count)
        return 0;
    if (!specs->count) {
        buf_set(error, "no address to listen on; set `listen` in [server], for example 127.0.0.1:8080");
        return -1;
    }
    listener->sockets = xcalloc(specs->count, sizeof(*listener->sockets));
    for (; listener->count < specs->count; listener->count++)
        if (listen_socket_open(specs->items[listener->count], specs, &listener->sockets[listener->count],
                               error) < 0)
            return -1;
    return 0;
}

static int watch(struct listener *listener, int fd)
{
    /* Level-triggered: a socket that still has clients in its backlog is reported again. */
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(listener->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_events(struct listener *listener, struct buf *error)
{
    listener->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listener->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int failed = listener->epoll_fd < 0 || listener->stop_fd < 0 || listener->spare_fd < 0 ||
                 watch(listener, listener->stop_fd) < 0;
    for (size_t i = 0; i < listener->count && !failed; i++)
        failed = watch(listener, listener->sockets[i].fd) < 0;
    if (failed)
        buf_set(error, "cannot set up the accept thread: %s", strerror(errno));
    return failed ? -1 : 0;
}

int listener_open(const struct string_list *specs, struct listener **out, struct buf *error)
{
    struct listener *listener = xcalloc(1, sizeof(*listener));

    listener->epoll_fd = listener->stop_fd = listener->spare_fd = -1;
    listener->warned_at_ms = -WARN_EVERY_MS;
    if (open_sockets(listener, specs, error) < 0 || open_events(listener, error) < 0) {
        listener_free(&listener);
        return -1;
    }
    *out = listener;
    return 0;
}

size_t listener_addresses(const struct listener *listener, struct buf *out)
{
    for (size_t i = 0; i < listener->count; i++) {
        listen_socket_print(&listener->sockets[i], out);
        buf_add_char(out, '\n');
    }
    return listener->count;
}

/* ---- the accept thread ---- */

static void warn(struct listener *listener, int error)
{
    int64_t now_ms = clock_mono_ms();

    if (now_ms - listener->warned_at_ms < WARN_EVERY_MS)
        return;
    listener->warned_at_ms = now_ms;
    if (error == EMFILE)
        log_warn("turning clients away: no file descriptor is left for them; raise LimitNOFILE (ulimit -n), "
                 "or lower max_connections in [server]");
    else
        log_warn("cannot accept clients now: %s", strerror(error));
}

/* Out of descriptors: gives up the spare one to accept a client and close it, so that it learns at once that
 * it must go elsewhere, instead of waiting in the backlog. Returns false if that failed too. */
static bool turn_away(struct listener *listener, int socket_fd)
{
    int fd = -1;

    if (listener->spare_fd >= 0) {
        close(take_fd(&listener->spare_fd));
        fd = accept4(socket_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            counter_add(COUNTER_REFUSED, 1);
            close(fd);
        }
    }
    if (listener->spare_fd < 0)
        listener->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && listener->spare_fd >= 0;
}

/* Errors of the client that was next in the backlog, which is gone with them: accept(2), "Error handling". */
static bool is_clients_trouble(int error)
{
    static const int errors[] = {EINTR,     ECONNABORTED, EPROTO,    EPERM,        ENOPROTOOPT, ENETDOWN,
                                 EHOSTDOWN, ENONET,       ETIMEDOUT, EHOSTUNREACH, EOPNOTSUPP,  ENETUNREACH};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i] == error)
            return true;
    return false;
}

/* True if the client begins with a TLS handshake record (RFC 8446 section 5.1). Clients of registries try
 * https before http; most of their hellos have no line end, so libmicrohttpd would wait for the rest of a
 * request line, and the client for an answer: a pull began with ten seconds of silence. The hello is left
 * unread, so closing the socket sends a reset, and the client tries http at once. TCP_DEFER_ACCEPT sees to it
 * that the first byte is usually here. */
static bool speaks_tls(int fd)
{
    char first;

    return recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first == TLS_HANDSHAKE;
}

/* Returns false when there is nothing to accept for now. */
static bool accept_one(struct listener *listener, int socket_fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int fd = accept4(socket_fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        if (speaks_tls(fd) || listener->hand_over(listener->arg, fd, (struct sockaddr *)&address, len) < 0)
            close(fd);
        return true;
    }
    int error = errno;
    if (error == EAGAIN)
        return false;
    if (is_clients_trouble(error))
        return true;
    warn(listener, error);
    if ((error == EMFILE || error == ENFILE) && turn_away(listener, socket_fd))
        return true;
    /* The socket stays readable while a client queues that we cannot accept: without a pause the loop would
     * spin. */
    struct pollfd stop = {.fd = listener->stop_fd, .events = POLLIN};
    poll(&stop, 1, PAUSE_MS);
    return false;
}

static void *accept_main(void *arg)
{
    struct listener *listener = arg;
    struct epoll_event events[EVENTS_AT_ONCE];

    pthread_setname_np(pthread_self(), "accept");
    for (;;) {
        int count = epoll_wait(listener->epoll_fd, events, EVENTS_AT_ONCE, -1);
        /* Stop comes first, even if clients are waiting: no hand_over() after listener_stop(). */
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == listener->stop_fd)
                return NULL;
        for (int i = 0; i < count; i++)
            for (int n = 0; n < ACCEPT_AT_ONCE && accept_one(listener, events[i].data.fd); n++)
                ;
    }
}

void listener_start(struct listener *listener,
                    int (*hand_over)(void *arg, int fd, const struct sockaddr *address, socklen_t len),
                    void *arg)
{
    CHECK(!listener->running);
    listener->hand_over = hand_over;
    listener->arg = arg;
    CHECK(pthread_create(&listener->thread, NULL, accept_main, listener) == 0);
    listener->running = true;
}

/* ---- stop ---- */

void listener_stop(struct listener *listener)
{
    if (listener->running) {
        CHECK(eventfd_write(listener->stop_fd, 1) == 0);
        pthread_join(listener->thread, NULL);
        listener->running = false;
    }
    while (listener->count)
        listen_socket_close(&listener->sockets[--listener->count]);
}

void listener_free(struct listener **listener)
{
    struct listener *old = take_ptr(listener);

    if (!old)
        return;
    listener_stop(old);
    cleanup_close(&old->spare_fd);
    cleanup_close(&old->stop_fd);
    cleanup_close(&old->epoll_fd);
    free(old->sockets);
    free(old);
}
