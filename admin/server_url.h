/* The server that a command works with over HTTP: the one that is named, else the one that runs on the store,
 * else one of its own for as long as the command takes (private_server.h). */
#ifndef ADMIN_SERVER_URL_H
#define ADMIN_SERVER_URL_H

#include "admin/private_server.h"

struct buf;

/* Lets `work` work with the server at server_url; NULL: the server of the store that the configuration names,
 * and only then is the configuration read. Returns what `work` returned; -1 with a sentence in `error` if it
 * could not be called. A second signal ends the program if the server is another process. Call it on the main
 * thread while there is no other: a private server expects to be alone in its process. */
int with_server(const char *config_path, const char *server_url, server_work *work, void *arg,
                struct buf *error);

#endif
