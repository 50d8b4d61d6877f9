/* State: whether a signal has come that ends an operation in order, the server that works on it, if one does,
 * and whether a line about progress is on the terminal. */
#include "admin/operation_run.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/command_line.h"
#include "admin/control.h"
#include "admin/operation.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/config_file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/catalog/holding.h"
#include "storage/catalog/image_unit.h"
#include "storage/store.h"
#include "storage/upkeep.h"

static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t server_fd = -1;
static bool progress_shown;

/* ---- progress ---- */

void operation_run_show_progress(const char *format, ...)
{
    va_list args;

    /* In a log it would be one endless line. */
    if (!isatty(STDERR_FILENO))
        return;
    progress_shown = true;
    fputs("\r\033[K", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
}

void operation_run_show_bytes(int64_t bytes, int64_t of)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    text_print_size(&text, bytes);
    buf_add_text(&text, " of ");
    text_print_size(&text, of);
    operation_run_show_progress("%s", text.data);
}

static void progress_clear(void)
{
    if (progress_shown)
        fputs("\r\033[K", stderr);
    progress_shown = false;
}

/* ---- printing ---- */

struct output {
    const struct printer *printer;
    bool json;
    bool silent;
};

static bool is_progress(const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));

    return type && strcmp(type, "progress") == 0;
}

static int output_emit(void *arg, json_t *object)
{
    const struct output *output = arg;
    int result = 0;

    if (!is_progress(object))
        progress_clear();
    if (output->printer->note)
        output->printer->note(output->printer->arg, object);
    if (output->silent) {
        result = 0;
    } else if (output->json && !is_progress(object)) {
        char *CLEANUP_FREE text = json_dumps(object, JSON_COMPACT);
        /* Flushed line by line: a script may act on one before the next comes. */
        result = text && printf("%s\n", text) > 0 && fflush(stdout) == 0 ? 0 : -1;
    } else if (!output->json) {
        output->printer->object(output->printer->arg, object);
    }
    json_decref(object);
    return ferror(stdout) ? -1 : result;
}

/* ---- signals ---- */

/* Shutting the socket down tells the server that the client is gone, and it ends the operation. Only calls
 * that are safe in a signal handler. */
static void end_operation(int number)
{
    (void)number;
    interrupted = 1;
    if (server_fd >= 0)
        shutdown(server_fd, SHUT_RDWR);
}

/* A second signal has its default effect (SA_RESETHAND). Signals that are ignored stay ignored, for
 * nohup(1). */
void operation_run_catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = end_operation, .sa_flags = (int)SA_RESETHAND};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sigaction before;
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

/* ---- on the store itself ---- */

static bool not_interrupted(void *arg)
{
    (void)arg;
    return !interrupted;
}

static void collect_spared(void *config, struct store *store, struct digest_set *out)
{
    holding_collect_pins(store, config, out);
}

/* Opened without limits: evicting is for the server and `yizhan gc`, not for a command that only looks. */
static int open_store(struct config *config, bool creates, struct store **out, struct buf *error)
{
    const struct store_options options = {
        .path = config->storage.path,
        .max_size_bytes = INT64_MAX,
        .spare = collect_spared,
        .spare_arg = config,
        .units = &image_units,
    };

    /* A wrong path would otherwise make an empty store, of which `ls` truly says that nothing is in it. */
    if (!creates && !store_exists(options.path)) {
        buf_set(error, "there is no store at %s: check [storage] path, and in which folder you are",
                options.path);
        return -1;
    }
    return store_open(&options, out, error);
}

static int run_alone(const struct config *config, const struct operation *operation, struct store *store,
                     const struct command_line *line, struct output *output, struct buf *error)
{
    struct operation_call call = {.store = store,
                                  .config = config,
                                  .emit = output_emit,
                                  .wanted = not_interrupted,
                                  .arg = output,
                                  .fd = line->fd,
                                  .error = BUF_INIT};

    operation_run_catch_signals();
    int result = operation->run(&call, line->arguments);
    if (call.error.len)
        buf_set(error, "%s", call.error.data);
    else if (interrupted)
        buf_set(error, "interrupted");
    buf_release(&call.error);
    return result || interrupted;
}

/* ---- by the server, else alone ---- */

/* The signal handler gets a duplicate: control_command() closes fd, and its number could be another file's
 * when a signal comes late. */
static int run_by_server(int fd, const struct operation *operation, const struct command_line *line,
                         struct output *output, struct buf *error)
{
    operation_run_catch_signals();
    server_fd = dup(fd);
    if (interrupted) /* before the handler knew the socket */
        shutdown(fd, SHUT_RDWR);
    int result = control_command(fd, operation->name, line->arguments, line->fd, output_emit, output, error);
    /* Taken from the handler before it is closed. */
    int done_fd = server_fd;
    server_fd = -1;
    cleanup_close(&done_fd);
    if (result && interrupted)
        buf_set(error, "interrupted");
    return result;
}

static int run_anywhere(struct command_line *line, struct config *config, const struct operation *operation,
                        struct output *output, struct buf *error)
{
    struct buf CLEANUP_BUF unreachable = BUF_INIT;
    struct store *store = NULL;
    int fd = control_connect(config->storage.path, &unreachable);

    if (fd >= 0)
        return run_by_server(fd, operation, line, output, error);
    int result = open_store(config, line->creates, &store, error);
    if (result == -EBUSY)
        buf_set(error,
                "another process has the store %s (its number is in %s/lock), but answers no commands (%s): "
                "wait for it, "
                "or stop it",
                config->storage.path, config->storage.path, unreachable.data);
    if (result < 0)
        return 1;
    result = run_alone(config, operation, store, line, output, error);
    store_close(&store);
    return result;
}

int operation_run(struct command_line *line, const struct operation *operation, const struct printer *printer)
{
    struct output output = {.printer = printer, .json = line->json, .silent = line->silent};
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct config *config = NULL;
    int result = 1;

    log_set_level(LOG_ERROR); /* the results say everything else */
    signal(SIGPIPE, SIG_IGN);
    if (config_load(line->config_path, &config, &error) == 0) {
        if (holding_check_pins(config, &error) == 0)
            result = run_anywhere(line, config, operation, &output, &error);
        config_free(config);
    }
    progress_clear();
    if (!line->json && !line->silent && printer->end)
        printer->end(printer->arg);
    if (line->error)
        buf_set(line->error, "%s", error.data);
    else if (error.len)
        fprintf(stderr, "yizhan %s: %s\n", line->command->name, error.data);
    return result ? EXIT_FAILED : EXIT_DONE;
}
