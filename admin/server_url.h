/* The server that a command works with over HTTP: the one that is named, else the one that runs on the store, else one of
 * its own for as long as the command takes (private_server.h). */
#ifndef ADMIN_SERVER_URL_H
#define ADMIN_SERVER_URL_H

#include "admin/private_server.h"

struct buf;

/* server_url NULL: the server of the store that the configuration names; only then is the configuration read. Returns what
 * `work` returned; -1 with a sentence in `error` when there is no server for it. A second signal ends the program where the
 * server is another process. Main thread, no other threads. */
int with_server(const char *config_path, const char *server_url, server_work *work, void *arg,
                struct buf *error);

#endif
