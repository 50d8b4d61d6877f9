/* yizhan serve: read the configuration, and serve by it. Main thread. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "admin/command.h"
#include "admin/control.h"
#include "admin/schedule.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/config_file.h"
#include "proxy/core/proxy.h"
#include "proxy/server.h"
#include "storage/catalog/holding.h"

static int run_serve(int argc, char **argv);

const struct command serve_command = {
    .name = "serve",
    .arguments = "[-c FILE] [--check]",
    .summary = "serve clients until SIGTERM or SIGINT",
    .details = "  -c, --config FILE   the configuration; default: mirror.conf in the current folder\n"
               "      --check         only check the configuration, and say whether it is good\n"
               "\n"
               "SIGHUP reloads the configuration; if the file is bad, the running configuration stays.\n"
               "`yizhan help config` prints the keys of the configuration.\n",
    .run = run_serve,
};

struct serve_options {
    const char *config_path;
    bool check;
};

/* Returns EXIT_DONE, or EXIT_USAGE after a message. */
static int serve_read_options(int argc, char **argv, struct serve_options *options)
{
    enum { CHECK = 256 };
    static const struct option long_options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, CHECK},
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0; /* our own messages name the command */
    while ((option = getopt_long(argc, argv, ":c:", long_options, NULL)) != -1) {
        if (option == 'c')
            options->config_path = optarg;
        else if (option == CHECK)
            options->check = true;
        else
            return command_bad_option(&serve_command, option, argv);
    }
    return optind < argc ? command_surplus(&serve_command, argv[optind]) : EXIT_DONE;
}

static int serve_failed(const struct buf *error)
{
    fprintf(stderr, "yizhan: %s\n", error->data);
    return EXIT_FAILED;
}

/* The services that run beside the HTTP server. */
struct serve_company {
    struct control *control;
    struct schedule *schedule;
};

/* The schedule is checked first, since a section that is wrong must keep the server from starting; it is
 * started last, as its runs ask this server. */
static int company_start(void *arg, struct proxy *proxy, struct buf *error)
{
    struct serve_company *company = arg;
    struct site *site = site_get(proxy);
    int result = schedule_check(site->config, error);

    site_unref(site);
    if (result == 0)
        result = control_start(proxy, &company->control, error);
    if (result == 0)
        schedule_start(proxy, &company->schedule);
    return result;
}

/* In reverse: a scheduled run that is under way asks this server until it ends. */
static void company_stop(void *arg)
{
    struct serve_company *company = arg;

    schedule_stop(&company->schedule);
    control_stop(&company->control);
}

static int run_serve(int argc, char **argv)
{
    struct serve_company beside = {NULL, NULL};
    const struct server_company company = {.start = company_start, .stop = company_stop, .arg = &beside};
    struct serve_options options = {.config_path = "mirror.conf"};
    struct config *config = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (serve_read_options(argc, argv, &options) != EXIT_DONE)
        return EXIT_USAGE;
    if (config_load(options.config_path, &config, &error) < 0)
        return serve_failed(&error);
    if (options.check) {
        /* The reader of mirror.conf knows neither what a name in `pin` can be nor what a schedule is. */
        if (holding_check_pins(config, &error) < 0 || schedule_check(config, &error) < 0) {
            config_free(config);
            return serve_failed(&error);
        }
        printf("%s: ok\n", options.config_path);
        config_free(config);
        return EXIT_DONE;
    }
    return server_run(options.config_path, config, &company, &error) < 0 ? serve_failed(&error) : EXIT_DONE;
}
