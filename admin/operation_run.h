/* Runs an operation for a command: by the running server over its control socket, or on the store itself
 * where no server runs. Prints what it results in, and lets signals end it in order. One operation at a time,
 * on the main thread. */
#ifndef ADMIN_OPERATION_RUN_H
#define ADMIN_OPERATION_RUN_H

#include <jansson.h>
#include <stdint.h>

struct command_line;
struct operation;

/* How a command prints results for people. */
struct printer {
    void (*object)(void *arg, const json_t *object);
    void (*end)(void *arg); /* may be NULL */
    /* For the command itself: called with every object, also where they are printed as JSON. May be NULL. */
    void (*note)(void *arg, const json_t *object);
    void *arg;
};
/* Shows progress in one line on standard error, if that is a terminal. The next object that is printed, or
 * the end, clears it. */
void operation_run_show_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Shows the progress of a transfer: "12.5 MiB of 1.00 GiB". */
void operation_run_show_bytes(int64_t bytes, int64_t of);
/* From here on SIGINT, SIGTERM and SIGHUP end an operation in order; a second one ends the process. */
void operation_run_catch_signals(void);
/* Runs the operation, in the server or on the store, and prints its results. Returns an exit status. */
int operation_run(struct command_line *line, const struct operation *operation,
                  const struct printer *printer);

#endif
