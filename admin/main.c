/* Finds the command that is meant, and prints help. No state. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "admin/command.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/version.h"

static int run_version(int argc, char **argv);
static int run_help(int argc, char **argv);

static const struct command version_command = {
    .name = "version",
    .arguments = "[--help]",
    .summary = "print the version",
    .details = "",
    .run = run_version,
};

static const struct command help_command = {
    .name = "help",
    .arguments = "[COMMAND | config]",
    .summary = "explain a command, or the keys of mirror.conf",
    .details =
        "Without COMMAND, lists the commands. `yizhan help config` prints the reference of mirror.conf.\n",
    .run = run_help,
};

/* In the order of the list that help prints. */
static const struct command *const commands[] = {
    &serve_command, &prefetch_command, &stats_command,  &ls_command,     &show_command,    &purge_command,
    &gc_command,    &verify_command,   &export_command, &import_command, &version_command, &help_command,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_commands(FILE *out)
{
    fprintf(out,
            "Yizhan %s: a caching mirror of PyPI and container registries.\n\nUsage: yizhan COMMAND "
            "[OPTIONS]\n\nCommands:\n",
            YIZHAN_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\n`yizhan COMMAND --help` explains a command.\n");
}

static void print_command(const struct command *command)
{
    printf("Usage: yizhan %s %s\n\n%s\n", command->name, command->arguments, command->summary);
    if (*command->details)
        printf("\n%s", command->details);
}

static int command_unknown(const char *name)
{
    fprintf(stderr, "yizhan: there is no command \"%s\"; `yizhan help` lists them\n", name);
    return EXIT_USAGE;
}

static int run_version(int argc, char **argv)
{
    if (argc > 1)
        return command_surplus(&version_command, argv[1]);
    printf("yizhan %s\n", YIZHAN_VERSION);
    return EXIT_DONE;
}

static int run_help(int argc, char **argv)
{
    if (argc > 2)
        return command_surplus(&help_command, argv[2]);
    if (argc == 1) {
        print_commands(stdout);
        return EXIT_DONE;
    }
    /* Printed from the table that mirror.conf is read by, so the two cannot differ. */
    if (strcmp(argv[1], "config") == 0) {
        struct buf CLEANUP_BUF reference = BUF_INIT;
        config_print_reference(&reference);
        fwrite(reference.data, 1, reference.len, stdout);
        return EXIT_DONE;
    }
    const struct command *command = command_find(argv[1]);
    if (!command)
        return command_unknown(argv[1]);
    print_command(command);
    return EXIT_DONE;
}

/* Looked for before the command reads its options, so that --help helps beside options that are wrong. */
static bool wants_help(int argc, char **argv)
{
    /* After "--" come names, of files for instance, even if they look like options. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int command_dispatch(int argc, char **argv)
{
    /* To standard error, with a status of bad usage: a script that forgot the command must not take the help
     * for its results. */
    if (argc < 2) {
        print_commands(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0)
        name = "version";
    const struct command *command = command_find(name);
    if (!command)
        return command_unknown(name);
    if (wants_help(argc - 1, argv + 1)) {
        print_command(command);
        return EXIT_DONE;
    }
    return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    /* Before anything takes the time: tests move it through a file. */
    if (clock_init() < 0) {
        perror("yizhan: cannot map the file that YIZHAN_TEST_CLOCK names");
        return EXIT_FAILED;
    }
    signal(SIGXFSZ,
           SIG_IGN); /* so that ulimit -f is an error like a full disk, and does not kill the server */
    int status = command_dispatch(argc, argv);

    /* A full disk or a closed pipe at standard output must not pass for success. */
    if (fflush(stdout) != 0 && status == EXIT_DONE) {
        perror("yizhan: cannot write to standard output");
        status = EXIT_FAILED;
    }
    if (ferror(stdout) && status == EXIT_DONE) { /* an earlier write was lost */
        fprintf(stderr, "yizhan: cannot write to standard output\n");
        status = EXIT_FAILED;
    }
    return status;
}
