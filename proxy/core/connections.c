/* Owns the table of open connections and the number of connections per client address.
 *
 * Threads: the accept thread admits, libmicrohttpd's workers open, mark and close, one thread sweeps. A
 * worker marks a client by one atomic store; everything else is under the lock.
 *
 * States of a client, as marked: idle -> headers -> answering <-> waiting -> idle. Each mark carries a
 * running number, so that the sweep sees that a keep-alive client was active in between although its state is
 * the same again.
 *
 * libmicrohttpd: a connection beyond its own limit deadlocks the workers, so ours is lower; its time-out
 * starts again at each byte; and it has no call by which another thread could close a connection, so a
 * client is cut by shutdown() of the socket, while the descriptor cannot have been closed and used again. */
#include "proxy/core/connections.h"

#include <arpa/inet.h>
#include <linux/tcp.h> /* the C library's struct tcp_info ends before tcpi_bytes_acked */
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/check.h"
#include "base/counters.h"
#include "base/lock.h"
#include "base/memory.h"

/* The lock is released between slices, so that a sweep over ten thousand clients does not hold up the
 * workers. */
#define SWEEP_SLICE 128

enum client_state { CLIENT_IDLE, CLIENT_HEADERS, CLIENT_ANSWERING, CLIENT_WAITING };
#define STATE_BITS 2
#define STATE_MASK 3u
#define MARK_NONE UINT32_MAX /* never seen by a sweep */

/* The unit of the per-client limit: an IPv4 address, or an IPv6 /64, because a single machine commonly owns a
 * whole one and could come from a new address each time. Zeroed before use, it is a hash key. */
struct host_key {
    unsigned char family; /* 4 or 6 */
    unsigned char prefix[8];
};

struct host {
    struct host_key key;
    int64_t connections; /* admitted and not yet closed */
    UT_hash_handle hh;
};

struct client {
    /* set once */
    struct connections *connections;
    struct host *host; /* NULL: unix socket */
    int fd;

    /* written by the worker that runs the connection */
    _Atomic uint32_t mark; /* running number << STATE_BITS | state */

    /* guarded by connections->lock */
    uint32_t slot;      /* in connections->clients */
    uint32_t seen_mark; /* what the last sweep saw ... */
    int64_t seen_at_ms; /* ... and since when; while answering, when the window began */
    uint64_t seen_acked_bytes;
};

struct connections {
    struct lock lock;

    /* guarded by lock */
    struct connections_limits limits;
    struct client **clients; /* dense: the last one moves into a gap */
    size_t count;
    size_t capacity;
    int64_t admitted; /* open ones, and those on their way */
    struct host *hosts;
};

struct connections *connections_new(const struct connections_limits *limits)
{
    struct connections *connections = xcalloc(1, sizeof(*connections));

    lock_init(&connections->lock, LOCK_RANK_CONNECTIONS);
    connections->limits = *limits;
    return connections;
}

void connections_free(struct connections **connections)
{
    struct connections *old = take_ptr(connections);
    struct host *host;
    struct host *next;

    if (!old)
        return;
    CHECK(old->count == 0);
    /* Those that were admitted, but closed by libmicrohttpd at its stop before they were opened. */
    HASH_ITER (hh, old->hosts, host, next) {
        HASH_DEL(old->hosts, host);
        free(host);
    }
    lock_destroy(&old->lock);
    free(old->clients);
    free(old);
}

void connections_set_limits(struct connections *connections, const struct connections_limits *limits)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&connections->lock);
    connections->limits = *limits;
}

/* ---- addresses ---- */

/* Dual-stack sockets show IPv4 clients as ::ffff:a.b.c.d. Returns the four bytes, or NULL if it is not an
 * IPv4 address. */
static const unsigned char *ipv4_bytes(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (const unsigned char *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(ipv6))
            return ipv6->s6_addr + 12;
    }
    return NULL;
}

/* Returns false for addresses that no per-client limit applies to. */
static bool host_key_of(const struct sockaddr *address, struct host_key *key)
{
    const unsigned char *ipv4 = ipv4_bytes(address);

    memset(key, 0, sizeof(*key));
    if (ipv4) {
        key->family = 4;
        memcpy(key->prefix, ipv4, 4);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    key->family = 6;
    memcpy(key->prefix, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 8);
    return true;
}

void client_address_text(const struct sockaddr *address, char out[CLIENT_ADDRESS_SIZE])
{
    const unsigned char *ipv4 = ipv4_bytes(address);
    const char *text = NULL;

    if (ipv4)
        text = inet_ntop(AF_INET, ipv4, out, CLIENT_ADDRESS_SIZE);
    else if (address->sa_family == AF_INET6)
        text = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, out,
                         CLIENT_ADDRESS_SIZE);
    if (!text)
        memcpy(out, "unix", sizeof("unix"));
}

/* ---- places ---- */

static struct host *find_host_locked(struct connections *connections, const struct host_key *key)
{
    struct host *host;

    lock_check_held(&connections->lock);
    HASH_FIND(hh, connections->hosts, key, sizeof(*key), host);
    return host;
}

static bool take_host_place_locked(struct connections *connections, const struct host_key *key)
{
    lock_check_held(&connections->lock);
    struct host *host = find_host_locked(connections, key);

    if (!host) {
        if (connections->limits.max_per_client < 1)
            return false;
        host = xcalloc(1, sizeof(*host));
        host->key = *key;
        HASH_ADD(hh, connections->hosts, key, sizeof(host->key), host);
    } else if (host->connections >= connections->limits.max_per_client) {
        return false;
    }
    host->connections++;
    return true;
}

/* host may be NULL. */
static void give_place_back_locked(struct connections *connections, struct host *host)
{
    lock_check_held(&connections->lock);
    CHECK(connections->admitted > 0);
    connections->admitted--;
    if (host && --host->connections == 0) {
        HASH_DEL(connections->hosts, host);
        free(host);
    }
}

int connections_admit(struct connections *connections, const struct sockaddr *address, socklen_t len)
{
    struct host_key key;
    /* An unnamed unix socket may come without any address. */
    bool counted = len >= sizeof(address->sa_family) && host_key_of(address, &key);

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&connections->lock);
    if (connections->admitted >= connections->limits.max_connections ||
        (counted && !take_host_place_locked(connections, &key))) {
        counter_add(COUNTER_REFUSED, 1);
        return -1;
    }
    connections->admitted++;
    return 0;
}

void connections_withdraw(struct connections *connections, const struct sockaddr *address)
{
    struct host_key key;
    bool counted = host_key_of(address, &key);

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&connections->lock);
    struct host *host = counted ? find_host_locked(connections, &key) : NULL;
    CHECK(!counted || host);
    give_place_back_locked(connections, host);
}

struct client *connections_opened(struct connections *connections, int fd, const struct sockaddr *address)
{
    struct client *client = xcalloc(1, sizeof(*client));
    struct host_key key;
    bool counted = host_key_of(address, &key);

    client->connections = connections;
    client->fd = fd;
    client->seen_mark = MARK_NONE;
    counter_add(COUNTER_CONNECTIONS, 1);

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&connections->lock);
    client->host = counted ? find_host_locked(connections, &key) : NULL;
    CHECK(!counted || client->host);
    if (connections->count == connections->capacity) {
        connections->capacity = connections->capacity ? connections->capacity * 2 : 64;
        connections->clients =
            xrealloc(connections->clients, connections->capacity * sizeof(struct client *));
    }
    client->slot = (uint32_t)connections->count;
    connections->clients[connections->count++] = client;
    return client;
}

static void remove_client(struct client *client)
{
    struct connections *connections = client->connections;

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&connections->lock);
    struct client *last = connections->clients[--connections->count];
    last->slot = client->slot;
    connections->clients[last->slot] = last;
    give_place_back_locked(connections, client->host);
}

void connections_closed(struct client *client)
{
    remove_client(client);
    counter_add(COUNTER_CONNECTIONS, -1);
    free(client);
}

/* ---- marks ---- */

static void mark(struct client *client, enum client_state state)
{
    uint32_t old = atomic_load_explicit(&client->mark, memory_order_relaxed);
    /* Only one thread at a time marks a client, so load and store need not be one operation. The number may
     * wrap: a sweep would take a client for inactive only after exactly 2^30 marks since the last one. */
    uint32_t number = ((old >> STATE_BITS) + 1) << STATE_BITS;

    atomic_store_explicit(&client->mark, number | state, memory_order_relaxed);
}

void client_request_line(struct client *client)
{
    mark(client, CLIENT_HEADERS);
}

void client_request_begun(struct client *client)
{
    mark(client, CLIENT_ANSWERING);
}

void client_waiting(struct client *client, bool waiting)
{
    mark(client, waiting ? CLIENT_WAITING : CLIENT_ANSWERING);
}

void client_request_done(struct client *client)
{
    mark(client, CLIENT_IDLE);
}

bool connections_busy(struct connections *connections)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&connections->lock);
    for (size_t i = 0; i < connections->count; i++) {
        uint32_t state =
            atomic_load_explicit(&connections->clients[i]->mark, memory_order_relaxed) & STATE_MASK;
        if (state != CLIENT_IDLE)
            return true;
    }
    return false;
}

/* ---- the sweep ---- */

/* Bytes that the peer's TCP has acknowledged. Those in our send buffer do not count: it takes megabytes at
 * once, and a client that reads nothing would seem fast. */
static bool acked_bytes(int fd, uint64_t *out)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return false;
    /* Kernels before 4.1 give a shorter struct. */
    if (len < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked))
        return false;
    *out = info.tcpi_bytes_acked;
    return true;
}

/* Ends the window that began at seen_at_ms and begins the next. Returns true if the client took too little.
 * On unix sockets (no host) there is nothing to measure. */
static bool took_too_little_locked(struct client *client, const struct connections_limits *limits,
                                   int64_t now_ms)
{
    lock_check_held(&client->connections->lock);
    uint64_t acked;
    int64_t elapsed_ms = now_ms - client->seen_at_ms;

    if (!client->host || elapsed_ms < limits->slow_window_ms || !acked_bytes(client->fd, &acked))
        return false;
    bool slow = (int64_t)(acked - client->seen_acked_bytes) * 1000 < limits->slow_bytes_per_s * elapsed_ms;
    client->seen_at_ms = now_ms;
    client->seen_acked_bytes = acked;
    return slow;
}

enum verdict { VERDICT_STAYS, VERDICT_LATE, VERDICT_LEFT };

/* For a client that has yet to send the rest of its request. libmicrohttpd does not see an end that comes
 * together with the bytes before it. */
static enum verdict judge_silent(const struct client *client, int64_t patience_ms, int64_t now_ms)
{
    struct pollfd ask = {.fd = client->fd, .events = POLLRDHUP};

    if (now_ms - client->seen_at_ms >= patience_ms)
        return VERDICT_LATE;
    return poll(&ask, 1, 0) > 0 ? VERDICT_LEFT : VERDICT_STAYS;
}

static enum verdict judge_locked(struct client *client, const struct connections_limits *limits,
                                 int64_t now_ms)
{
    lock_check_held(&client->connections->lock);
    uint32_t now_mark = atomic_load_explicit(&client->mark, memory_order_relaxed);
    enum client_state state = now_mark & STATE_MASK;

    if (now_mark != client->seen_mark) {
        client->seen_mark = now_mark;
        client->seen_at_ms = now_ms;
        if (state == CLIENT_ANSWERING && client->host)
            acked_bytes(client->fd, &client->seen_acked_bytes);
        return VERDICT_STAYS;
    }
    switch (state) {
    case CLIENT_IDLE:
        return judge_silent(client, limits->idle_ms, now_ms);
    case CLIENT_HEADERS:
        return judge_silent(client, limits->headers_ms, now_ms);
    case CLIENT_ANSWERING:
        return took_too_little_locked(client, limits, now_ms) ? VERDICT_LATE : VERDICT_STAYS;
    case CLIENT_WAITING: /* for us; fills_tick() notices if it hangs up */
        break;
    }
    return VERDICT_STAYS;
}

/* Returns where the next slice begins, 0 after the last. Clients move while the lock is free between slices;
 * one that moved to a slot already passed is met by the next sweep. */
static size_t sweep_slice(struct connections *connections, size_t from, int64_t now_ms)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&connections->lock);
    size_t to = from + SWEEP_SLICE < connections->count ? from + SWEEP_SLICE : connections->count;
    for (size_t i = from; i < to; i++) {
        struct client *client = connections->clients[i];
        enum verdict verdict = judge_locked(client, &connections->limits, now_ms);
        if (verdict == VERDICT_STAYS)
            continue;
        /* The descriptor is still this client's: libmicrohttpd closes it only after connections_closed(),
         * which needs our lock. The part of its last answer that an idle client has not read yet still
         * reaches it. */
        shutdown(client->fd, SHUT_RDWR);
        counter_add(COUNTER_CUT, verdict == VERDICT_LATE);
        /* Seen as new by the next sweep: libmicrohttpd may need a while to close it. */
        client->seen_mark = MARK_NONE;
    }
    return to < connections->count ? to : 0;
}

void connections_sweep(struct connections *connections, int64_t now_ms)
{
    size_t next = 0;

    do
        next = sweep_slice(connections, next, now_ms);
    while (next);
}
