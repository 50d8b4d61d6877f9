/* The work that an administrator asks of a store. Each operation has one implementation, called by the
 * command itself on a store that nobody serves, or by the running server for it (control.h). It takes its
 * arguments and gives its results as JSON objects, which `--json` prints as they are: each has a member
 * "type" that says what it is. */
#ifndef ADMIN_OPERATION_H
#define ADMIN_OPERATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct config;
struct proxy;
struct store;

struct operation_call {
    struct store *store;
    struct proxy *proxy; /* NULL: no server runs */
    const struct config *config;
    /* Consumes the object. Returns 0; -1 when nobody listens any more. */
    int (*emit)(void *arg, json_t *object);
    /* False when the operation is to stop: the client is gone, or a signal came. */
    bool (*wanted)(void *arg);
    void *arg;
    int fd;           /* a file that it reads or writes, which stays the caller's; -1: none */
    struct buf error; /* why run() returned 1, in one sentence; may stay empty where the results say it */
};

struct operation {
    const char *name;
    bool changes; /* it changes the store, so the server logs it */
    /* Returns 0; 1 when it ran and something failed. Stops early, with 1, when it is not wanted any more. */
    int (*run)(struct operation_call *call, const json_t *arguments);
};

/* Returns NULL if no operation has that name. */
const struct operation *operation_find(const char *name);

extern const struct operation stats_operation;
extern const struct operation ls_operation;
extern const struct operation show_operation;
extern const struct operation purge_operation;
extern const struct operation gc_operation;
extern const struct operation verify_operation;
extern const struct operation address_operation; /* where the server listens: server_url.h */
extern const struct operation export_operation;
extern const struct operation import_operation;

/* ---- for operations ---- */

/* Sets the error and returns 1. */
int operation_failed(struct operation_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* operation_failed() for a negative errno value. */
int operation_store_failed(struct operation_call *call, const char *doing, int error);
/* Makes a JSON string of text that may not be UTF-8. */
json_t *operation_text(const char *text);

#endif
