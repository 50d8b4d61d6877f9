/* The server: everything of the proxy put together, started, reloaded and stopped. */
#ifndef PROXY_SERVER_H
#define PROXY_SERVER_H

#include <stdbool.h>

struct buf;
struct config;
struct proxy;

/* Work that runs beside the server. All calls on the main thread. */
struct server_company {
    /* Called when everything is started, but no client is accepted yet. -1 with a sentence in `error`: the
     * server does not start. */
    int (*start)(void *arg, struct proxy *proxy, struct buf *error);
    /* Called before anything is stopped. Not called if start() failed. */
    void (*stop)(void *arg);
    void *arg;
    /* A command runs this server for itself, for as long as it takes: nothing is printed, and SIGHUP ends
     * it. */
    bool for_command;
};

/* Serves until SIGTERM or SIGINT. SIGHUP reads config_path again; a bad file leaves the running configuration
 * in force. Takes config over. Prints how to point clients here on standard output once it listens. Returns
 * 0, or -1 with one sentence in `error` when it could not start. */
int server_run(const char *config_path, struct config *config, const struct server_company *company,
               struct buf *error);
/* Ends server_run() as SIGTERM does. Any thread, from company->start() on until company->stop() has
 * returned. */
void server_stop(void);

#endif
