/* The server that a command works with over HTTP: the one that is named, else the one that runs on the store, else one of
 * its own for as long as the command takes (private_server.h). */
#ifndef ADMIN_SERVER_URL_H
#define ADMIN_SERVER_URL_H

#include <stdbool.h>

struct buf;

/* What a command does with a server. url is for http_client_new() (upstreams/http_client.h). It runs on the thread that called
 * with_server(), or on another while that waits; it looks at *stop a few times a second, and ends early when that is set:
 * SIGINT or SIGTERM has come. Returns 0 or more. */
typedef int server_work(void *arg, const char *url, const _Atomic bool *stop);

/* server_url NULL: the server of the store that the configuration names; only then is the configuration read. Returns what
 * `work` returned; -1 with a sentence in `error` when there is no server for it. A second signal ends the program where the
 * server is another process. Main thread, no other threads. */
int with_server(const char *config_path, const char *server_url, server_work *work, void *arg,
                struct buf *error);

/* Appends the URL of a server on this machine that listens on `address`, as listener_addresses() writes it: an address that
 * means all of the machine's becomes loopback. */
void server_url_of(const char *address, struct buf *out);

#endif
