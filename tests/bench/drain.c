/* drain: many HTTP clients in one thread, as cheap as clients can be, so that the server is what is measured.
 * Bodies are thrown away inside the kernel (MSG_TRUNC), never copied.
 *
 *     drain [-c clients] [-n requests] [-r bytes/s] [-k] [-b receive_buffer] [-H "Name: value"] PORT PATH...
 *
 * Each client connects to 127.0.0.1, asks `requests` times for PATH and reads the answers; with -r no faster
 * than so many bytes a second. Of several paths each client asks for one after the other and begins with another
 * than its neighbour. With -k it then keeps its connections open and idle. "ready" is printed when
 * every client has the headers of its first answer (with -k: all of its answers). It ends when everything has
 * been read, with -k or on SIGTERM at once, and prints one line of JSON. A client fails when the status is
 * not 200, or the body is cut short. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEADERS_MAX 4096
#define CHUNK_BYTES (1u << 20)
#define TICK_MS 50 /* of slow clients */
#define EVENTS_AT_ONCE 256

struct client {
    int fd;
    int requests_left;
    bool sent;
    bool in_body;
    bool over; /* finished or failed */
    bool failed;
    bool had_headers;
    int64_t left_bytes;   /* of the body */
    int64_t budget_bytes; /* of a slow client */
    int64_t started_us;
    int64_t first_byte_us; /* from the start to the first byte of the first answer */
    size_t headers_len;
    char *headers; /* while they are read */
};

static struct {
    int clients;
    int requests;
    int64_t rate;
    int receive_buffer;
    bool keep;
    uint16_t port;
    const char *header;
    char **paths;
    int path_count;
} options = {.clients = 1, .requests = 1, .header = "Accept-Encoding: identity"};

static struct client *clients;
static int epoll_fd;
static int over_count;
static int headers_count;
static int64_t received_bytes;
static volatile sig_atomic_t stopped;

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void die(const char *what)
{
    fprintf(stderr, "drain: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void end(struct client *client, bool failed)
{
    client->over = true;
    client->failed = failed;
    over_count++;
    if (!options.keep || failed) {
        close(client->fd);
        client->fd = -1;
    }
}

/* ---- one client ---- */

static void start(struct client *client)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(options.port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};

    client->requests_left = options.requests;
    client->started_us = now_us();
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        die("socket");
    if (options.receive_buffer && setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer,
                                             sizeof(options.receive_buffer)) < 0)
        die("SO_RCVBUF");
    if (connect(client->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
        die("connect");
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
        die("epoll_ctl");
}

static const char *next_path(const struct client *client)
{
    ptrdiff_t number = (client - clients) + options.requests - client->requests_left;

    return options.paths[number % options.path_count];
}

static void ask(struct client *client)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    char request[HEADERS_MAX];
    int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n\r\n",
                       next_path(client), options.port, options.header);

    if (len >= (int)sizeof(request) || send(client->fd, request, (size_t)len, MSG_NOSIGNAL) != len) {
        end(client, true);
        return;
    }
    client->sent = true;
    client->in_body = false;
    client->headers_len = 0;
    /* A slow client reads by the tick; its socket would be ready all the time. */
    if (options.rate)
        event.events = 0;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, client->fd, &event) < 0)
        die("epoll_ctl");
}

static void answer_read(struct client *client)
{
    if (--client->requests_left)
        ask(client);
    else
        end(client, false);
}

/* The value of Content-Length in the status line and headers, or -1 if this is no good answer. */
static int64_t body_length(const char *headers)
{
    if (strncmp(headers, "HTTP/1.1 200", 12) != 0)
        return -1;
    for (const char *line = headers; (line = strstr(line, "\r\n")); line += 2)
        if (strncasecmp(line + 2, "content-length:", 15) == 0)
            return strtoll(line + 17, NULL, 10);
    return -1;
}

/* Returns false when there is no more to read for now. */
static bool read_headers(struct client *client)
{
    if (!client->headers)
        client->headers = malloc(HEADERS_MAX + 1);
    ssize_t n = client->headers ? recv(client->fd, client->headers + client->headers_len,
                                       HEADERS_MAX - client->headers_len, MSG_DONTWAIT)
                                : 0;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        end(client, true);
        return false;
    }
    if (!client->first_byte_us)
        client->first_byte_us = now_us() - client->started_us;
    client->headers_len += (size_t)n;
    client->headers[client->headers_len] = '\0';
    const char *body = strstr(client->headers, "\r\n\r\n");
    if (!body)
        return client->headers_len < HEADERS_MAX || (end(client, true), false);
    client->left_bytes = body_length(client->headers);
    int64_t came = (int64_t)client->headers_len - (body + 4 - client->headers);
    if (client->left_bytes < came) {
        end(client, true);
        return false;
    }
    client->left_bytes -= came;
    client->budget_bytes -= came;
    received_bytes += came;
    client->in_body = true;
    headers_count += !client->had_headers;
    client->had_headers = true;
    free(client->headers);
    client->headers = NULL;
    return true;
}

static bool read_body(struct client *client)
{
    static char unused[CHUNK_BYTES];
    int64_t want = client->left_bytes < CHUNK_BYTES ? client->left_bytes : CHUNK_BYTES;

    if (options.rate && want > client->budget_bytes)
        want = client->budget_bytes;
    if (client->left_bytes && want <= 0)
        return false;
    ssize_t n = want ? recv(client->fd, unused, (size_t)want, MSG_DONTWAIT | MSG_TRUNC) : 0;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n < 0 || (n == 0 && client->left_bytes)) {
        end(client, true);
        return false;
    }
    received_bytes += n;
    client->left_bytes -= n;
    client->budget_bytes -= n;
    if (!client->left_bytes)
        answer_read(client);
    return !client->over;
}

static void read_some(struct client *client)
{
    /* One chunk a turn when fast: everyone gets bytes at the same pace. */
    bool go_on = true;

    while (go_on && !client->over) {
        bool was_in_body = client->in_body;
        go_on = was_in_body ? read_body(client) : read_headers(client);
        if (was_in_body && !options.rate)
            break;
    }
}

/* ---- all ---- */

static void serve_event(struct client *client, uint32_t events)
{
    if (client->over) {
        /* Kept idle: the server has closed it. */
        if (client->fd >= 0) {
            client->failed = true;
            close(client->fd);
            client->fd = -1;
        }
        return;
    }
    if (!client->sent && (events & EPOLLOUT))
        ask(client);
    if (client->sent && !client->over)
        read_some(client);
}

static void tick(void)
{
    for (int i = 0; i < options.clients; i++) {
        struct client *client = &clients[i];
        client->budget_bytes += options.rate * TICK_MS / 1000;
        if (client->budget_bytes > options.rate)
            client->budget_bytes = options.rate;
        if (client->sent && !client->over)
            read_some(client);
    }
}

static void say_ready_once(void)
{
    static bool said;
    int count = options.keep ? over_count : headers_count;

    if (said || count < options.clients)
        return;
    said = true;
    puts("ready");
    fflush(stdout);
}

static void run(void)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t next_tick_us = now_us();

    while (!stopped && (options.keep || over_count < options.clients)) {
        int count = epoll_wait(epoll_fd, events, EVENTS_AT_ONCE, options.rate ? TICK_MS / 2 : 1000);
        for (int i = 0; i < count; i++)
            serve_event(events[i].data.ptr, events[i].events);
        if (options.rate && now_us() >= next_tick_us) {
            tick();
            next_tick_us += TICK_MS * 1000;
        }
        say_ready_once();
    }
}

static int by_value(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;

    return (*left > *right) - (*left < *right);
}

static void report(double seconds)
{
    int64_t *first = calloc((size_t)options.clients, sizeof(*first));
    int failed = 0;

    if (!first)
        die("calloc");
    for (int i = 0; i < options.clients; i++) {
        first[i] = clients[i].first_byte_us;
        failed += clients[i].failed;
    }
    qsort(first, (size_t)options.clients, sizeof(*first), by_value);
    printf("{\"seconds\": %.6f, \"bytes\": %lld, \"finished\": %d, \"failed\": %d, \"first_byte_ms\": %.3f, "
           "\"last_first_byte_ms\": %.3f}\n",
           seconds, (long long)received_bytes, over_count - failed, failed,
           (double)first[options.clients / 2] / 1000, (double)first[options.clients - 1] / 1000);
    free(first);
}

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static int64_t number(const char *text)
{
    char *rest;

    errno = 0;
    long long value = strtoll(text, &rest, 10);
    if (errno || *rest || value < 0 || value > INT32_MAX) {
        fprintf(stderr, "drain: %s is no number that is possible here\n", text);
        exit(2);
    }
    return value;
}

static void read_options(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "c:n:r:kb:H:")) != -1) {
        switch (c) {
        case 'c':
            options.clients = (int)number(optarg);
            break;
        case 'n':
            options.requests = (int)number(optarg);
            break;
        case 'r':
            options.rate = number(optarg);
            break;
        case 'k':
            options.keep = true;
            break;
        case 'b':
            options.receive_buffer = (int)number(optarg);
            break;
        case 'H':
            options.header = optarg;
            break;
        default:
            exit(2);
        }
    }
    if (argc - optind < 2 || options.clients < 1 || options.requests < 1) {
        fputs(
            "usage: drain [-c clients] [-n requests] [-r bytes/s] [-k] [-b bytes] [-H header] PORT PATH...\n",
            stderr);
        exit(2);
    }
    options.port = (uint16_t)number(argv[optind]);
    options.paths = argv + optind + 1;
    options.path_count = argc - optind - 1;
}

int main(int argc, char **argv)
{
    struct sigaction on_term = {.sa_handler = stop};

    read_options(argc, argv);
    sigaction(SIGTERM, &on_term, NULL);
    clients = calloc((size_t)options.clients, sizeof(*clients));
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!clients || epoll_fd < 0)
        die("start");
    int64_t started_us = now_us();
    for (int i = 0; i < options.clients; i++)
        start(&clients[i]);
    run();
    report((double)(now_us() - started_us) / 1e6);
    return 0;
}
