/* Owns the multi handle, the epoll set, and the eventfd that ends a wait. curl tells through two callbacks
 * which sockets it wants watched and when it wants to be called next; it must not be called from inside
 * them, so they only take notes.
 *
 * Not curl_multi_poll(), which looks at all sockets each time: with 200 slow transfers it took 5.45 s of
 * CPU where this takes 0.61 s. Of curl's functions only curl_multi_wakeup() may be called from another
 * thread, and it ends only curl_multi_poll(): so there is an eventfd. */
#include "upstreams/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/version.h"

#define EVENTS_PER_TURN 64
#define IDLE_CONNECTIONS_MAX 128L
#define IDLE_CONNECTION_S 30L /* the default of 118 s meets more connections that the server has closed */

struct loop {
    CURLM *multi;
    int epoll_fd;
    int wake_fd;
    int64_t curl_due_ms; /* monotonic; -1: not */
    loop_done_fn *done;
    void *arg;
};

/* `watched` is the loop if we have put the socket in the epoll set. The set may know better: a socket that
 * is closed leaves it by itself, and its number comes back with the next connection. */
static int loop_on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watched)
{
    struct loop *loop = arg;
    struct epoll_event event = {.data.fd = fd};

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        /* Fails if the socket is closed already, which does no harm. */
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        curl_multi_assign(loop->multi, fd, NULL);
        return 0;
    }
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    int error = epoll_ctl(loop->epoll_fd, watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    if (error < 0 && errno == EEXIST)
        error = epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    else if (error < 0 && errno == ENOENT)
        error = epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(loop->multi, fd, loop);
    return error;
}

static int loop_on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct loop *loop = arg;

    (void)multi;
    loop->curl_due_ms = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
    return 0;
}

int loop_new(struct loop **out, loop_done_fn *done, void *arg, struct buf *error)
{
    struct loop *loop = xcalloc(1, sizeof(*loop));
    struct epoll_event event = {.events = EPOLLIN};

    loop->curl_due_ms = -1;
    loop->done = done;
    loop->arg = arg;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    event.data.fd = loop->wake_fd;
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) < 0) {
        buf_set(error, "cannot start fetching: cannot open an epoll and an event descriptor: %m");
        loop_free(loop);
        return -1;
    }
    loop->multi = curl_multi_init();
    if (!loop->multi) {
        buf_set(error, "cannot start fetching: libcurl gives no multi handle");
        loop_free(loop);
        return -1;
    }
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, loop_on_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, loop_on_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX);
    *out = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->multi)
        curl_multi_cleanup(loop->multi);
    cleanup_close(&loop->epoll_fd);
    cleanup_close(&loop->wake_fd);
    free(loop);
}

CURL *loop_easy_new(void)
{
    CURL *easy = curl_easy_init();

    CHECK(easy);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if CURL_AT_LEAST_VERSION(7, 87, 0)
    /* Otherwise removing a transfer during name resolution waits for the resolver. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
#if CURL_AT_LEAST_VERSION(7, 85, 0)
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    /* Before 8.0 curl may report a cut body as complete under HTTP/2. */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "yizhan/" YIZHAN_VERSION);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_S);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return easy;
}

/* curl looks at an idle connection before it uses it, and notices most that are closed; not one that is
 * closed while the request is on its way. A connection that was made for this transfer (a connect was
 * needed) does not count. */
bool loop_connection_was_dead(CURL *easy, CURLcode result)
{
    long connects = 1;

    if (result != CURLE_GOT_NOTHING && result != CURLE_SEND_ERROR && result != CURLE_RECV_ERROR)
        return false;
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    return connects == 0;
}

void loop_add(struct loop *loop, CURL *easy)
{
    CHECK(curl_multi_add_handle(loop->multi, easy) == CURLM_OK);
}

void loop_remove(struct loop *loop, CURL *easy)
{
    CHECK(curl_multi_remove_handle(loop->multi, easy) == CURLM_OK);
}

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;

    /* EAGAIN: the counter is full, so the loop is being woken already. */
    CHECK(write(loop->wake_fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN);
}

static void loop_handle_event(struct loop *loop, const struct epoll_event *event)
{
    int running;
    int what = 0;
    uint64_t count;

    if (event->data.fd == loop->wake_fd) {
        ssize_t got = read(loop->wake_fd, &count, sizeof(count));
        (void)got; /* the count does not matter, the descriptor only has to be empty */
        return;
    }
    if (event->events & EPOLLIN)
        what |= CURL_CSELECT_IN;
    if (event->events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (event->events & (EPOLLERR | EPOLLHUP))
        what |= CURL_CSELECT_ERR;
    curl_multi_socket_action(loop->multi, event->data.fd, what, &running);
}

void loop_turn(struct loop *loop, int64_t wait_ms)
{
    struct epoll_event events[EVENTS_PER_TURN];
    CURLMsg *message;
    int running;
    int left;

    if (loop->curl_due_ms >= 0) {
        int64_t curl_ms = loop->curl_due_ms - clock_mono_ms();
        if (curl_ms < 0)
            curl_ms = 0;
        if (wait_ms < 0 || curl_ms < wait_ms)
            wait_ms = curl_ms;
    }
    wait_ms = clock_wait_ms(wait_ms);
    int count =
        epoll_wait(loop->epoll_fd, events, EVENTS_PER_TURN, wait_ms > INT_MAX ? INT_MAX : (int)wait_ms);
    CHECK(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; i++)
        loop_handle_event(loop, &events[i]);
    /* Reset first: curl sets the next time from inside the call. */
    if (loop->curl_due_ms >= 0 && loop->curl_due_ms <= clock_mono_ms()) {
        loop->curl_due_ms = -1;
        curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        loop_remove(loop, easy); /* frees the message */
        loop->done(loop->arg, easy, result);
    }
}
