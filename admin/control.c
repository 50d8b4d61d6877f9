/* The server's side of the control socket. Owns: the socket, its accept thread, and a thread for each running
 * command. `lock` guards the list of sessions, and each session takes itself out as the last thing it does.
 * Session threads are detached: control_stop() shuts their sockets down, which operations notice through
 * wanted(), and waits until the list is empty. */
#include "admin/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#include "admin/control_line.h"
#include "admin/operation.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/version.h"
#include "proxy/core/proxy.h"

/* A client that connects and says nothing keeps a session for this long. */
#define REQUEST_WAIT_MS 10000
#define SEND_TIMEOUT_S 30
#define ACCEPT_PAUSE_MS 100

struct control_session {
    struct control_session *prev, *next;
    struct control *control;
    int fd;
};

struct control {
    /* Set once. */
    struct proxy *proxy;
    int folder_fd;
    int listen_fd;
    int stop_fd; /* readable: the accept thread is to end */
    pthread_t thread;

    struct lock lock; /* guards below */
    struct control_session *sessions;
    int session_count;
    pthread_cond_t ended; /* signalled when a session has left the list */
};

/* ---- one command ---- */

static int session_emit(void *arg, json_t *object)
{
    const struct control_session *session = arg;

    return control_send(session->fd, object) < 0 ? -1 : 0;
}

/* Clients send nothing after the request, so the socket becomes readable only when the client hangs up. */
static bool session_wanted(void *arg)
{
    const struct control_session *session = arg;
    char byte;
    ssize_t got = recv(session->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void session_send_end(const struct control_session *session, int result, const struct buf *error)
{
    json_t *last = json_pack("{s:b, s:b}", "done", 1, "failed", result != 0);

    if (error->len)
        json_object_set_new(last, "error", operation_text(error->data));
    control_send(session->fd, last);
}

/* Runs the operation that the request names. fd: the descriptor that came with it, or -1. */
static void session_perform(struct control_session *session, const json_t *request, int fd)
{
    const char *name = json_text_member(request, "command");
    const struct operation *operation = name ? operation_find(name) : NULL;
    struct proxy *proxy = session->control->proxy;
    struct operation_call call = {.store = proxy->store,
                                  .proxy = proxy,
                                  .emit = session_emit,
                                  .wanted = session_wanted,
                                  .arg = session,
                                  .fd = fd,
                                  .error = BUF_INIT};
    int result;

    if (operation) {
        struct site *site = site_get(proxy);
        call.config = site->config; /* this one to the end, even if SIGHUP brings another */
        if (operation->changes)
            log_info("control: %s", name);
        result = operation->run(&call, json_object_get(request, "arguments"));
        site_unref(site);
    } else {
        result = operation_failed(
            &call, "the running server does not know the command \"%.100s\": is it an older version?",
            name ? name : "");
    }
    session_send_end(session, result, &call.error);
    buf_release(&call.error);
}

static void *session_run(void *arg)
{
    struct control_session *session = arg;
    struct control *control = session->control;

    struct control_lines lines = {.fd = session->fd, .text = BUF_INIT, .got_fd = -1};
    struct buf error = BUF_INIT; /* released before the lock: leaving the list comes last */

    pthread_setname_np(pthread_self(), "command");
    /* The greeting comes before the request: the client waits for it, to tell a server that works from one
     * whose socket the kernel still answers. */
    if (control_send(session->fd, json_pack("{s:s, s:s}", "server", "yizhan", "version", YIZHAN_VERSION)) ==
        0) {
        json_t *CLEANUP_JSON request = control_receive(&lines, REQUEST_WAIT_MS, &error);
        if (request)
            session_perform(session, request, lines.got_fd);
        else
            session_send_end(session, 1, &error);
    }
    cleanup_close(&lines.got_fd);
    buf_release(&lines.text);
    buf_release(&error);
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&control->lock);
    DL_DELETE(control->sessions, session);
    control->session_count--;
    close(session
              ->fd); /* under the lock: control_stop() must not shut down a number that is another's by now */
    free(session);
    pthread_cond_signal(&control->ended);
    return NULL;
}

/* ---- accepting ---- */

/* Starts the thread of a session. Returns false if there are too many, or no thread could be made. */
static bool session_start(struct control *control, int fd)
{
    struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
    pthread_attr_t attributes;
    pthread_t thread;

    /* A client that stops reading (a pager, Ctrl-Z) must not keep one of the few sessions forever. */
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&control->lock);
    /* Each has a thread, and some read the whole index or disk: the clients of the proxy come first. */
    if (control->session_count == CONTROL_SESSIONS_MAX)
        return false;
    struct control_session *session = xcalloc(1, sizeof(*session));
    session->control = control;
    session->fd = fd;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attributes, session_run, session);
    pthread_attr_destroy(&attributes);
    if (error) {
        free(session);
        return false;
    }
    DL_APPEND(control->sessions, session);
    control->session_count++;
    return true;
}

static void *control_run_accept(void *arg)
{
    struct control *control = arg;
    struct pollfd fds[] = {{.fd = control->stop_fd, .events = POLLIN},
                           {.fd = control->listen_fd, .events = POLLIN}};

    pthread_setname_np(pthread_self(), "control");
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents)
            return NULL;
        if (!fds[1].revents)
            continue;
        int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            poll(NULL, 0, ACCEPT_PAUSE_MS); /* perhaps out of descriptors: the socket stays readable */
        } else if (!session_start(control, fd)) {
            struct control_session refused = {.control = control, .fd = fd};
            struct buf CLEANUP_BUF error = BUF_INIT;
            buf_set(&error, "%d commands are running in the server already; try again in a while",
                    CONTROL_SESSIONS_MAX);
            session_send_end(&refused, 1, &error);
            close(fd);
        }
    }
}

/* ---- start and stop ---- */

/* Returns the listening socket, or -1 with errno. */
static int control_listen(const struct sockaddr_un *address)
{
    struct stat st;
    int CLEANUP_CLOSE fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    if (lstat(address->sun_path, &st) == 0) {
        if (!S_ISSOCK(st.st_mode)) {
            errno = EEXIST;
            return -1;
        }
        unlink(address->sun_path); /* a leftover: we hold the store's lock */
    }
    /* bind(2) gives the file the mode of the socket, so there is never a moment at which others could
     * connect. */
    if (fchmod(fd, 0600) < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
        listen(fd, CONTROL_SESSIONS_MAX) < 0)
        return -1;
    return take_fd(&fd);
}

int control_start(struct proxy *proxy, struct control **out, struct buf *error)
{
    struct control *control = xcalloc(1, sizeof(*control));
    struct site *site = site_get(proxy);
    const char *path = site->config->storage.path;
    struct sockaddr_un address;

    control->proxy = proxy;
    control->listen_fd = -1;
    if (control_address(path, &control->folder_fd, &address) == 0)
        control->listen_fd = control_listen(&address);
    if (control->listen_fd < 0) {
        buf_set(error, "cannot make the control socket %s/" CONTROL_NAME ": %s%s", path, strerror(errno),
                errno == EEXIST ? "; something else has that name: move it away" : "");
        cleanup_close(&control->folder_fd);
        free(control);
        site_unref(site);
        return -1;
    }
    site_unref(site);
    control->stop_fd = eventfd(0, EFD_CLOEXEC);
    CHECK(control->stop_fd >= 0);
    /* Clients can connect from now on; they wait in the backlog until the thread below accepts them. */
    lock_init(&control->lock, LOCK_RANK_CONTROL);
    lock_condition_init(&control->ended);
    CHECK(pthread_create(&control->thread, NULL, control_run_accept, control) == 0);
    *out = control;
    return 0;
}

void control_stop(struct control **control_)
{
    struct control *control = take_ptr(control_);
    struct control_session *session;
    uint64_t one = 1;

    if (!control)
        return;
    CHECK(write(control->stop_fd, &one, sizeof(one)) == sizeof(one));
    pthread_join(control->thread, NULL);
    /* By the folder that was opened at the start: its path may lead to another store by now. */
    unlinkat(control->folder_fd, CONTROL_NAME, 0);
    {
        ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&control->lock);
        DL_FOREACH (control->sessions, session)
            shutdown(session->fd, SHUT_RDWR);
        while (control->session_count > 0)
            lock_wait(&control->lock, &control->ended, -1);
    }
    close(control->listen_fd);
    close(control->stop_fd);
    close(control->folder_fd);
    pthread_cond_destroy(&control->ended);
    lock_destroy(&control->lock);
    free(control);
}
