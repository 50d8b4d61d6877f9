/* How a command that asks something of a store is called: its options, the way to the store, and what it prints. */
#ifndef ADMIN_INVOCATION_H
#define ADMIN_INVOCATION_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

#include "admin/command.h"

struct operation;

/* What all of these commands take; a command's own options have values from 256 on, or a letter. */
#define COMMON_OPTIONS                        \
    {"config", required_argument, NULL, 'c'}, \
    {                                         \
        "json", no_argument, NULL, 'j'        \
    }
#define COMMON_ARGUMENTS "[-c FILE] [--json]"
#define COMMON_DETAILS                                                                      \
    "  -c, --config FILE   the configuration; default: mirror.conf in the current folder\n" \
    "      --json          print JSON objects, one per line, each with its \"type\"\n"
/* After the options. */
#define COMMON_CLOSING "\nAsks the running server, or opens the store itself if no server is running.\n"

struct invocation {
    const struct command *command;
    const char *config_path;
    bool json;
    json_t *arguments; /* of the operation */
    int fd;            /* for it; -1: none. The caller's */
    bool creates;      /* a store that is not there is made */
    bool silent;       /* standard output is for something else: results are not printed */
    struct buf *error; /* NULL, or takes what failed, in place of standard error */
};
#define CLEANUP_INVOCATION __attribute__((cleanup(invocation_release)))

struct invocation invocation_of(const struct command *command);
void invocation_release(struct invocation *invocation);

/* Reads the options; `take` is called for those that are not common and returns 0, or -1 after it has said what is
 * wrong. Returns 0 with getopt's optind at the first argument, or EXIT_USAGE after a message. */
int invocation_options(struct invocation *invocation, int argc, char **argv, const struct option *options,
                       int (*take)(struct invocation *invocation, int option, const char *value));
/* Says that a value is wrong and what was expected. Returns -1. */
int invocation_bad_value(const struct invocation *invocation, const char *option, const char *value,
                         const char *expected);

/* Reads how long ago. Unlike in mirror.conf the unit must be there: "3" for three days would mean nearly everything.
 * Returns 0, or -1. */
int invocation_age(const char *text, int64_t *seconds);

/* For commands that take such a name. */
#define HOLDING_ARGUMENTS "pypi:PROJECT[==VERSION] | docker:IMAGE[:TAG | @DIGEST] | prefetch:LIST"
#define HOLDING_DETAILS                                                                     \
    "Versions are compared by PEP 440; its specifiers choose several: 'pypi:flask>=2,<3', " \
    "'pypi:flask==3.*'.\n"

/* Takes the name of a project, image or list (storage/catalog/holding.h) as the operation's argument "name". Returns 0, or -1 after a
 * message when it has not even the form of one. */
int invocation_name(struct invocation *invocation, const char *name);

/* Prints results for people. */
struct printer {
    void (*object)(void *arg, const json_t *object);
    void (*end)(void *arg); /* may be NULL */
    /* For the command itself: called with every object, also where they are printed as JSON. May be NULL. */
    void (*note)(void *arg, const json_t *object);
    void *arg;
};
/* How far it is, in one line of the terminal on standard error, if that is one: the next object that is printed, or the end,
 * takes it away. */
void invocation_show_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same of a transfer: "12.5 MiB of 1.00 GiB". */
void invocation_show_bytes(int64_t bytes, int64_t of);
/* From here on SIGINT, SIGTERM and SIGHUP end an operation in order; a second one ends the process. */
void invocation_catch_signals(void);
/* Does the operation, by the server or on the store, and prints. Returns an exit status. */
int invocation_perform(struct invocation *invocation, const struct operation *operation,
                       const struct printer *printer);

#endif
