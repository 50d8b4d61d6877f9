/* The command's work runs on a thread of its own beside the server, whose main thread waits for signals.
 * Whichever ends first ends the other: the work asks the server to stop, the server's stop sets `stop` and
 * waits for the work. */
#include "admin/private_server.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "admin/local_url.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/config.h"
#include "base/memory.h"
#include "proxy/core/proxy.h"
#include "proxy/server.h"

struct private_server {
    server_work *work;
    void *arg;
    char *url;
    pthread_t thread;
    _Atomic bool stop;
    int result;
};

static void *private_work_run(void *arg)
{
    struct private_server *server = arg;

    pthread_setname_np(pthread_self(), "work");
    server->result = server->work(server->arg, server->url, &server->stop);
    server_stop();
    return NULL;
}

static int private_work_start(void *arg, struct proxy *proxy, struct buf *error)
{
    struct private_server *server = arg;
    struct buf url = BUF_INIT;

    (void)error;
    local_url_print(proxy->address, &url);
    server->url = buf_take(&url);
    /* Only now the port is known. */
    CHECK(pthread_create(&server->thread, NULL, private_work_run, server) == 0);
    return 0;
}

static void private_work_end(void *arg)
{
    struct private_server *server = arg;

    server->stop = true; /* the work looks at it between its waits; it is not cancelled */
    pthread_join(server->thread, NULL);
}

/* The server has left signals blocked. Those that came while it stopped are taken off, so that they do not
 * kill the command after it has ended in order. */
static void restore_signals(const sigset_t *before)
{
    static const struct timespec now = {0, 0};
    sigset_t taken;

    sigemptyset(&taken);
    sigaddset(&taken, SIGTERM);
    sigaddset(&taken, SIGINT);
    sigaddset(&taken, SIGHUP);
    while (sigtimedwait(&taken, NULL, &now) > 0)
        ;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

int private_server_run(const char *config_path, struct config **config, server_work *work, void *arg,
                       struct buf *error)
{
    struct private_server server = {.work = work, .arg = arg};
    const struct server_company company = {
        .start = private_work_start, .stop = private_work_end, .arg = &server, .for_command = true};
    sigset_t before;

    pthread_sigmask(SIG_BLOCK, NULL, &before);
    /* On a free port of this machine alone, whatever mirror.conf says: the command is its only client. */
    struct server_config *changed = &(*config)->server;
    for (size_t i = 0; i < changed->listen.count; i++)
        free(changed->listen.items[i]);
    free(changed->listen.items);
    changed->listen.items = xcalloc(1, sizeof(char *));
    changed->listen.items[0] = xstrdup("127.0.0.1:0");
    changed->listen.count = 1;
    free(changed->access_log);
    changed->access_log = xstrdup("off");
    int result = server_run(config_path, take_ptr(config), &company, error);
    restore_signals(&before);
    free(server.url);
    return result < 0 ? -1 : server.result;
}
