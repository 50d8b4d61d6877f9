/* A server for one command, where none runs on the store: on a port of its own on loopback, without access
 * log, and without a control socket, since it is gone when the command is. */
#ifndef ADMIN_PRIVATE_SERVER_H
#define ADMIN_PRIVATE_SERVER_H

#include <stdbool.h>

struct buf;
struct config;

/* A function that works with a server. `url` is for http_client_new() (upstreams/http_client.h). It may run
 * on another thread while the caller's waits. It looks at *stop a few times a second and ends early once that
 * is set, which means that a signal has come. Returns 0 or more. */
typedef int server_work(void *arg, const char *url, const _Atomic bool *stop);

/* Serves until `work`, on a thread of its own, has returned. SIGINT, SIGTERM and SIGHUP set *stop. Returns
 * what `work` returned, and then all that was stored is durable; -1 with a sentence in `error` when the
 * server could not start, as when another process has the store. Takes the configuration over and changes it.
 * config_path is for messages. */
int private_server_run(const char *config_path, struct config **config, server_work *work, void *arg,
                       struct buf *error);

#endif
