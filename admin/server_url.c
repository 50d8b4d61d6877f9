/* Finds or starts the server. State: whether SIGINT or SIGTERM has come while the command works with a server
 * in another process; a private server handles signals itself. */
#include "admin/server_url.h"

#include <jansson.h>
#include <signal.h>

#include "admin/control.h"
#include "admin/local_url.h"
#include "admin/operation.h"
#include "admin/private_server.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/config_file.h"
#include "base/json.h"
#include "proxy/core/proxy.h"

/* ---- asking the running server ---- */

static int address_operation_run(struct operation_call *call, const json_t *arguments)
{
    struct buf CLEANUP_BUF url = BUF_INIT;

    (void)arguments;
    if (!call->proxy)
        return operation_failed(call, "no server runs");
    local_url_print(call->proxy->address, &url);
    call->emit(call->arg, json_pack("{s:s, s:o}", "type", "address", "url", operation_text(url.data)));
    return 0;
}

const struct operation address_operation = {.name = "address", .run = address_operation_run};

static int take_url(void *arg, json_t *object)
{
    const char *url = json_text_member(object, "url");

    buf_set(arg, "%s", url ? url : "");
    json_decref(object);
    return 0;
}

/* ---- with it ---- */

static _Atomic bool interrupted;

static void interrupt_work(int signal)
{
    (void)signal;
    interrupted = true;
}

/* A second signal has its default effect (SA_RESETHAND). */
static int work_elsewhere(const char *url, server_work *work, void *arg)
{
    const struct sigaction action = {.sa_handler = interrupt_work, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before[2];

    interrupted = false;
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGINT, &action, &before[0]);
    sigaction(SIGTERM, &action, &before[1]);
    int result = work(arg, url, &interrupted);
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGTERM, &before[1], NULL);
    return result;
}

int with_server(const char *config_path, const char *server_url, server_work *work, void *arg,
                struct buf *error)
{
    struct buf CLEANUP_BUF unreachable = BUF_INIT;
    struct buf CLEANUP_BUF url = BUF_INIT;
    struct config *config = NULL;

    if (server_url)
        return work_elsewhere(server_url, work, arg);
    if (config_load(config_path, &config, error) < 0)
        return -1;
    int fd = control_connect(config->storage.path, &unreachable);
    if (fd < 0)
        return private_server_run(config_path, &config, work, arg, error);
    config_free(config);
    /* The server says where it listens: its port may be any free one, and mirror.conf may have changed since
     * its start. */
    json_t *CLEANUP_JSON arguments = json_object();
    if (control_command(fd, address_operation.name, arguments, -1, take_url, &url, error))
        return -1;
    return work_elsewhere(url.data, work, arg);
}
