/* One socket that clients connect to: opened from a line of mirror.conf, or passed by systemd. Used by
 * listener.c. */
#ifndef PROXY_CORE_LISTEN_SOCKET_H
#define PROXY_CORE_LISTEN_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct buf;
struct string_list;

struct listen_socket {
    int fd;
    char *made_path;   /* the unix socket we made and must remove, or NULL */
    dev_t made_device; /* what we made: the path may be another server's by now */
    ino_t made_inode;
};

/* Opens the socket that `spec` describes; see listener.h. `all` is the whole list, which decides whether [::]
 * takes IPv4 too. Returns 0, or a negative errno value with one sentence in `error`. */
int listen_socket_open(const char *spec, const struct string_list *all, struct listen_socket *out,
                       struct buf *error);

/* The sockets that systemd passed: *out is an array of *count, owned by the caller; *count is 0 if there are
 * none. Returns 0, or -1 with one sentence in `error` if something passed is not a listening stream
 * socket. */
int listen_sockets_inherited(struct listen_socket **out, size_t *count, struct buf *error);

/* Closes, and removes the path if it is still ours. */
void listen_socket_close(struct listen_socket *socket);
/* Appends "127.0.0.1:8080" or "unix:/path". */
void listen_socket_print(const struct listen_socket *socket, struct buf *out);

#endif
