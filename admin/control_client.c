/* The command's side of the control socket. No state. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/control.h"
#include "admin/control_line.h"
#include "base/json.h"
#include "base/memory.h"

/* connect(2) succeeds even if the server is stopped (SIGSTOP) or stuck, since the kernel accepts for it: only
 * the greeting says that somebody is there. */
#define ANSWER_WAIT_MS 5000

int control_connect(const char *store_path, struct buf *error)
{
    struct sockaddr_un address;
    int CLEANUP_CLOSE folder_fd = -1;
    int CLEANUP_CLOSE fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || control_address(store_path, &folder_fd, &address) < 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        buf_set(error, "%s/" CONTROL_NAME ": %s", store_path, strerror(errno));
        return -1;
    }
    return take_fd(&fd);
}

/* Reads results up to the last line. Returns what control_command() returns. */
static int control_read_results(struct control_lines *lines, int (*visit)(void *arg, json_t *object),
                                void *arg, struct buf *error)
{
    struct buf CLEANUP_BUF fault = BUF_INIT;
    json_t *object;

    /* Without a limit of time: to verify a large store takes hours, and the greeting has said that the server
     * is there. */
    while ((object = control_receive(lines, -1, &fault))) {
        if (!json_object_get(object, "done")) {
            if (visit(arg, object) < 0) /* hanging up ends the command */
                return 1;
            continue;
        }
        const char *why = json_text_member(object, "error");
        bool failed = json_is_true(json_object_get(object, "failed"));
        buf_set(error, "%s", why ? why : "");
        json_decref(object);
        return failed;
    }
    buf_set(error, "the server was lost while it worked: %s", fault.data);
    return 1;
}

static int control_converse(struct control_lines *lines, json_t *request, int with_fd,
                            int (*visit)(void *arg, json_t *object), void *arg, struct buf *error)
{
    struct buf CLEANUP_BUF fault = BUF_INIT;
    json_t *CLEANUP_JSON greeting = control_receive(lines, ANSWER_WAIT_MS, &fault);

    if (!greeting) {
        json_decref(request);
        buf_set(error, "the server has its control socket open, but %s: is it stopped, or stuck?",
                fault.data);
        return 1;
    }
    /* A server that is busy answers with its last line at once. */
    if (json_object_get(greeting, "done")) {
        json_decref(request);
        buf_set(error, "%s", json_text_member(greeting, "error"));
        return 1;
    }
    /* After the greeting: a descriptor in the socket of a stuck server would stay open with it. */
    int failure = control_send_with(lines->fd, request, with_fd);
    if (failure) {
        buf_set(error, "cannot send the command to the server: %s", strerror(-failure));
        return 1;
    }
    return control_read_results(lines, visit, arg, error);
}

int control_command(int fd, const char *command, const json_t *arguments, int with_fd,
                    int (*visit)(void *arg, json_t *object), void *arg, struct buf *error)
{
    struct control_lines lines = {.fd = fd, .text = BUF_INIT, .got_fd = -1};
    json_t *request = json_pack("{s:s, s:O}", "command", command, "arguments", arguments);
    int result = control_converse(&lines, request, with_fd, visit, arg, error);

    buf_release(&lines.text);
    close(fd);
    return result;
}
