/* The server: everything of the proxy put together, started, reloaded and stopped. */
#ifndef PROXY_SERVER_H
#define PROXY_SERVER_H

struct buf;
struct config;

/* Serves until SIGTERM or SIGINT. SIGHUP reads config_path again; a bad file leaves the running configuration
 * in force. Takes config over. Prints how to point clients here on standard output once it listens. Returns
 * 0, or -1 with one sentence in `error` when it could not start. */
int server_run(const char *config_path, struct config *config, struct buf *error);

#endif
