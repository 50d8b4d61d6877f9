/* The table of open client connections: how many there may be, and how long each may take.
 *
 * libmicrohttpd's own time-out counts inactivity only, so a client that sends or takes one byte a second
 * would keep its place forever; and its own limits block its threads. Calling sequence, for each connection:
 *
 *     connections_admit()          accept thread, before the socket is handed over
 *       or connections_withdraw()    if handing over then failed
 *     connections_opened()         MHD_CONNECTION_NOTIFY_STARTED
 *       client_request_line()        the URI callback: a request line is complete
 *       client_request_begun()       its headers are complete; an answer is due
 *       client_waiting(true/false)   the answer waits for a fill, not for the client
 *       client_request_done()        MHD_OPTION_NOTIFY_COMPLETED
 *     connections_closed()         MHD_CONNECTION_NOTIFY_CLOSED, while the descriptor is still open
 *
 * and about once a second connections_sweep() from one thread. It cuts a late client, and one that has hung
 * up before its request was complete, by shutdown() of its socket; libmicrohttpd then sees the end and
 * closes it. The client_*() calls are one store each, without a
 * lock and without a look at the clock: the sweep dates a change when it first sees it, so deadlines are
 * exact to one sweep. */
#ifndef PROXY_CORE_CONNECTIONS_H
#define PROXY_CORE_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct client;
struct connections;

struct connections_limits {
    int64_t max_connections;
    int64_t max_per_client;   /* by IPv4 address or IPv6 /64; unix sockets have no such limit */
    int64_t idle_ms;          /* from connecting, or the last answer, to a complete request line */
    int64_t headers_ms;       /* from the request line to the end of the headers */
    int64_t slow_window_ms;   /* a client that takes an answer is measured over this window ... */
    int64_t slow_bytes_per_s; /* ... and cut when its TCP acknowledged less than this on average */
};

#define CONNECTIONS_IDLE_MS 75000
#define CONNECTIONS_HEADERS_MS 30000
#define CONNECTIONS_SLOW_WINDOW_MS 60000
#define CONNECTIONS_SLOW_BYTES_PER_S 1024

struct connections *connections_new(const struct connections_limits *limits);
/* All connections must be closed. (Those that were handed over when libmicrohttpd stopped may have been
 * closed by it without ever having been opened.) */
void connections_free(struct connections **connections);
/* Connections over a lowered number stay. */
void connections_set_limits(struct connections *connections, const struct connections_limits *limits);

/* Takes a place for a connection from this address. Returns 0, or -1 when the total or the client's own limit
 * is reached (COUNTER_REFUSED). */
int connections_admit(struct connections *connections, const struct sockaddr *address, socklen_t len);
/* Gives back the place of a connection that was admitted but never opened. */
void connections_withdraw(struct connections *connections, const struct sockaddr *address);

/* Enters an admitted connection. The result is valid until connections_closed(). */
struct client *connections_opened(struct connections *connections, int fd, const struct sockaddr *address);
/* Gives back the place; the sweep does not touch fd after this returns. */
void connections_closed(struct client *client);

/* Called by one thread at a time for one client; client_waiting(client, false) before the connection is
 * resumed. */
void client_request_line(struct client *client);
void client_request_begun(struct client *client);
void client_waiting(struct client *client, bool waiting);
void client_request_done(struct client *client);

/* True while any client is owed an answer. Idle keep-alive connections do not count. */
bool connections_busy(struct connections *connections);

/* Cuts the clients that are late (COUNTER_CUT). now_ms is clock_mono_ms(). One thread. */
void connections_sweep(struct connections *connections, int64_t now_ms);

/* Writes the address without the port, an IPv4-mapped IPv6 address as IPv4: "192.0.2.7", "2001:db8::1",
 * "unix". */
#define CLIENT_ADDRESS_SIZE 48
void client_address_text(const struct sockaddr *address, char out[CLIENT_ADDRESS_SIZE]);

#endif
