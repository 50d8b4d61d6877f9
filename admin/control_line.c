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

#define LINE_MAX_BYTES (1 << 20)
#define READ_BYTES 16384

static int send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
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

int control_send(int fd, json_t *object)
{
    char *CLEANUP_FREE text = json_dumps(object, JSON_COMPACT);

    json_decref(object);
    if (!text)
        return -EINVAL;
    int error = send_all(fd, text, strlen(text));
    return error ? error : send_all(fd, "\n", 1);
}

/* Returns 1 when a line is there, 0 when there is more to come, -1 at the end or on errors. */
static int receive_some(struct control_lines *lines, int wait_ms, struct buf *error)
{
    struct pollfd poll_fd = {.fd = lines->fd, .events = POLLIN};
    int ready = poll(&poll_fd, 1, wait_ms);

    if (ready < 0 && errno == EINTR)
        return 0;
    if (ready == 0) {
        buf_set(error, "it did not answer within %d s", wait_ms / 1000);
        return -1;
    }
    buf_reserve(&lines->text, READ_BYTES);
    ssize_t got = recv(lines->fd, lines->text.data + lines->text.len, READ_BYTES, 0);
    if (got < 0 && errno == EINTR)
        return 0;
    if (got <= 0) {
        buf_set(error, "%s", got < 0 ? strerror(errno) : "it hung up");
        return -1;
    }
    const void *end = memchr(lines->text.data + lines->text.len, '\n', (size_t)got);
    lines->text.len += (size_t)got;
    if (!end && lines->text.len - lines->at > LINE_MAX_BYTES) {
        buf_set(error, "it sent a line of more than %d bytes", LINE_MAX_BYTES);
        return -1;
    }
    return end ? 1 : 0;
}

static void forget_read(struct control_lines *lines)
{
    memmove(lines->text.data, lines->text.data + lines->at, lines->text.len - lines->at);
    buf_truncate(&lines->text, lines->text.len - lines->at);
    lines->at = 0;
}

json_t *control_receive(struct control_lines *lines, int wait_ms, struct buf *error)
{
    static const struct json_limits limits = {16, 65536, 65536};
    const char *end;

    while (!(end = memchr(lines->text.data + lines->at, '\n', lines->text.len - lines->at))) {
        if (lines->at)
            forget_read(lines);
        if (receive_some(lines, wait_ms, error) < 0)
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
    snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/" CONTROL_NAME, *folder_fd);
    return 0;
}
