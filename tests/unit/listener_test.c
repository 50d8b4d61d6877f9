#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/config.h"
#include "base/counters.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/core/listener.h"

/* ---- what hand_over got ---- */

static struct {
    struct lock lock;
    pthread_cond_t came;
    int count;
    int fd; /* the last one */
    bool take;
} handed;

static int hand_over(void *arg, int fd, const struct sockaddr *address, socklen_t len)
{
    (void)len;
    assert_ptr_equal(arg, &handed);
    assert_true(address->sa_family == AF_INET || address->sa_family == AF_INET6 ||
                address->sa_family == AF_UNIX);
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&handed.lock);
    handed.count++;
    if (!handed.take)
        fd = -1;
    handed.fd = fd;
    pthread_cond_signal(&handed.came);
    return handed.take ? 0 : -1;
}

/* Waits for the next connection; owned by the caller. */
static int next_handed(void)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&handed.lock);
    while (!handed.count)
        assert_true(lock_wait(&handed.lock, &handed.came, 10000));
    handed.count--;
    return take_fd(&handed.fd);
}

static int setup(void **state)
{
    (void)state;
    lock_init(&handed.lock, LOCK_RANK_SITE);
    lock_condition_init(&handed.came);
    handed.count = 0;
    handed.fd = -1;
    handed.take = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lock_destroy(&handed.lock);
    return 0;
}

/* ---- helpers ---- */

static struct listener *open_one(const char *spec)
{
    char *items[] = {(char *)spec};
    struct string_list specs = {items, 1};
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct listener *listener = NULL;

    if (listener_open(&specs, &listener, &error) < 0)
        fail_msg("%s", error.data);
    return listener;
}

static void assert_refused(const char *spec, const char *because)
{
    char *items[] = {(char *)spec};
    struct string_list specs = {items, 1};
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct listener *listener = NULL;

    assert_int_equal(listener_open(&specs, &listener, &error), -1);
    assert_null(listener);
    if (!strstr(error.data, spec) || !strstr(error.data, because))
        fail_msg("\"%s\" does not tell about %s: %s", error.data, spec, because);
}

/* Of the only socket: "127.0.0.1:34567". */
static char *address_of(const struct listener *listener)
{
    struct buf text = BUF_INIT;

    assert_int_equal(listener_addresses(listener, &text), 1);
    assert_true(text_ends(text.data, "\n"));
    text.data[--text.len] = '\0';
    return buf_take(&text);
}

static uint16_t port_of(const char *address)
{
    uint64_t port;
    const char *digits = strrchr(address, ':') + 1;

    assert_int_equal(text_parse_uint(digits, strlen(digits), &port), 0);
    assert_in_range(port, 1, 65535);
    return (uint16_t)port;
}

/* Clients that say nothing are accepted a second later. */
static int connect_and_send(int fd, uint16_t port, const char *first)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};

    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        return -1;
    return send(fd, first, 1, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int connect_ipv4_by(int fd, uint16_t port)
{
    return connect_and_send(fd, port, "G");
}

static int connect_ipv4(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect_ipv4_by(fd, port), 0);
    return fd;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(to.sun_path, path, strlen(path));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void assert_closed_by_peer(int fd)
{
    char byte;
    ssize_t got = read(fd, &byte, 1);

    assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
}

/* ---- tests ---- */

static void listener_hands_over_connections(void **state)
{
    (void)state;
    struct listener *listener = open_one("127.0.0.1:0");
    char *CLEANUP_FREE address = address_of(listener);

    assert_true(text_starts(address, "127.0.0.1:"));
    listener_start(listener, hand_over, &handed);
    int client = connect_ipv4(port_of(address));
    int server = next_handed();
    assert_int_equal(write(server, "x", 1), 1);
    char byte = 0;
    assert_int_equal(read(client, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(client);
    close(server);
    listener_free(&listener);
    assert_null(listener);
}

static void listener_sets_socket_options(void **state)
{
    (void)state;
    struct listener *listener = open_one("127.0.0.1:0");
    char *CLEANUP_FREE address = address_of(listener);

    listener_start(listener, hand_over, &handed);
    int client = connect_ipv4(port_of(address));
    int server = next_handed();
    int nodelay = 0;
    int keepalive = 0;
    socklen_t len = sizeof(int);
    assert_int_equal(getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &nodelay, &len), 0);
    assert_int_equal(getsockopt(server, SOL_SOCKET, SO_KEEPALIVE, &keepalive, &len), 0);
    assert_true(nodelay);
    assert_true(keepalive);
    assert_true(fcntl(server, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(server, F_GETFD) & FD_CLOEXEC);
    close(client);
    close(server);
    listener_free(&listener);
}

static void listener_closes_what_is_not_taken(void **state)
{
    (void)state;
    struct listener *listener = open_one("127.0.0.1:0");
    char *CLEANUP_FREE address = address_of(listener);

    handed.take = false;
    listener_start(listener, hand_over, &handed);
    int client = connect_ipv4(port_of(address));
    assert_closed_by_peer(client);
    close(client);
    listener_free(&listener);
}

static void listener_closes_tls_handshakes(void **state)
{
    (void)state;
    struct listener *listener = open_one("127.0.0.1:0");
    char *CLEANUP_FREE address = address_of(listener);

    listener_start(listener, hand_over, &handed);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect_and_send(client, port_of(address), "\x16"), 0);
    assert_closed_by_peer(client);
    close(client);
    listener_free(&listener);
}

static void listener_stops_accepting(void **state)
{
    (void)state;
    struct listener *listener = open_one("127.0.0.1:0");
    char *CLEANUP_FREE address = address_of(listener);

    listener_start(listener, hand_over, &handed);
    listener_stop(listener);
    listener_stop(listener);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect_ipv4_by(client, port_of(address)), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(client);
    listener_free(&listener);
    assert_int_equal(handed.count, 0);
}

static void listener_serves_several_addresses(void **state)
{
    (void)state;
    char *items[] = {"127.0.0.1:0", "127.0.0.2:0"};
    struct string_list specs = {items, 2};
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct listener *listener;

    assert_int_equal(listener_open(&specs, &listener, &text), 0);
    assert_int_equal(listener_addresses(listener, &text), 2);
    assert_true(text_starts(text.data, "127.0.0.1:"));
    const char *second = strchr(text.data, '\n') + 1;
    assert_true(text_starts(second, "127.0.0.2:"));
    listener_free(&listener);
}

static bool ipv6_works(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int CLEANUP_CLOSE fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;
}

static void listener_star_takes_ipv4(void **state)
{
    (void)state;
    struct listener *listener = open_one("*:0");
    char *CLEANUP_FREE address = address_of(listener);

    assert_true(text_starts(address, ipv6_works() ? "[::]:" : "0.0.0.0:"));
    listener_start(listener, hand_over, &handed);
    int client = connect_ipv4(port_of(address));
    close(next_handed());
    close(client);
    listener_free(&listener);
}

static void listener_ipv6_prints_brackets(void **state)
{
    (void)state;
    if (!ipv6_works()) {
        assert_refused("[::1]:0", "IPv4 address");
        return;
    }
    struct listener *listener = open_one("[::1]:0");
    char *CLEANUP_FREE address = address_of(listener);
    assert_true(text_starts(address, "[::1]:"));
    listener_free(&listener);
}

static void listener_both_wildcards_share_a_port(void **state)
{
    (void)state;
    struct listener *found = open_one("127.0.0.1:0");
    char *CLEANUP_FREE address = address_of(found);
    char *CLEANUP_FREE ipv4 = xasprintf("0.0.0.0:%d", port_of(address));
    char *CLEANUP_FREE both = xasprintf("*:%d", port_of(address));
    char *items[] = {ipv4, both};
    struct string_list specs = {items, ipv6_works() ? 2 : 1};
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct listener *listener = NULL;

    listener_free(&found);
    if (listener_open(&specs, &listener, &error) < 0)
        fail_msg("%s", error.data);
    listener_free(&listener);
}

static void listener_refuses_bad_addresses(void **state)
{
    (void)state;
    assert_refused("8080", "not an address and port");
    assert_refused(":8080", "not an address and port");
    assert_refused("127.0.0.1:", "not an address and port");
    assert_refused("127.0.0.1:65536", "not an address and port");
    assert_refused("127.0.0.1:80x", "not an address and port");
    assert_refused("::1:8080", "not an address and port");
    assert_refused("[]:8080", "not an address and port");
    assert_refused("[::1:8080", "not an address and port");
    assert_refused("localhost:8080", "not an IP address");
    assert_refused("999.0.0.1:8080", "not an IP address");
    assert_refused("192.0.2.1:8080", "no such address");
    assert_refused("unix:", "1 to 107 bytes");
    assert_refused("unix:/nonexistent/folder/s.sock", "create it");
}

static void listener_refuses_an_empty_list(void **state)
{
    (void)state;
    struct string_list none = {NULL, 0};
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct listener *listener = NULL;

    assert_int_equal(listener_open(&none, &listener, &error), -1);
    assert_non_null(strstr(error.data, "`listen`"));
}

static void listener_port_in_use_is_told(void **state)
{
    (void)state;
    struct listener *listener = open_one("127.0.0.1:0");
    char *CLEANUP_FREE address = address_of(listener);

    assert_refused(address, "another program listens there");
    listener_free(&listener);
}

/* ---- unix sockets ---- */

static char *temporary_path(void)
{
    char folder[] = "/tmp/yizhan-listener-XXXXXX";

    assert_non_null(mkdtemp(folder));
    return xasprintf("%s/s.sock", folder);
}

static void remove_with_folder(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
}

static void listener_unix_serves_and_cleans_up(void **state)
{
    (void)state;
    char *CLEANUP_FREE path = temporary_path();
    char *CLEANUP_FREE spec = xasprintf("unix:%s", path);
    struct listener *listener = open_one(spec);
    char *CLEANUP_FREE address = address_of(listener);

    assert_string_equal(address, spec);
    listener_start(listener, hand_over, &handed);
    int client = connect_unix(path);
    close(next_handed());
    assert_closed_by_peer(client);
    close(client);
    listener_free(&listener);
    assert_int_equal(access(path, F_OK), -1);
    remove_with_folder(path);
}

static void listener_unix_replaces_a_dead_socket(void **state)
{
    (void)state;
    char *CLEANUP_FREE path = temporary_path();
    char *CLEANUP_FREE spec = xasprintf("unix:%s", path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
    close(dead);
    struct listener *listener = open_one(spec);
    int client = connect_unix(path);
    assert_true(client >= 0);
    close(client);
    listener_free(&listener);
    remove_with_folder(path);
}

static void listener_unix_spares_a_live_socket(void **state)
{
    (void)state;
    char *CLEANUP_FREE path = temporary_path();
    char *CLEANUP_FREE spec = xasprintf("unix:%s", path);
    struct listener *listener = open_one(spec);

    assert_refused(spec, "in use");
    int client = connect_unix(path);
    assert_true(client >= 0);
    close(client);
    listener_free(&listener);
    remove_with_folder(path);
}

static void listener_unix_spares_other_files(void **state)
{
    (void)state;
    char *CLEANUP_FREE path = temporary_path();
    char *CLEANUP_FREE spec = xasprintf("unix:%s", path);

    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_refused(spec, "is not a socket");
    assert_int_equal(access(path, F_OK), 0);
    remove_with_folder(path);
}

static void listener_unix_leaves_a_successor_alone(void **state)
{
    (void)state;
    char *CLEANUP_FREE path = temporary_path();
    char *CLEANUP_FREE spec = xasprintf("unix:%s", path);
    struct listener *first = open_one(spec);

    assert_int_equal(unlink(path), 0);
    struct listener *second = open_one(spec);
    listener_free(&first);
    assert_int_equal(access(path, F_OK), 0);
    listener_free(&second);
    remove_with_folder(path);
}

/* ---- out of descriptors ---- */

static void listener_turns_away_without_descriptors(void **state)
{
    (void)state;
    struct listener *listener = open_one("127.0.0.1:0");
    char *CLEANUP_FREE address = address_of(listener);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int later = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int64_t refused = counter_get(COUNTER_REFUSED);
    struct rlimit usual;
    struct rlimit full;

    int lowest_free = dup(0);
    close(lowest_free);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    full = usual;
    full.rlim_cur = (rlim_t)lowest_free;
    log_set_level(LOG_ERROR);
    listener_start(listener, hand_over, &handed);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &full), 0);
    assert_int_equal(connect_ipv4_by(client, port_of(address)), 0);
    assert_closed_by_peer(client);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    log_set_level(LOG_INFO);
    assert_int_equal(counter_get(COUNTER_REFUSED), refused + 1);

    assert_int_equal(connect_ipv4_by(later, port_of(address)), 0);
    close(next_handed());
    close(later);
    close(client);
    listener_free(&listener);
}

/* ---- socket activation ---- */

/* In a child: descriptor 3 is `socket_fd`, as systemd would pass it. */
static int inherited_outcome(int socket_fd, bool for_us)
{
    pid_t child = fork();

    if (!child) {
        char *items[] = {"127.0.0.1:0"};
        struct string_list specs = {items, 1};
        struct buf error = BUF_INIT;
        struct buf text = BUF_INIT;
        struct listener *listener = NULL;
        char pid[24];

        dup2(socket_fd, 3);
        snprintf(pid, sizeof(pid), "%d", (int)getpid() + !for_us);
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", "1", 1);
        if (listener_open(&specs, &listener, &error) < 0)
            _exit(strstr(error.data, "systemd") ? 2 : 9);
        listener_addresses(listener, &text);
        bool used = text_starts(text.data, "127.0.0.3:") && !getenv("LISTEN_FDS");
        _exit(used ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void listener_uses_inherited_sockets(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK + 2)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(inherited_outcome(fd, true), 0);
    assert_int_equal(inherited_outcome(fd, false), 1);
    close(fd);
}

static void listener_refuses_odd_inherited_descriptors(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(inherited_outcome(fd, true), 2);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(listener_hands_over_connections, setup, teardown),
        cmocka_unit_test_setup_teardown(listener_sets_socket_options, setup, teardown),
        cmocka_unit_test_setup_teardown(listener_closes_what_is_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(listener_closes_tls_handshakes, setup, teardown),
        cmocka_unit_test_setup_teardown(listener_stops_accepting, setup, teardown),
        cmocka_unit_test(listener_serves_several_addresses),
        cmocka_unit_test_setup_teardown(listener_star_takes_ipv4, setup, teardown),
        cmocka_unit_test(listener_ipv6_prints_brackets),
        cmocka_unit_test(listener_both_wildcards_share_a_port),
        cmocka_unit_test(listener_refuses_bad_addresses),
        cmocka_unit_test(listener_refuses_an_empty_list),
        cmocka_unit_test(listener_port_in_use_is_told),
        cmocka_unit_test_setup_teardown(listener_unix_serves_and_cleans_up, setup, teardown),
        cmocka_unit_test(listener_unix_replaces_a_dead_socket),
        cmocka_unit_test(listener_unix_spares_a_live_socket),
        cmocka_unit_test(listener_unix_spares_other_files),
        cmocka_unit_test(listener_unix_leaves_a_successor_alone),
        cmocka_unit_test_setup_teardown(listener_turns_away_without_descriptors, setup, teardown),
        cmocka_unit_test(listener_uses_inherited_sockets),
        cmocka_unit_test(listener_refuses_odd_inherited_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
