/* The server: everything of the proxy put together, started, reloaded and stopped. */
#ifndef PROXY_SERVER_H
#define PROXY_SERVER_H

#include <stdbool.h>

struct buf;
struct config;
struct proxy;

/* What is run beside the server. Main thread. */
struct server_company {
    /* Everything is started, nobody knows yet. -1 with a sentence in `error`: the server does not start. */
    int (*start)(void *arg, struct proxy *proxy, struct buf *error);
    /* Nothing is stopped yet. Not called where start() failed. */
    void (*stop)(void *arg);
    void *arg;
    /* It is a command's own, for as long as that takes: nothing is printed, and SIGHUP ends it. */
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
