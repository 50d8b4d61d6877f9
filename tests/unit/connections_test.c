#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/counters.h"
#include "base/memory.h"
#include "proxy/core/connections.h"

static const struct connections_limits usual = {
    .max_connections = 100,
    .max_per_client = 10,
    .idle_ms = CONNECTIONS_IDLE_MS,
    .headers_ms = CONNECTIONS_HEADERS_MS,
    .slow_window_ms = CONNECTIONS_SLOW_WINDOW_MS,
    .slow_bytes_per_s = CONNECTIONS_SLOW_BYTES_PER_S,
};

/* ---- addresses ---- */

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr_un un;
};

static union address from(const char *text)
{
    union address address = {.ipv6 = {0}};

    if (strcmp(text, "unix") == 0) {
        address.un.sun_family = AF_UNIX;
    } else if (strchr(text, ':')) {
        address.ipv6.sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &address.ipv6.sin6_addr), 1);
    } else {
        address.ipv4.sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &address.ipv4.sin_addr), 1);
    }
    return address;
}

static int admit(struct connections *connections, const char *text)
{
    union address address = from(text);

    return connections_admit(connections, &address.any, sizeof(address));
}

static void withdraw(struct connections *connections, const char *text)
{
    union address address = from(text);

    connections_withdraw(connections, &address.any);
}

/* ---- an open client at one end of a socket pair ---- */

struct peer {
    struct client *client;
    int server;
    int far; /* the client's end */
};

static struct peer open_client(struct connections *connections, const char *text, int server, int far)
{
    union address address = from(text);

    assert_int_equal(connections_admit(connections, &address.any, sizeof(address)), 0);
    return (struct peer){connections_opened(connections, server, &address.any), server, far};
}

static struct peer open_pair(struct connections *connections, const char *text)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    return open_client(connections, text, ends[0], ends[1]);
}

/* Over loopback TCP, with a small receive buffer at the far end. */
static struct peer open_tcp(struct connections *connections)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(at);
    int small = 4096;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(setsockopt(far, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(connect(far, (struct sockaddr *)&at, sizeof(at)), 0);
    int server = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(server >= 0);
    close(listening);
    return open_client(connections, "127.0.0.1", server, far);
}

static void close_peer(struct peer *peer)
{
    connections_closed(peer->client);
    close(peer->server);
    close(peer->far);
}

static bool is_cut(const struct peer *peer)
{
    char byte;

    return recv(peer->server, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void fill_send_buffer(int fd)
{
    static const char bytes[65536];

    while (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

/* ---- limits ---- */

static void connections_total_is_limited(void **state)
{
    (void)state;
    struct connections_limits limits = usual;
    limits.max_connections = 2;
    struct connections *connections = connections_new(&limits);
    int64_t refused = counter_get(COUNTER_REFUSED);

    assert_int_equal(admit(connections, "192.0.2.1"), 0);
    assert_int_equal(admit(connections, "unix"), 0);
    assert_int_equal(admit(connections, "192.0.2.3"), -1);
    assert_int_equal(admit(connections, "unix"), -1);
    assert_int_equal(counter_get(COUNTER_REFUSED), refused + 2);
    withdraw(connections, "unix");
    assert_int_equal(admit(connections, "192.0.2.3"), 0);
    withdraw(connections, "192.0.2.1");
    withdraw(connections, "192.0.2.3");
    connections_free(&connections);
}

/* Takes all but one of a client's places, then asks for two more. */
static int second_of_two(const char *first, const char *second)
{
    struct connections_limits limits = usual;
    limits.max_per_client = 1;
    struct connections *connections = connections_new(&limits);

    assert_int_equal(admit(connections, first), 0);
    int result = admit(connections, second);
    if (result == 0)
        withdraw(connections, second);
    withdraw(connections, first);
    connections_free(&connections);
    return result;
}

static void connections_per_client_is_limited(void **state)
{
    (void)state;
    assert_int_equal(second_of_two("192.0.2.1", "192.0.2.1"), -1);
    assert_int_equal(second_of_two("192.0.2.1", "192.0.2.2"), 0);
}

static void connections_ipv6_counts_by_64(void **state)
{
    (void)state;
    assert_int_equal(second_of_two("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"), -1);
    assert_int_equal(second_of_two("2001:db8:0:1::1", "2001:db8:0:2::1"), 0);
}

static void connections_mapped_ipv4_counts_as_ipv4(void **state)
{
    (void)state;
    assert_int_equal(second_of_two("::ffff:192.0.2.1", "192.0.2.1"), -1);
    assert_int_equal(second_of_two("::ffff:192.0.2.1", "::ffff:192.0.2.2"), 0);
}

static void connections_unix_has_no_client_limit(void **state)
{
    (void)state;
    assert_int_equal(second_of_two("unix", "unix"), 0);
}

static void connections_closing_gives_the_place_back(void **state)
{
    (void)state;
    struct connections_limits limits = usual;
    limits.max_per_client = 2;
    struct connections *connections = connections_new(&limits);
    int64_t open = counter_get(COUNTER_CONNECTIONS);

    struct peer first = open_pair(connections, "192.0.2.1");
    struct peer second = open_pair(connections, "192.0.2.1");
    assert_int_equal(counter_get(COUNTER_CONNECTIONS), open + 2);
    assert_int_equal(admit(connections, "192.0.2.1"), -1);
    close_peer(&first);
    assert_int_equal(counter_get(COUNTER_CONNECTIONS), open + 1);
    struct peer third = open_pair(connections, "192.0.2.1");
    close_peer(&second);
    close_peer(&third);
    assert_int_equal(counter_get(COUNTER_CONNECTIONS), open);
    connections_free(&connections);
    assert_null(connections);
}

static void connections_limits_can_change(void **state)
{
    (void)state;
    struct connections_limits limits = usual;
    limits.max_connections = 1;
    struct connections *connections = connections_new(&limits);

    assert_int_equal(admit(connections, "192.0.2.1"), 0);
    assert_int_equal(admit(connections, "192.0.2.2"), -1);
    limits.max_connections = 2;
    connections_set_limits(connections, &limits);
    assert_int_equal(admit(connections, "192.0.2.2"), 0);
    withdraw(connections, "192.0.2.1");
    withdraw(connections, "192.0.2.2");
    connections_free(&connections);
}

/* libmicrohttpd closes those that it has not looked at when it stops, without a word. */
static void connections_free_with_some_never_opened(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);

    assert_int_equal(admit(connections, "192.0.2.1"), 0);
    assert_int_equal(admit(connections, "unix"), 0);
    connections_free(&connections);
    assert_null(connections);
}

/* ---- deadlines ---- */

static void sweep_cuts_a_silent_client(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    struct peer peer = open_pair(connections, "192.0.2.1");
    int64_t cut = counter_get(COUNTER_CUT);

    connections_sweep(connections, 1000);
    connections_sweep(connections, 1000 + CONNECTIONS_IDLE_MS - 1);
    assert_false(is_cut(&peer));
    connections_sweep(connections, 1000 + CONNECTIONS_IDLE_MS);
    assert_true(is_cut(&peer));
    assert_int_equal(counter_get(COUNTER_CUT), cut + 1);
    close_peer(&peer);
    connections_free(&connections);
}

static void sweep_cuts_late_headers(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    struct peer peer = open_pair(connections, "unix");

    connections_sweep(connections, 0);
    client_request_line(peer.client);
    connections_sweep(connections, 5000);
    connections_sweep(connections, 5000 + CONNECTIONS_HEADERS_MS - 1);
    assert_false(is_cut(&peer));
    connections_sweep(connections, 5000 + CONNECTIONS_HEADERS_MS);
    assert_true(is_cut(&peer));
    close_peer(&peer);
    connections_free(&connections);
}

static void sweep_cuts_who_has_hung_up(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    struct peer idle = open_pair(connections, "192.0.2.1");
    struct peer in_headers = open_tcp(connections);

    client_request_line(in_headers.client);
    connections_sweep(connections, 1000);
    connections_sweep(connections, 2000);
    assert_false(is_cut(&idle) || is_cut(&in_headers));
    int64_t cut = counter_get(COUNTER_CUT);
    shutdown(idle.far, SHUT_WR);
    shutdown(in_headers.far, SHUT_WR);
    assert_int_equal(send(idle.server, "a", 1, MSG_NOSIGNAL), 1);
    connections_sweep(connections, 3000);
    assert_int_equal(send(idle.server, "a", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(send(in_headers.server, "a", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(counter_get(COUNTER_CUT), cut); /* they went by themselves */
    close_peer(&idle);
    close_peer(&in_headers);
    connections_free(&connections);
}

static void sweep_spares_a_busy_keep_alive_client(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    struct peer peer = open_pair(connections, "192.0.2.1");

    for (int64_t now_ms = 0; now_ms < 4 * CONNECTIONS_IDLE_MS; now_ms += CONNECTIONS_IDLE_MS - 1) {
        connections_sweep(connections, now_ms);
        client_request_line(peer.client);
        client_request_begun(peer.client);
        client_request_done(peer.client);
    }
    assert_false(is_cut(&peer));
    close_peer(&peer);
    connections_free(&connections);
}

static void sweep_spares_who_waits_for_a_fill(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    struct peer peer = open_tcp(connections);

    client_request_line(peer.client);
    client_request_begun(peer.client);
    client_waiting(peer.client, true);
    for (int64_t now_ms = 0; now_ms <= 10 * CONNECTIONS_SLOW_WINDOW_MS; now_ms += CONNECTIONS_SLOW_WINDOW_MS)
        connections_sweep(connections, now_ms);
    assert_false(is_cut(&peer));
    close_peer(&peer);
    connections_free(&connections);
}

/* ---- slow readers ---- */

static void sweep_cuts_who_takes_nothing(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    struct peer peer = open_tcp(connections);

    client_request_line(peer.client);
    client_request_begun(peer.client);
    fill_send_buffer(peer.server);
    connections_sweep(connections, 0);
    connections_sweep(connections, CONNECTIONS_SLOW_WINDOW_MS - 1);
    assert_false(is_cut(&peer));
    connections_sweep(connections, CONNECTIONS_SLOW_WINDOW_MS);
    assert_true(is_cut(&peer));
    close_peer(&peer);
    connections_free(&connections);
}

static void sweep_window_begins_after_waiting(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    struct peer peer = open_tcp(connections);

    client_request_line(peer.client);
    client_request_begun(peer.client);
    client_waiting(peer.client, true);
    connections_sweep(connections, 0);
    client_waiting(peer.client, false);
    connections_sweep(connections, CONNECTIONS_SLOW_WINDOW_MS);
    connections_sweep(connections, 2 * CONNECTIONS_SLOW_WINDOW_MS - 1);
    assert_false(is_cut(&peer));
    connections_sweep(connections, 2 * CONNECTIONS_SLOW_WINDOW_MS);
    assert_true(is_cut(&peer));
    close_peer(&peer);
    connections_free(&connections);
}

/* Sends and reads a megabyte: far more than the window asks for, however late the last acknowledgement is. */
static void take_a_megabyte(const struct peer *peer)
{
    static char bytes[16384];
    size_t left = 1 << 20;

    while (left) {
        ssize_t sent = send(peer->server, bytes, sizeof(bytes), MSG_NOSIGNAL);
        if (sent < 0)
            assert_int_equal(errno, EAGAIN);
        ssize_t got = read(peer->far, bytes, sizeof(bytes));
        assert_true(got > 0);
        left -= (size_t)got < left ? (size_t)got : left;
    }
}

static void sweep_measures_every_window(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    struct peer peer = open_tcp(connections);

    client_request_line(peer.client);
    client_request_begun(peer.client);
    connections_sweep(connections, 0);
    take_a_megabyte(&peer);
    connections_sweep(connections, CONNECTIONS_SLOW_WINDOW_MS);
    assert_false(is_cut(&peer));
    connections_sweep(connections, 2 * CONNECTIONS_SLOW_WINDOW_MS);
    assert_true(is_cut(&peer));
    close_peer(&peer);
    connections_free(&connections);
}

static void sweep_spares_slow_unix_sockets(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    struct peer peer = open_pair(connections, "unix");

    client_request_line(peer.client);
    client_request_begun(peer.client);
    connections_sweep(connections, 0);
    connections_sweep(connections, 10 * CONNECTIONS_SLOW_WINDOW_MS);
    assert_false(is_cut(&peer));
    close_peer(&peer);
    connections_free(&connections);
}

/* More clients than one slice, closed in an order that moves others about. */
static void sweep_reaches_every_client(void **state)
{
    (void)state;
    struct connections_limits limits = usual;
    limits.max_connections = limits.max_per_client = 400;
    struct connections *connections = connections_new(&limits);
    struct peer peers[400];

    for (int i = 0; i < 400; i++)
        peers[i] = open_pair(connections, "192.0.2.1");
    for (int i = 0; i < 100; i++)
        close_peer(&peers[i]);
    connections_sweep(connections, 0);
    connections_sweep(connections, CONNECTIONS_IDLE_MS);
    for (int i = 100; i < 400; i++) {
        assert_true(is_cut(&peers[i]));
        close_peer(&peers[i]);
    }
    connections_free(&connections);
}

/* ---- threads ---- */

static atomic_int workers_running;

static void *work(void *arg)
{
    struct connections *connections = arg;

    for (int i = 0; i < 500; i++) {
        struct peer peer = open_pair(connections, i % 2 ? "192.0.2.1" : "2001:db8::1");
        client_request_line(peer.client);
        client_request_begun(peer.client);
        client_request_done(peer.client);
        close_peer(&peer);
    }
    atomic_fetch_sub(&workers_running, 1);
    return NULL;
}

static void connections_survive_many_threads(void **state)
{
    (void)state;
    struct connections *connections = connections_new(&usual);
    pthread_t workers[3];
    int64_t now_ms = 0;

    atomic_store(&workers_running, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, work, connections), 0);
    while (atomic_load(&workers_running))
        connections_sweep(connections, now_ms += 20000);
    for (int i = 0; i < 3; i++)
        pthread_join(workers[i], NULL);
    connections_free(&connections);
    assert_null(connections);
}

/* ---- text ---- */

static void assert_text(const char *address, const char *expected)
{
    union address a = from(address);
    char text[CLIENT_ADDRESS_SIZE];

    client_address_text(&a.any, text);
    assert_string_equal(text, expected);
}

static void client_address_is_readable(void **state)
{
    (void)state;
    assert_text("192.0.2.7", "192.0.2.7");
    assert_text("2001:db8::1", "2001:db8::1");
    assert_text("::ffff:192.0.2.7", "192.0.2.7");
    assert_text("unix", "unix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_total_is_limited),
        cmocka_unit_test(connections_per_client_is_limited),
        cmocka_unit_test(connections_ipv6_counts_by_64),
        cmocka_unit_test(connections_mapped_ipv4_counts_as_ipv4),
        cmocka_unit_test(connections_unix_has_no_client_limit),
        cmocka_unit_test(connections_closing_gives_the_place_back),
        cmocka_unit_test(connections_limits_can_change),
        cmocka_unit_test(connections_free_with_some_never_opened),
        cmocka_unit_test(sweep_cuts_a_silent_client),
        cmocka_unit_test(sweep_cuts_late_headers),
        cmocka_unit_test(sweep_cuts_who_has_hung_up),
        cmocka_unit_test(sweep_spares_a_busy_keep_alive_client),
        cmocka_unit_test(sweep_spares_who_waits_for_a_fill),
        cmocka_unit_test(sweep_cuts_who_takes_nothing),
        cmocka_unit_test(sweep_window_begins_after_waiting),
        cmocka_unit_test(sweep_measures_every_window),
        cmocka_unit_test(sweep_spares_slow_unix_sockets),
        cmocka_unit_test(sweep_reaches_every_client),
        cmocka_unit_test(connections_survive_many_threads),
        cmocka_unit_test(client_address_is_readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
