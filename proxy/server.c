/* Owns the process: start, signals, the clock tick, reload and stop, all on the main thread. It starts:
 *   accept thread (listener.c) -> libmicrohttpd's workers -> handlers (http/lifecycle.c, route.c)
 *   fetch thread (upstreams), jobs thread (jobs.c), store thread (storage)
 *
 * States: starting -> serving (a tick every 200 ms, reloads) -> draining (answers under way may end) ->
 * stopped.
 *
 * Stop order matters: no new clients, no waiting requests, no worker, no fetch, no job, then the store. Each
 * step ends whatever could still call into the next. libmicrohttpd aborts if it is stopped while a connection
 * is suspended, so the fills resume all of them first and refuse new waits. */
#include "proxy/server.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/config_file.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/version.h"
#include "proxy/core/connections.h"
#include "proxy/core/fill.h"
#include "proxy/core/jobs.h"
#include "proxy/core/listener.h"
#include "proxy/core/proxy.h"
#include "proxy/http/access_log.h"
#include "proxy/http/lifecycle.h"
#include "proxy/route.h"
#include "storage/catalog/holding.h"
#include "storage/catalog/image_unit.h"
#include "storage/store.h"
#include "upstreams/fetch.h"

#define TICK_MS 200
/* After this the answers that are still under way are cut. */
#define DRAIN_MS 10000
/* Also the limit of a request's headers. Every idle connection keeps one. */
#define CONNECTION_MEMORY_BYTES (16 * 1024)
/* libmicrohttpd's own limit, a second net: it restarts with every byte. The deadlines are those of
 * connections.c. */
#define INACTIVITY_S 75

struct server {
    struct proxy proxy;
    const char *config_path;
    bool for_command;
    struct MHD_Daemon *daemon;
    int64_t max_connections; /* what the daemon was started for */
};

/* ---- libmicrohttpd ---- */

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct proxy *proxy = arg;
    const union MHD_ConnectionInfo *info;

    /* The descriptor is still open here, and the sweep no longer uses it when this returns. */
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connections_closed(take_ptr((struct client **)context));
        return;
    }
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int fd = info->connect_fd;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    *context = connections_opened(proxy->connections, fd, info->client_addr);
}

/* Leaves the escapes in the target: http/target.c decodes it, in a way that is safe. */
static size_t leave_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg, (void)connection;
    return strlen(text);
}

static void on_library_message(void *arg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void on_library_message(void *arg, const char *format, va_list args)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    (void)arg;
    buf_vprintf(&text, format, args);
    while (text.len && text.data[text.len - 1] == '\n')
        text.data[--text.len] = '\0';
    log_debug("http: %s", text.data);
}

static unsigned worker_count(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (config->server.workers > 0)
        return (unsigned)config->server.workers;
    /* Two for each core: a sendfile() from a disk blocks the worker, and all of its connections with it. */
    return cores > 0 ? (unsigned)(2 * cores) : 2;
}

static struct MHD_Daemon *start_daemon(struct proxy *proxy, const struct config *config)
{
    /* Our own limits are below this one: going past it deadlocks the library's workers. It is split evenly
     * over the workers, and connections are not, so every worker may have all. */
    unsigned limit = (unsigned)config->server.max_connections + 1024;
    unsigned workers = worker_count(config);

    /* STRICT_FOR_CLIENT: requests that break the grammar are refused. No listen socket: see listener.c. ITC:
     * MHD_add_connection() needs a way to wake a worker. */
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, request_on_call, proxy, MHD_OPTION_EXTERNAL_LOGGER, on_library_message, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, workers, MHD_OPTION_CONNECTION_LIMIT, limit * workers,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)INACTIVITY_S, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        request_on_target, proxy, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, request_on_end, proxy, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        proxy, MHD_OPTION_END);
}

/* Accept thread. */
static int hand_over(void *arg, int fd, const struct sockaddr *address, socklen_t len)
{
    static const char refusal[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 43\r\nRetry-After: 5\r\n"
        "Connection: close\r\n\r\ntoo many connections, try again in a while\n";
    struct server *server = arg;

    if (connections_admit(server->proxy.connections, address, len) < 0) {
        /* Sent without waiting and without reading the request: a client beyond the limits must cost
         * nothing. */
        ssize_t ignored = send(fd, refusal, sizeof(refusal) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)ignored; /* it is closed in any case */
        return -1;
    }
    /* The library closes the socket itself when it refuses it. */
    if (MHD_add_connection(server->daemon, fd, address, len) != MHD_YES)
        connections_withdraw(server->proxy.connections, address);
    return 0;
}

/* ---- start ---- */

/* Settings for a server of many connections and small bodies: freed memory goes back to the system, and is
 * not spread over an arena for each thread. */
static void tune_process(const struct config *config)
{
    struct rlimit files;

    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
    /* A socket for each client; the rest is for the files that they are sent, for upstreams and for the
     * store. */
    rlim_t want = (rlim_t)config->server.max_connections + 4096;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < want) {
        files.rlim_cur = files.rlim_max == RLIM_INFINITY || want < files.rlim_max ? want : files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        if (files.rlim_cur < want)
            log_warn(
                "only %llu files may be open, but max_connections needs %llu: raise the limit (ulimit -n, "
                "LimitNOFILE=)",
                (unsigned long long)files.rlim_cur, (unsigned long long)want);
    }
}

static struct connections_limits limits_of(const struct config *config)
{
    return (struct connections_limits){
        .max_connections = config->server.max_connections,
        .max_per_client = config->server.max_connections_per_client,
        .idle_ms = CONNECTIONS_IDLE_MS,
        .headers_ms = CONNECTIONS_HEADERS_MS,
        .slow_window_ms = CONNECTIONS_SLOW_WINDOW_MS,
        .slow_bytes_per_s = CONNECTIONS_SLOW_BYTES_PER_S,
    };
}

/* Store thread, and the thread of a command that previews an eviction. */
static void spare_pins(void *arg, struct store *store, struct digest_set *out)
{
    struct site *site = site_get(arg);

    holding_collect_pins(store, site->config, out);
    site_unref(site);
}

/* Starts everything up to the workers. On failure the caller's stop() ends what was started. */
static int server_start(struct server *server, struct config *config, struct buf *error)
{
    struct proxy *proxy = &server->proxy;
    struct connections_limits limits = limits_of(config);
    struct store_options store = {
        .path = config->storage.path,
        .max_size_bytes = config->storage.max_size_bytes,
        .min_free_bytes = config->storage.min_free_bytes,
        .keep_s = config->storage.keep_s,
        .spare = spare_pins,
        .spare_arg = proxy,
        .units = &image_units,
    };

    lock_init(&proxy->site_lock, LOCK_RANK_SITE);
    proxy->started_at_s = clock_wall_s();
    proxy->find_handler = route_find;
    proxy->site = site_new(config, NULL);
    proxy->fills = fills_new();
    proxy->memcache = memcache_new(config->server.memory_cache_bytes);
    proxy->connections = connections_new(&limits);
    tune_process(config);
    if (holding_check_pins(config, error) < 0 ||
        listener_open(&config->server.listen, &proxy->listener, error) < 0 ||
        access_log_open(config->server.access_log, &proxy->access_log, error) < 0 ||
        store_open(&store, &proxy->store, error) < 0 || fetcher_start(&proxy->fetcher, error) < 0)
        return -1;
    proxy->jobs = jobs_start();
    server->max_connections = limits.max_connections;
    server->daemon = start_daemon(proxy, config);
    if (!server->daemon) {
        buf_set(error,
                "cannot start the HTTP workers: lower workers or max_connections in the configuration");
        return -1;
    }
    return 0;
}

static void name_address(struct proxy *proxy)
{
    struct buf CLEANUP_BUF addresses = BUF_INIT;

    listener_addresses(proxy->listener, &addresses);
    proxy->address = xstrndup(addresses.data, strcspn(addresses.data, "\n"));
}

/* The exact lines that point clients here. */
static void print_how_to(const struct proxy *proxy)
{
    printf("yizhan " YIZHAN_VERSION " serves on %s\n\n", proxy->address);
    if (proxy->site->pypi_count) {
        printf("  pip:          pip install --index-url http://%s/simple/ PACKAGE\n", proxy->address);
        printf("  permanently:  pip config set global.index-url http://%s/simple/\n", proxy->address);
        printf("  uv:           uv pip install --default-index http://%s/simple/ PACKAGE\n", proxy->address);
    }
    if (proxy->site->registry_count) {
        printf("  docker:       {\"registry-mirrors\": [\"http://%s\"]} in /etc/docker/daemon.json\n",
               proxy->address);
        printf("  or directly:  docker pull %s/%s/REPOSITORY:TAG\n", proxy->address,
               proxy->site->registries[0].config->name);
    }
    printf("  status page:  http://%s/\n\n", proxy->address);
    fflush(stdout);
}

/* ---- running ---- */

static void reload(struct server *server)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct proxy *proxy = &server->proxy;
    struct config *config;

    /* Before the configuration is read: logrotate's SIGHUP must work with a bad file, too. */
    access_log_reopen(proxy->access_log);
    if (config_load(server->config_path, &config, &error) < 0) {
        log_error("reload refused, the running configuration stays: %s", error.data);
        return;
    }
    if (holding_check_pins(config, &error) < 0) {
        log_error("reload refused, the running configuration stays: %s: %s", server->config_path, error.data);
        config_free(config);
        return;
    }
    struct connections_limits limits = limits_of(config);
    /* The daemon's own limit is fixed at its start, and ours must stay below it. */
    if (limits.max_connections > server->max_connections) {
        log_warn("max_connections = %" PRId64 " takes effect at the next start; until then it is %" PRId64,
                 limits.max_connections, server->max_connections);
        limits.max_connections = server->max_connections;
    }
    connections_set_limits(proxy->connections, &limits);
    memcache_set_limit(proxy->memcache, config->server.memory_cache_bytes);
    struct site *old = site_get(proxy);
    site_set(proxy, site_new(config, old));
    site_unref(old);
    /* After the new pins are in force: lower limits must not evict what the new file pins. */
    store_set_keep(proxy->store, config->storage.keep_s);
    store_set_limits(proxy->store, config->storage.max_size_bytes, config->storage.min_free_bytes);
    log_info("reloaded %s; listen, workers, access_log and path take effect at the next start",
             server->config_path);
}

static void tick_fills(struct proxy *proxy)
{
    struct site *site = site_get(proxy);
    const struct server_config *config = &site->config->server;

    fills_tick(proxy->fills, config->abandon_bytes, config->abandon_after_s * 1000);
    site_unref(site);
}

/* Waits for signals; every tick does the chores that have no thread of their own. */
static void run_until_stopped(struct server *server, const sigset_t *signals)
{
    struct proxy *proxy = &server->proxy;
    struct timespec tick = {0, (long)TICK_MS * 1000000};
    int64_t swept_ms = 0;

    for (;;) {
        /* Also the clock of the chores: it returns after a tick, or earlier for a signal. */
        int signal = sigtimedwait(signals, NULL, &tick);
        if (signal == SIGTERM || signal == SIGINT || (signal == SIGHUP && server->for_command))
            return;
        if (signal == SIGHUP)
            reload(server);
        int64_t now_ms = clock_mono_ms();
        tick_fills(proxy);
        access_log_flush(proxy->access_log);
        if (now_ms - swept_ms >= 1000) {
            connections_sweep(proxy->connections, now_ms);
            swept_ms = now_ms;
        }
    }
}

/* Gives the answers under way some time to end. A second signal ends the wait. */
static void drain(struct server *server, const sigset_t *signals)
{
    struct timespec tick = {0, (long)TICK_MS * 1000000};
    int64_t until_ms = clock_mono_ms() + DRAIN_MS;

    while (connections_busy(server->proxy.connections) && clock_mono_ms() < until_ms) {
        int signal = sigtimedwait(signals, NULL, &tick);
        if (signal == SIGTERM || signal == SIGINT)
            return;
        /* Late wakes, and clients that hung up while they waited, would otherwise hold up the stop. */
        tick_fills(&server->proxy);
    }
}

static void stop(struct server *server)
{
    struct proxy *proxy = &server->proxy;

    listener_free(&proxy->listener);
    fills_stop(proxy->fills);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    fetcher_stop(&proxy->fetcher);
    jobs_stop(&proxy->jobs);
    if (proxy->store)
        store_close(&proxy->store);
    access_log_close(&proxy->access_log);
    connections_free(&proxy->connections);
    memcache_free(proxy->memcache);
    fills_free(proxy->fills);
    site_unref(proxy->site);
    lock_destroy(&proxy->site_lock);
    free(proxy->address);
}

/* All threads block the signal, so the main thread's sigtimedwait() gets it. */
void server_stop(void)
{
    CHECK(kill(getpid(), SIGTERM) == 0);
}

int server_run(const char *config_path, struct config *config, const struct server_company *company,
               struct buf *error)
{
    struct server server = {.config_path = config_path, .for_command = company->for_command};
    sigset_t signals;

    /* Blocked before any thread starts, so that only sigtimedwait() sees them. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    int result = server_start(&server, config, error);
    if (result == 0)
        name_address(&server.proxy);
    if (result == 0)
        result = company->start(company->arg, &server.proxy, error);
    if (result == 0) {
        if (!company->for_command)
            print_how_to(&server.proxy);
        listener_start(server.proxy.listener, hand_over, &server);
        run_until_stopped(&server, &signals);
        log_info("stopping");
        /* Commands first: they may still fetch and store, which needs everything. */
        company->stop(company->arg);
        listener_stop(server.proxy.listener);
        drain(&server, &signals);
    }
    stop(&server);
    return result;
}
