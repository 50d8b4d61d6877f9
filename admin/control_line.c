/* Sends and receives JSON objects, one a line, and a descriptor with them. No state but the receiver's
 * buffer. Both sides are this program, perhaps of different versions, and of the same user (the socket is
 * 0600): limits are against faults, not attacks. */
#include "admin/control_line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"

/* The request of an export can be long: it has the names of all entries of a list, and all digests to leave
 * out. */
#define CONTROL_LINE_MAX_BYTES (64 << 20)
#define CONTROL_VALUES_MAX (4 << 20)
#define READ_BYTES 16384

static int control_send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        /* MSG_NOSIGNAL: a client that hangs up must not end the server. */
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -errno;
        data += sent;
        len -= (size_t)sent;
    }
    return 0;
}

/* Sends the first byte, and the descriptor with it (unix(7), SCM_RIGHTS). */
static int send_descriptor(int fd, const char *byte, int with_fd)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {(char *)byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &with_fd, sizeof(int));
    return sendmsg(fd, &message, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int control_send_with(int fd, json_t *object, int with_fd)
{
    char *CLEANUP_FREE text = json_dumps(object, JSON_COMPACT);
    size_t sent = with_fd >= 0 ? 1 : 0; /* the byte that carries the descriptor */

    json_decref(object);
    if (!text)
        return -EINVAL;
    int error = sent ? send_descriptor(fd, text, with_fd) : 0;
    if (!error)
        error = control_send_all(fd, text + sent, strlen(text) - sent);
    return error ? error : control_send_all(fd, "\n", 1);
}

int control_send(int fd, json_t *object)
{
    return control_send_with(fd, object, -1);
}

/* Like recv(2), and takes over a descriptor that came along. */
static ssize_t control_recvmsg(struct control_lines *lines, char *data, size_t max)
{
    /* Not CMSG_SPACE(): its padding has space for a second descriptor. */
    _Alignas(struct cmsghdr) char control[CMSG_LEN(sizeof(int))];
    struct iovec part = {data, max};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(lines->fd, &message, MSG_CMSG_CLOEXEC);

    if (got < 0)
        return got;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        /* The last one is kept. Each that is not taken over or closed would stay open in the server. */
        for (size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            cleanup_close(&lines->got_fd);
            memcpy(&lines->got_fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
        }
    }
    return got;
}

/* Like poll(2) for one descriptor, but by the program's clock, which a test can move. */
static int control_poll(int fd, int wait_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int64_t until_ms = clock_mono_ms() + wait_ms;
    int64_t left_ms = wait_ms;
    int ready;

    while ((ready = poll(&poll_fd, 1, (int)clock_wait_ms(left_ms))) == 0 && left_ms > 0) {
        left_ms = until_ms - clock_mono_ms();
        left_ms = left_ms > 0 ? left_ms : 0;
    }
    return ready;
}

/* Receives once. Returns 1 when a line has ended, 0 if more must come, -1 at the end or on errors. */
static int control_receive_some(struct control_lines *lines, int wait_ms, struct buf *error)
{
    int ready = control_poll(lines->fd, wait_ms);

    if (ready < 0 && errno == EINTR)
        return 0;
    if (ready == 0) {
        buf_set(error, "it did not answer within %d s", wait_ms / 1000);
        return -1;
    }
    buf_reserve(&lines->text, READ_BYTES);
    ssize_t got = control_recvmsg(lines, lines->text.data + lines->text.len, READ_BYTES);
    if (got < 0 && errno == EINTR)
        return 0;
    if (got <= 0) {
        buf_set(error, "%s", got < 0 ? strerror(errno) : "it hung up");
        return -1;
    }
    const void *end = memchr(lines->text.data + lines->text.len, '\n', (size_t)got);
    lines->text.len += (size_t)got;
    if (!end && lines->text.len - lines->at > CONTROL_LINE_MAX_BYTES) {
        buf_set(error, "it sent a line of more than %d bytes", CONTROL_LINE_MAX_BYTES);
        return -1;
    }
    return end ? 1 : 0;
}

json_t *control_receive(struct control_lines *lines, int wait_ms, struct buf *error)
{
    static const struct json_limits limits = {16, CONTROL_VALUES_MAX, CONTROL_VALUES_MAX};
    const char *end;
    size_t searched = lines->at;

    while (!(end = memchr(lines->text.data + searched, '\n', lines->text.len - searched))) {
        if (lines->at) { /* lines that were read go, so that the buffer does not grow with the conversation */
            memmove(lines->text.data, lines->text.data + lines->at, lines->text.len - lines->at);
            buf_truncate(&lines->text, lines->text.len - lines->at);
            lines->at = 0;
        }
        /* Each byte is looked at once: the digests of --since make a line of many MiB. */
        searched = lines->text.len;
        if (control_receive_some(lines, wait_ms, error) < 0)
            return NULL;
    }
    const char *line = lines->text.data + lines->at;
    size_t len = (size_t)(end - line);
    lines->at += len + 1;
    struct buf CLEANUP_BUF fault = BUF_INIT;
    json_t *object = json_read_object(line, len, &limits, &fault);
    if (!object)
        buf_set(error, "it sent a line that %s", fault.data);
    return object;
}

int control_address(const char *store_path, int *folder_fd, struct sockaddr_un *out)
{
    *folder_fd = open(store_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd < 0)
        return -1;
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    /* By the number of the open folder: sun_path has 108 bytes, and a store's path may be longer. */
    snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/" CONTROL_NAME, *folder_fd);
    return 0;
}
