/* State: whether SIGINT or SIGTERM has come, which ends an operation on the store in order. */
#include "admin/invocation.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/control.h"
#include "admin/operation.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/holding.h"
#include "proxy/image_unit.h"
#include "storage/keep.h"
#include "storage/store.h"

static volatile sig_atomic_t interrupted;

/* ---- options ---- */

struct invocation invocation_of(const struct command *command)
{
    return (struct invocation){.command = command, .config_path = "mirror.conf", .arguments = json_object()};
}

void invocation_release(struct invocation *invocation)
{
    json_decref(take_ptr(&invocation->arguments));
}

int invocation_options(struct invocation *invocation, int argc, char **argv, const struct option *options,
                       int (*take)(struct invocation *invocation, int option, const char *value))
{
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            invocation->config_path = optarg;
        else if (option == 'j')
            invocation->json = true;
        else if (option == '?')
            return command_bad_option(invocation->command, argv[optind - 1]);
        else if (take(invocation, option, optarg) < 0)
            return EXIT_USAGE;
    }
    return 0;
}

int invocation_bad_value(const struct invocation *invocation, const char *option, const char *value,
                         const char *expected)
{
    fprintf(stderr, "yizhan %s: %s \"%s\": expected %s\n", invocation->command->name, option, value,
            expected);
    return -1;
}

int invocation_name(struct invocation *invocation, const char *name)
{
    if (!text_starts(name, "pypi:") && !text_starts(name, "docker:") && !text_starts(name, "prefetch:"))
        return invocation_bad_value(invocation, "name", name,
                                    "pypi:PROJECT[==VERSION], docker:IMAGE[:TAG] or prefetch:LIST");
    json_object_set_new(invocation->arguments, "name", operation_text(name));
    return 0;
}

/* ---- printing ---- */

struct output {
    const struct printer *printer;
    bool json;
};

static int print_json(const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));

    if (type && strcmp(type, "progress") == 0)
        return 0;
    char *CLEANUP_FREE text = json_dumps(object, JSON_COMPACT);
    return text && printf("%s\n", text) > 0 && fflush(stdout) == 0 ? 0 : -1;
}

static int emit(void *arg, json_t *object)
{
    const struct output *output = arg;
    int result = 0;

    if (output->json)
        result = print_json(object);
    else
        output->printer->object(output->printer->arg, object);
    json_decref(object);
    return ferror(stdout) ? -1 : result;
}

/* ---- on the store itself ---- */

static void note_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static bool wanted(void *arg)
{
    (void)arg;
    return !interrupted;
}

static void spare_pins(void *config, struct store *store, struct digest_set *out)
{
    holding_collect_pins(store, config, out);
}

/* Without limits: what a store has too much is the server's business, and gc's. */
static int open_store(struct config *config, struct store **out, struct buf *error)
{
    const struct store_options options = {
        .path = config->storage.path,
        .max_size_bytes = INT64_MAX,
        .spare = spare_pins,
        .spare_arg = config,
        .units = &image_units,
    };

    if (!store_exists(options.path)) {
        buf_set(error, "there is no store at %s: check [storage] path, and in which folder you are",
                options.path);
        return -1;
    }
    return store_open(&options, out, error);
}

static int perform_alone(const struct config *config, const struct operation *operation, struct store *store,
                         const json_t *arguments, struct output *output, struct buf *error)
{
    struct operation_call call = {
        .store = store, .config = config, .emit = emit, .wanted = wanted, .arg = output, .error = BUF_INIT};
    struct sigaction action = {.sa_handler = note_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int result = operation->run(&call, arguments);
    if (call.error.len)
        buf_set(error, "%s", call.error.data);
    else if (interrupted)
        buf_set(error, "interrupted");
    buf_release(&call.error);
    return result || interrupted;
}

/* ---- by the server, else alone ---- */

static int perform(struct invocation *invocation, struct config *config, const struct operation *operation,
                   struct output *output, struct buf *error)
{
    struct buf CLEANUP_BUF unreachable = BUF_INIT;
    struct store *store = NULL;
    int fd = control_connect(config->storage.path, &unreachable);

    if (fd >= 0)
        return control_command(fd, operation->name, invocation->arguments, emit, output, error);
    int result = open_store(config, &store, error);
    if (result == -EBUSY)
        buf_set(error,
                "another process has the store %s (its number is in %s/lock), but answers no commands (%s): "
                "wait for it, "
                "or stop it",
                config->storage.path, config->storage.path, unreachable.data);
    if (result < 0)
        return 1;
    result = perform_alone(config, operation, store, invocation->arguments, output, error);
    store_close(&store);
    return result;
}

int invocation_perform(struct invocation *invocation, const struct operation *operation,
                       const struct printer *printer)
{
    struct output output = {.printer = printer, .json = invocation->json};
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct config *config = NULL;
    int result = 1;

    log_set_level(LOG_ERROR); /* the results say the rest */
    signal(SIGPIPE, SIG_IGN);
    if (config_load(invocation->config_path, &config, &error) == 0) {
        if (holding_check_pins(config, &error) == 0)
            result = perform(invocation, config, operation, &output, &error);
        config_free(config);
    }
    if (!invocation->json && printer->end)
        printer->end(printer->arg);
    if (error.len)
        fprintf(stderr, "yizhan %s: %s\n", invocation->command->name, error.data);
    return result ? EXIT_FAILED : EXIT_DONE;
}
