/* yizhan prefetch: fetches the packages and images of lists and names before anybody asks for them. It is
 * a client of the running server, of another one (--server) or of one that it starts in its own process
 * (with_server()). */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/command.h"
#include "admin/prefetch/fetch.h"
#include "admin/prefetch/options.h"
#include "admin/prefetch/plan.h"
#include "admin/prefetch_report.h"
#include "admin/server_url.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "upstreams/http_client.h"

static int run_prefetch(int argc, char **argv);

const struct command prefetch_command = {
    .name = "prefetch",
    .arguments = "[OPTIONS] [-r LIST]... [--images LIST]... [NAME]...",
    .summary = "fetch lists of packages and images in advance",
    .details =
        "  NAME                   pypi:flask, pypi:flask==3.*, docker:nginx:1.27\n"
        "  -r, --requirement LIST requirements.txt, pylock.toml, uv.lock, poetry.lock or Pipfile.lock\n"
        "      --images LIST      images, one per line; or a Compose file or Kubernetes manifests (.yml, "
        ".yaml)\n"
        "\n" PREFETCH_TARGET_DETAILS "\n"
        "      --keep-going       continue after a list that cannot be read or resolved\n"
        "      --dry-run          print what would be fetched, with sizes\n"
        "      --server URL       ask this server, not the one in the configuration\n"
        "  -c, --config FILE      the configuration; default: mirror.conf in the current folder\n"
        "      --quiet            print errors only\n"
        "      --json             print JSON objects, one per line, each with its \"type\"\n"
        "\n"
        "Each list is resolved by itself for each target, with all dependencies, so that\n"
        "`pip install -r LIST` works without an upstream afterwards. Lock files are taken as they are.\n"
        "Asks the running server, or opens the store itself if no server is running. Files that are\n"
        "already in the store are not fetched again. The exit status is 1 if something could not be "
        "fetched.\n",
    .run = run_prefetch,
};

/* One call of the command. */
struct prefetch_call {
    struct prefetch_choice choice;
    const char *config_path;
    const char *server;
    bool dry_run;
    bool quiet;
    bool json;
};

/* ---- options ---- */

enum { KEEP_GOING = 256, DRY_RUN, SERVER, QUIET, JSON };

static int prefetch_bad_value(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "yizhan prefetch: %s \"%s\": expected %s\n", option, value, expected);
    fprintf(stderr, "`yizhan prefetch --help` explains how it is used\n");
    return -1;
}

static int prefetch_take_server(struct prefetch_call *call, const char *value)
{
    if (!text_starts(value, "http://") && !text_starts(value, "https://") && !text_starts(value, "unix:/"))
        return prefetch_bad_value("--server", value, "a URL such as http://127.0.0.1:8080");
    call->server = value;
    return 0;
}

static int prefetch_take_option(struct prefetch_call *call, int option, const char *value)
{
    const char *expected;

    switch (option) {
    case 'c':
        call->config_path = value;
        return 0;
    case KEEP_GOING:
        call->choice.options.keep_going = true;
        return 0;
    case DRY_RUN:
        call->dry_run = true;
        return 0;
    case SERVER:
        return prefetch_take_server(call, value);
    case QUIET:
        call->quiet = true;
        return 0;
    case JSON:
        call->json = true;
        return 0;
    default:
        expected = prefetch_choice_take(&call->choice, option, value);
        return expected ? prefetch_bad_value(prefetch_choice_name(option), value, expected) : 0;
    }
}

/* Returns 0, or EXIT_USAGE after a message. */
static int prefetch_read_options(struct prefetch_call *call, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"keep-going", no_argument, NULL, KEEP_GOING},
        {"dry-run", no_argument, NULL, DRY_RUN},
        {"server", required_argument, NULL, SERVER},
        {"quiet", no_argument, NULL, QUIET},
        {"json", no_argument, NULL, JSON},
        PREFETCH_TARGET_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":c:r:", options, NULL)) != -1) {
        if (option == '?' || option == ':')
            return command_bad_option(&prefetch_command, option, argv);
        if (prefetch_take_option(call, option, optarg) < 0)
            return EXIT_USAGE;
    }
    for (; optind < argc; optind++)
        word_list_add(&call->choice.names, "%s", argv[optind]);
    if (!call->choice.options.list_count && !call->choice.names.count)
        return command_lacks(&prefetch_command, "a list (-r, --images) or a name");
    return 0;
}

/* ---- the work ---- */

/* With a single name there is nothing left that --keep-going could fetch. */
static void say_what_to_do(const struct prefetch_call *call, const struct prefetch *prefetch)
{
    const struct prefetch_options *options = &call->choice.options;

    if (!call->json && !options->keep_going && !prefetch_stopped(prefetch) &&
        (options->list_count || options->name_count > 1))
        fprintf(stderr, "yizhan prefetch: nothing was fetched; --keep-going fetches everything else\n");
}

static int prefetch_perform(struct prefetch_call *call, struct prefetch *prefetch,
                            struct printed_report *printed)
{
    int result = prefetch_plan(prefetch) < 0;
    struct prefetch_figures figures;

    if (result)
        say_what_to_do(call, prefetch);

    if (result == 0 && call->dry_run) {
        prefetch_look(prefetch);
        printed_report_plan(printed, prefetch);
    } else if (result == 0) {
        (void)prefetch_fetch(prefetch);
    }
    printed_report_summary(printed, prefetch);
    prefetch_count(prefetch, &figures);
    return result || figures.failed ? EXIT_FAILED : EXIT_DONE;
}

static int prefetch_with_server(void *arg, const char *url, const atomic_bool *stop)
{
    const struct http_client_options options = {.parallel = 0};
    struct prefetch_call *call = arg;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct http_client *client = NULL;
    struct printed_report printed;
    struct prefetch prefetch;

    if (http_client_new(url, &options, &client, &error) < 0) {
        fprintf(stderr, "yizhan prefetch: %s\n", error.data);
        return EXIT_FAILED;
    }
    printed_report_init(&printed, prefetch_command.name, call->json, call->quiet);
    prefetch_init(&prefetch, &call->choice.options, client, &printed.report, stop);
    int result = prefetch_perform(call, &prefetch, &printed);
    prefetch_release(&prefetch);
    printed_report_release(&printed);
    return result;
}

static int run_prefetch(int argc, char **argv)
{
    struct prefetch_call call = {.config_path = "mirror.conf"};
    struct buf CLEANUP_BUF error = BUF_INIT;
    int result = EXIT_USAGE;

    log_set_level(
        LOG_ERROR); /* a server in this process logs, too: the report tells the same in better words */
    prefetch_choice_init(&call.choice);
    if (prefetch_read_options(&call, argc, argv) == 0) {
        prefetch_choice_complete(&call.choice);
        result = with_server(call.config_path, call.server, prefetch_with_server, &call, &error);
        if (result < 0) {
            fprintf(stderr, "yizhan prefetch: %s\n", error.data);
            result = EXIT_FAILED;
        }
    }
    prefetch_choice_release(&call.choice);
    return result;
}
