/* The command line of a command that asks something of a store, taken apart.
 *
 * Three words that are easily confused:
 *
 *     command     what a user types: `yizhan purge pypi:flask` (admin/command.h)
 *     operation   what is done to the store for it (admin/operation.h), in the process that has it open:
 *                 the running server, or the command itself where none runs
 *
 * Between the two are the command line, which has the options that all commands share and the operation's
 * arguments (here), and operation_run(), which takes them to where the operation runs
 * (admin/operation_run.h). */
#ifndef ADMIN_COMMAND_LINE_H
#define ADMIN_COMMAND_LINE_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "admin/command.h"

struct buf;

/* The options that all of these commands take. A command's own options have values from 256 on, or a
 * letter. */
#define COMMON_OPTIONS                        \
    {"config", required_argument, NULL, 'c'}, \
    {                                         \
        "json", no_argument, NULL, 'j'        \
    }
#define COMMON_ARGUMENTS "[-c FILE] [--json]"
#define COMMON_DETAILS                                                                      \
    "  -c, --config FILE   the configuration; default: mirror.conf in the current folder\n" \
    "      --json          print JSON objects, one per line, each with its \"type\"\n"
/* The end of the help, after the options. */
#define COMMON_CLOSING "\nAsks the running server, or opens the store itself if no server is running.\n"

struct command_line {
    const struct command *command;
    const char *config_path;
    bool json;
    json_t *arguments; /* of the operation */
    int fd;       /* the descriptor that the operation reads or writes, which stays the caller's; -1: none */
    bool creates; /* makes the store if it does not exist */
    bool silent;  /* results are not printed, since standard output is for something else */
    struct buf *error; /* gets the message of what failed; NULL: it goes to standard error */
};
#define CLEANUP_COMMAND_LINE __attribute__((cleanup(command_line_release)))

struct command_line command_line_of(const struct command *command);
void command_line_release(struct command_line *line);

/* Reads the options; `take` is called for those that are not common and returns 0, or -1 after it has said
 * what is wrong. Returns 0 with getopt's optind at the first argument, or EXIT_USAGE after a message. */
int command_line_options(struct command_line *line, int argc, char **argv, const struct option *options,
                         int (*take)(struct command_line *line, int option, const char *value));
/* Says that a value is wrong and what was expected. Returns -1. */
int command_line_bad_value(const struct command_line *line, const char *option, const char *value,
                           const char *expected);

/* Reads how long ago. Unlike in mirror.conf the unit must be there: "3" for three days would mean nearly
 * everything. Returns 0, or -1. */
int command_line_age(const char *text, int64_t *seconds);

/* For the help of commands that take the name of a project, image or list. */
#define HOLDING_ARGUMENTS "pypi:PROJECT[==VERSION] | docker:IMAGE[:TAG | @DIGEST] | prefetch:LIST"
#define HOLDING_DETAILS                                                                     \
    "Versions are compared by PEP 440; its specifiers choose several: 'pypi:flask>=2,<3', " \
    "'pypi:flask==3.*'.\n"

/* Takes the name of a project, image or list (storage/catalog/holding.h) as the operation's argument "name".
 * Returns 0, or -1 after a message if it does not have the form of one. */
int command_line_name(struct command_line *line, const char *name);

#endif
