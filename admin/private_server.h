/* A server for one command, where none runs on the store: on a port of its own on loopback, without access log, and
 * without a control socket, since it is gone when the command is. */
#ifndef ADMIN_PRIVATE_SERVER_H
#define ADMIN_PRIVATE_SERVER_H

#include "admin/server_url.h"

struct config;

/* Serves until `work`, on a thread of its own, has returned. SIGINT, SIGTERM and SIGHUP set *stop. Returns what `work`
 * returned, and then all that was stored is durable; -1 with a sentence in `error` when the server could not start, as
 * when another process has the store. Takes the configuration over and changes it. config_path is for messages. */
int private_server_run(const char *config_path, struct config **config, server_work *work, void *arg,
                       struct buf *error);

#endif
