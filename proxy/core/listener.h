/* The sockets we listen on and the thread that accepts from them. libmicrohttpd gets finished connections
 * only: its own listening cannot be stopped safely, and knows neither unix sockets, socket activation nor our
 * limits.
 *
 *     listener_open()     binds; a port or path that cannot be used is reported before anything starts
 *     listener_start()    starts the accept thread
 *     listener_stop()     no further hand_over() after it returns; connections that were handed over continue
 *     listener_free()
 */
#ifndef PROXY_CORE_LISTENER_H
#define PROXY_CORE_LISTENER_H

#include <stddef.h>
#include <sys/socket.h>

struct buf;
struct listener;
struct string_list;

/* Opens one socket for each of `specs`:
 *     127.0.0.1:8080  [::1]:8080   an address; port 0 takes a free one
 *     0.0.0.0:8080                 every IPv4 address
 *     [::]:8080  *:8080            every address, IPv4 too unless 0.0.0.0 with that port is listed as well;
 *                                  `*` falls back to IPv4 on a machine without IPv6
 *     unix:/run/yizhan.sock        a socket that a dead server left there is replaced
 * Where systemd passed sockets to this process (LISTEN_PID, LISTEN_FDS), they are used and `specs` is not;
 * the two variables are then removed from the environment, so call it before there are other threads. Returns
 * 0, or -1 with one sentence in `error` that says what to do. */
int listener_open(const struct string_list *specs, struct listener **out, struct buf *error);

/* Starts the accept thread, which calls hand_over() for every connection. fd is non-blocking and
 * close-on-exec; over TCP it has TCP_NODELAY and keep-alive. Returns 0 if it took fd (and will close it), -1
 * if it did not: then the thread closes it. It must not block. */
void listener_start(struct listener *listener,
                    int (*hand_over)(void *arg, int fd, const struct sockaddr *address, socklen_t len),
                    void *arg);

/* Stops and joins the thread, closes the sockets and removes the unix sockets that listener_open() made. Does
 * nothing the second time. Not to be called by hand_over(). */
void listener_stop(struct listener *listener);
/* Stops it first, if necessary. */
void listener_free(struct listener **listener);

/* Appends one line for each socket, with its real port: "127.0.0.1:8080\n", "unix:/run/yizhan.sock\n".
 * Returns how many. Every address is written as that of its family: "0.0.0.0:8080", "[::]:8080". Call before
 * listener_stop(). */
size_t listener_addresses(const struct listener *listener, struct buf *out);

#endif
