/* The subcommands. Each has a file of its own that defines one struct command; the table that knows them all
 * is in main.c. */
#ifndef ADMIN_COMMAND_H
#define ADMIN_COMMAND_H

/* Exit status, the same for every command. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* it ran, and something failed: one sentence on standard error */
    EXIT_USAGE = 2,  /* it was called wrongly */
};

struct command {
    const char *name;
    const char *arguments; /* for the synopsis: "[-c FILE] [--check]" */
    const char *summary;   /* one line for the list of commands */
    const char *details;   /* options and explanations, ends in a newline */
    /* argv[0] is the command's name. Returns an exit status. */
    int (*run)(int argc, char **argv);
};

extern const struct command serve_command;
extern const struct command stats_command;
extern const struct command ls_command;
extern const struct command show_command;
extern const struct command purge_command;
extern const struct command gc_command;
extern const struct command verify_command;
extern const struct command export_command;
extern const struct command import_command;
extern const struct command prefetch_command;

/* These say what is wrong and where to read on, and return EXIT_USAGE. The first is for what getopt
 * has just returned, '?' or ':', with opterr switched off and a colon in front of the letters. */
int command_bad_option(const struct command *command, int returned, char *const *argv);
int command_surplus(const struct command *command, const char *argument);
int command_lacks(const struct command *command, const char *what);

#endif
