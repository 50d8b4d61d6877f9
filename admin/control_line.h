/* JSON objects as lines on a socket. */
#ifndef ADMIN_CONTROL_LINE_H
#define ADMIN_CONTROL_LINE_H

#include <jansson.h>

#include "base/buf.h"

struct control_lines {
    int fd;
    struct buf text; /* received; not yet read from `at` on */
    size_t at;
    int got_fd; /* a descriptor that came with the text, for the receiver to close; -1: none */
};

/* Consumes the object. Returns 0, or negative errno. */
int control_send(int fd, json_t *object);
/* Sends an object with a descriptor, which stays the caller's; -1: none. */
int control_send_with(int fd, json_t *object, int with_fd);
/* Returns the next object, owned by the caller; NULL at the end, or after wait_ms (-1: never) without one,
 * with why in `error`. */
json_t *control_receive(struct control_lines *lines, int wait_ms, struct buf *error);

/* Opens the folder of the store and names the socket in it: by /proc/self/fd, since a socket address has room
 * for 107 bytes and the path may be longer. Returns 0, or -1 with errno. The name is good while *folder_fd is
 * open. */
struct sockaddr_un;
int control_address(const char *store_path, int *folder_fd, struct sockaddr_un *out);
#define CONTROL_NAME "control.sock"

#endif
