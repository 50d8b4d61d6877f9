/* The way from a command to the running server: a socket <storage path>/control.sock, mode 0600, made by the
 * server and removed by it. JSON objects, one a line:
 *
 *     server   {"server":"yizhan","version":"0.1.0"}
 *     client   {"command":"stats","arguments":{...}}      perhaps with a descriptor (SCM_RIGHTS)
 *     server   {"type":...} any number of results
 *     server   {"done":true,"failed":false}               the last; "error" says why where it failed
 *
 * A command ends when its client goes away. */
#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

#include <jansson.h>
#include <stdbool.h>

struct buf;
struct control;
struct proxy;

/* Commands that run at the same time; further ones are told to wait. */
#define CONTROL_SESSIONS_MAX 8

/* ---- server ---- */

/* The proxy's store must be open: its lock says that a socket found there is a leftover. Returns 0, or -1
 * with a sentence in `error`. */
int control_start(struct proxy *proxy, struct control **out, struct buf *error);
/* Ends the commands that are running. */
void control_stop(struct control **control);

/* ---- client ---- */

/* Returns a connected descriptor, or -1 with the reason in `error` if no server listens there. */
int control_connect(const char *store_path, struct buf *error);
/* Sends a command, with a descriptor for it (-1: none; it stays the caller's), and gives each result to
 * `visit` (which consumes it). Closes fd. Returns 0, or 1 when the command failed, with its sentence, which
 * may be empty, in `error`. */
int control_command(int fd, const char *command, const json_t *arguments, int with_fd,
                    int (*visit)(void *arg, json_t *object), void *arg, struct buf *error);

#endif
