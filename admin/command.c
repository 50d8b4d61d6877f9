/* What commands say when they are called wrongly. No state. */
#include "admin/command.h"

#include <stdio.h>
#include <string.h>

static int misused(const struct command *command)
{
    fprintf(stderr, "`yizhan %s --help` explains how it is used\n", command->name);
    return EXIT_USAGE;
}

int command_bad_option(const struct command *command, int returned, const char *option)
{
    const char *what = returned == ':'       ? "wants a value"
                       : strchr(option, '=') ? "is unknown, or takes no value"
                                             : "is unknown";

    fprintf(stderr, "yizhan %s: option \"%s\" %s\n", command->name, option, what);
    return misused(command);
}

int command_surplus(const struct command *command, const char *argument)
{
    fprintf(stderr, "yizhan %s: unexpected argument \"%s\"\n", command->name, argument);
    return misused(command);
}

int command_lacks(const struct command *command, const char *what)
{
    fprintf(stderr, "yizhan %s: %s is missing\n", command->name, what);
    return misused(command);
}
