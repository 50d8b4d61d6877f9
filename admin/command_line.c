/* Reads command lines with getopt_long(3). No state but getopt's own. */
#include "admin/command_line.h"

#include <stdio.h>
#include <string.h>

#include "admin/operation.h"
#include "base/buf.h"
#include "base/config_value.h"
#include "base/memory.h"
#include "base/text.h"

struct command_line command_line_of(const struct command *command)
{
    return (struct command_line){
        .command = command, .config_path = "mirror.conf", .arguments = json_object(), .fd = -1};
}

void command_line_release(struct command_line *line)
{
    json_decref(take_ptr(&line->arguments));
}

int command_line_options(struct command_line *line, int argc, char **argv, const struct option *options,
                         int (*take)(struct command_line *line, int option, const char *value))
{
    struct buf CLEANUP_BUF letters = BUF_INIT;
    int option;

    /* Our own messages name the command. */
    opterr = 0;
    buf_add_char(&letters, ':'); /* makes getopt return ':' for a missing value, not '?' */
    /* getopt's string of letters is made from the long options, so that each option is listed once. */
    for (const struct option *letter = options; letter->name; letter++)
        if (letter->val < 256)
            buf_printf(&letters, "%c%s", letter->val, letter->has_arg ? ":" : "");
    while ((option = getopt_long(argc, argv, letters.data, options, NULL)) != -1) {
        if (option == 'c')
            line->config_path = optarg;
        else if (option == 'j')
            line->json = true;
        else if (option == '?' || option == ':')
            return command_bad_option(line->command, option, argv);
        else if (take(line, option, optarg) < 0)
            return EXIT_USAGE;
    }
    return 0;
}

int command_line_age(const char *text, int64_t *seconds)
{
    size_t len = strlen(text);

    return len && text[len - 1] >= '0' && text[len - 1] <= '9' ? -1 : config_parse_time(text, seconds);
}

int command_line_bad_value(const struct command_line *line, const char *option, const char *value,
                           const char *expected)
{
    fprintf(stderr, "yizhan %s: %s \"%s\": expected %s\n", line->command->name, option, value, expected);
    return -1;
}

int command_line_name(struct command_line *line, const char *name)
{
    /* Only the kind: whether the rest is a name is for the operation to say, which knows mirror.conf. */
    if (!text_starts(name, "pypi:") && !text_starts(name, "docker:") && !text_starts(name, "prefetch:"))
        return command_line_bad_value(line, "name", name,
                                      "pypi:PROJECT[==VERSION], docker:IMAGE[:TAG] or prefetch:LIST");
    json_object_set_new(line->arguments, "name", operation_text(name));
    return 0;
}
