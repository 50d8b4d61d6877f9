/* The messages of commands that are called wrongly. No state. */
#include "admin/command.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int command_misused(const struct command *command)
{
    fprintf(stderr, "`yizhan %s --help` explains how it is used\n", command->name);
    return EXIT_USAGE;
}

/* Whether the faulty option is one letter inside a word such as "-xj". getopt stays at such a word until it
 * has read all its letters, so optind is still at it; for any other option, optind is already at the next
 * word. */
static bool is_letter_of(const char *word, const char *before)
{
    size_t len = strlen(before);
    bool alone = before[0] == '-' && before[1] != '-' && before[len - 1] == optopt;

    return !alone && optopt > 0 && optopt < 128 && word && word[0] == '-' && word[1] != '-' &&
           strchr(word, optopt);
}

int command_bad_option(const struct command *command, int returned, char *const *argv)
{
    const char letter[] = {'-', (char)optopt, '\0'};
    const char *option = is_letter_of(argv[optind], argv[optind - 1]) ? letter : argv[optind - 1];
    const char *what = returned == ':'       ? "wants a value"
                       : strchr(option, '=') ? "is unknown, or takes no value"
                                             : "is unknown";

    fprintf(stderr, "yizhan %s: option \"%s\" %s\n", command->name, option, what);
    return command_misused(command);
}

int command_surplus(const struct command *command, const char *argument)
{
    fprintf(stderr, "yizhan %s: unexpected argument \"%s\"\n", command->name, argument);
    return command_misused(command);
}

int command_lacks(const struct command *command, const char *what)
{
    fprintf(stderr, "yizhan %s: %s is missing\n", command->name, what);
    return command_misused(command);
}
