/* Opening sockets. No state; runs on the main thread at start and stop.
 *
 * All sockets are non-blocking, since a client may be gone between epoll_wait() and accept(), which would
 * then hang the accept thread; and close-on-exec. */
#include "proxy/core/listen_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/text.h"

#define BACKLOG 4096
/* Seconds for TCP_DEFER_ACCEPT: a client is accepted when it has sent something, or after this much silence.
 * listener.c looks at the first byte. */
#define SILENCE_S 1
/* A large project page fits into it, so that it is sent at one call; and it is small enough to stay in the
 * processor's cache: with the system's own growth up to 4 MiB, a hot file took twice the time over
 * loopback. */
#define SEND_BUFFER_BYTES (160 * 1024)
#define INHERITED_FIRST_FD 3 /* SD_LISTEN_FDS_START of sd_listen_fds(3) */
#define INHERITED_MAX 256

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value));
}

/* Linux copies these to every accepted socket, which saves system calls for each connection. They are
 * improvements only: where they do not apply (unix sockets), they fail and nothing is lost. */
static void set_inherited_options(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, SILENCE_S);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
    /* A client that vanished without a FIN is found dead after two minutes (60 s + 4 * 15 s), also while it
     * is suspended and nothing is sent to it. */
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

static const char *advice(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "; another program listens there: stop it, or choose another port for `listen`";
    case EADDRNOTAVAIL:
        return "; this machine has no such address: choose one that `ip address` shows, or 0.0.0.0";
    case EACCES:
        return "; ports below 1024 need root or CAP_NET_BIND_SERVICE, a unix socket needs a folder that "
               "may be written";
    case EAFNOSUPPORT:
        return "; this machine has no IPv6: use an IPv4 address";
    case ENOENT:
    case ENOTDIR:
        return "; the folder of the socket does not exist: create it";
    case EROFS:
        return "; the file system is read-only: choose another path";
    default:
        return "";
    }
}

/* Returns the negative errno value, for the one caller that looks at it. */
static int refuse(const char *spec, int error, struct buf *out)
{
    buf_set(out, "cannot listen on %s: %s%s", spec, strerror(error), advice(error));
    return -error;
}

static int malformed(const char *spec, const char *what, struct buf *error)
{
    buf_set(error, "cannot listen on %s: %s; write it as 127.0.0.1:8080, [::1]:8080, *:8080 or unix:/path",
            spec, what);
    return -EINVAL;
}

/* ---- unix ---- */

/* True if no server listens at the path: the socket of one that was killed, which bind() would not replace. A
 * full backlog (EAGAIN) is a server; anything but a socket is not ours to remove. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat status;

    if (lstat(address->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    int CLEANUP_CLOSE fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
           errno == ECONNREFUSED;
}

static int open_unix(const char *spec, const char *path, struct listen_socket *out, struct buf *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat made;
    size_t len = strlen(path);

    if (!len || len >= sizeof(address.sun_path))
        return malformed(spec, "the path must have 1 to 107 bytes", error);
    memcpy(address.sun_path, path, len);

    int CLEANUP_CLOSE fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return refuse(spec, errno, error);
    int failed = bind(fd, (struct sockaddr *)&address, sizeof(address));
    if (failed && errno == EADDRINUSE) {
        if (is_stale(&address) && unlink(path) == 0)
            failed = bind(fd, (struct sockaddr *)&address, sizeof(address));
        else
            errno = EADDRINUSE;
    }
    if (failed && errno == EADDRINUSE) {
        buf_set(error,
                "cannot listen on %s: the path exists, and is in use or is not a socket; stop its owner, or "
                "choose another path for `listen`",
                spec);
        return -EADDRINUSE;
    }
    if (failed || listen(fd, BACKLOG) < 0 || lstat(path, &made) < 0)
        return refuse(spec, errno, error);
    *out = (struct listen_socket){.fd = take_fd(&fd),
                                  .made_path = xstrdup(path),
                                  .made_device = made.st_dev,
                                  .made_inode = made.st_ino};
    return 0;
}

/* ---- TCP ---- */

/* Splits "host:port" and "[host]:port". Returns 0 with copies owned by the caller, or -1. */
static int split_spec(const char *spec, char **host, char **port)
{
    const char *colon = strrchr(spec, ':');
    uint64_t number;

    if (!colon || colon == spec || text_parse_uint(colon + 1, strlen(colon + 1), &number) < 0 ||
        number > 65535)
        return -1;
    size_t len = (size_t)(colon - spec);
    if (spec[0] == '[') {
        if (len < 3 || spec[len - 1] != ']')
            return -1;
        *host = xstrndup(spec + 1, len - 2);
    } else {
        /* An IPv6 address without brackets: which colon begins the port is a guess. */
        if (memchr(spec, ':', len))
            return -1;
        *host = xstrndup(spec, len);
    }
    *port = xstrdup(colon + 1);
    return 0;
}

/* True if the IPv4 wildcard of this port is listed too: then the IPv6 one must leave IPv4 to it, or the
 * second bind() would fail. Port 0 is a different port each time and never conflicts. */
static bool ipv4_listed(const struct string_list *all, const char *port)
{
    char *CLEANUP_FREE wanted = xasprintf("0.0.0.0:%s", port);

    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->items[i], wanted) == 0)
            return strcmp(port, "0") != 0;
    return false;
}

static int open_address(const char *spec, const struct addrinfo *address, bool v6only,
                        struct listen_socket *out, struct buf *error)
{
    int CLEANUP_CLOSE fd =
        socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);

    if (fd < 0)
        return refuse(spec, errno, error);
    /* REUSEADDR: a restart must not wait for the TIME_WAIT of the connections before it. V6ONLY is set in
     * both directions, as the default is a sysctl. */
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
        (address->ai_family == AF_INET6 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6only) < 0))
        return refuse(spec, errno, error);
    set_inherited_options(fd);
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
        return refuse(spec, errno, error);
    *out = (struct listen_socket){.fd = take_fd(&fd)};
    return 0;
}

static int open_tcp(const char *spec, const char *host, const char *port, bool v6only,
                    struct listen_socket *out, struct buf *error)
{
    /* Numeric only: a name could hang the start in DNS, or bind to an address that was not meant. */
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found;

    if (getaddrinfo(host, port, &hints, &found) != 0)
        return malformed(spec, "not an IP address", error);
    int result = open_address(spec, found, v6only, out, error);
    freeaddrinfo(found);
    return result;
}

int listen_socket_open(const char *spec, const struct string_list *all, struct listen_socket *out,
                       struct buf *error)
{
    char *CLEANUP_FREE host = NULL;
    char *CLEANUP_FREE port = NULL;

    if (text_starts(spec, "unix:"))
        return open_unix(spec, spec + strlen("unix:"), out, error);
    if (split_spec(spec, &host, &port) < 0)
        return malformed(spec, "not an address and port", error);
    if (strcmp(host, "*") != 0)
        return open_tcp(spec, host, port, ipv4_listed(all, port), out, error);
    int result = open_tcp(spec, "::", port, ipv4_listed(all, port), out, error);
    /* Without IPv6: not built in, or switched off (then the address "::" does not exist). */
    if (result != -EAFNOSUPPORT && result != -EADDRNOTAVAIL)
        return result;
    return open_tcp(spec, "0.0.0.0", port, false, out, error);
}

/* ---- socket activation ---- */

static int adopt(int fd, struct buf *error)
{
    int accepting = 0;
    int type = 0;
    socklen_t len = sizeof(int);
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &len) < 0 || !accepting ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_STREAM) {
        buf_set(error,
                "cannot use descriptor %d that systemd passed: it is not a listening stream socket; use "
                "ListenStream= and Accept=no in the socket unit",
                fd);
        return -1;
    }
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        buf_set(error, "cannot set up descriptor %d that systemd passed: %s", fd, strerror(errno));
        return -1;
    }
    set_inherited_options(fd);
    return 0;
}

static bool is_number(const char *text, uint64_t *out)
{
    return text && text_parse_uint(text, strlen(text), out) == 0;
}

int listen_sockets_inherited(struct listen_socket **out, size_t *count, struct buf *error)
{
    uint64_t pid;
    uint64_t passed;
    /* The pid tells our sockets from those of a parent that passed its environment on. */
    bool ours = is_number(getenv("LISTEN_PID"), &pid) && pid == (uint64_t)getpid();

    *out = NULL;
    *count = 0;
    if (!ours || !is_number(getenv("LISTEN_FDS"), &passed) || !passed)
        return 0;
    /* So that no child takes them for its own. */
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    if (passed > INHERITED_MAX) {
        buf_set(error, "cannot use the sockets that systemd passed: LISTEN_FDS asks for more than %d",
                INHERITED_MAX);
        return -1;
    }
    for (uint64_t i = 0; i < passed; i++)
        if (adopt(INHERITED_FIRST_FD + (int)i, error) < 0)
            return -1;
    *out = xcalloc(passed, sizeof(**out));
    for (; *count < passed; (*count)++)
        (*out)[*count] = (struct listen_socket){.fd = INHERITED_FIRST_FD + (int)*count};
    return 0;
}

/* ---- */

void listen_socket_close(struct listen_socket *socket)
{
    struct stat status;

    if (socket->made_path && lstat(socket->made_path, &status) == 0 && status.st_dev == socket->made_device &&
        status.st_ino == socket->made_inode)
        unlink(socket->made_path);
    free(take_ptr(&socket->made_path));
    close(take_fd(&socket->fd));
}

void listen_socket_print(const struct listen_socket *socket, struct buf *out)
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
    } address = {.storage = {0}};
    socklen_t len = sizeof(address.storage) - 1; /* a unix path of full length has no NUL of its own */
    char host[INET6_ADDRSTRLEN + 20];
    char port[8];

    if (getsockname(socket->fd, &address.any, &len) < 0) {
        buf_add_text(out, "?");
        return;
    }
    if (address.any.sa_family == AF_UNIX) {
        buf_printf(out, "unix:%s", address.un.sun_path);
        return;
    }
    if (getnameinfo(&address.any, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        buf_add_text(out, "?");
    else
        buf_printf(out, address.any.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}
