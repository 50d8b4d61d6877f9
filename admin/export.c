/* yizhan export: writes a part of a store, or all of it, to a file. The operation (export_operation.c) writes
 * a bundle into a descriptor that this side opens; it can be a file, a pipe to the thread that splits
 * (pieces.c), or one to the thread that converts (export_format.c). Whatever it is, it gets its name only
 * when it is whole. Main thread; `chosen` holds the options. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/command_line.h"
#include "admin/operation.h"
#include "admin/operation_run.h"
#include "admin/prefetch/options.h"
#include "admin/prefetch/plan.h"
#include "admin/prefetch_report.h"
#include "admin/server_url.h"
#include "admin/transfer/bundle.h"
#include "admin/transfer/export_format.h"
#include "admin/transfer/pieces.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/config_file.h"
#include "base/config_value.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/catalog/bundle_names.h"
#include "upstreams/http_client.h"

static int run_export(int argc, char **argv);

const struct command export_command = {
    .name = "export",
    .arguments = COMMON_ARGUMENTS " -o FILE [OPTIONS] --all | NAME... | -r LIST... | --images LIST...",
    .summary = "write packages and images from the store to a file",
    .details =
        "  NAME                   pypi:flask, pypi:flask==3.0, docker:nginx:1.27, prefetch:nightly\n"
        "      --all              everything that the store has\n"
        "  -r, --requirement LIST, --images LIST\n"
        "                         what `yizhan prefetch` fetched for this list with the same options\n"
        "  -o, --output FILE      the bundle; - is standard output; FILE.zst is compressed\n"
        "      --since WHAT       leave out blobs that are in an earlier bundle (name its file), or that\n"
        "                         were stored before 2026-03-01, 2026-03-01T18:00, or 7d (ago)\n"
        "      --split SIZE       write FILE.001, FILE.002 ... of this size, such as 4G\n"
        "      --zstd             compress, whatever the file is called\n"
        "      --format FORMAT    " EXPORT_FORMAT_NAMES
        "; default: bundle. oci: a layout, as a folder or .tar;\n"
        "                         docker: for `docker load`; wheels: a folder for `pip --find-links`\n"
        "\n"
        "For lists, and for images with several platforms:\n" PREFETCH_TARGET_DETAILS
        "\n" COMMON_DETAILS COMMON_CLOSING,
    .run = run_export,
};

static struct {
    const char *destination;
    const char *since;
    int64_t split_bytes; /* 0: in one piece */
    bool all;
    bool zstd;
    enum export_format format;
    struct prefetch_choice choice;
} chosen = {.format = EXPORT_BUNDLE};

/* ---- options ---- */

enum { SINCE = 256, SPLIT, ALL, ZSTD, FORMAT };

static int export_take_option(struct command_line *line, int option, const char *value)
{
    const char *expected;
    int format;

    switch (option) {
    case 'o':
        chosen.destination = value;
        return 0;
    case SINCE:
        chosen.since = value;
        return 0;
    case SPLIT:
        if (config_parse_size(value, &chosen.split_bytes) < 0 || chosen.split_bytes < 1 << 20)
            return command_line_bad_value(line, "--split", value, "a size such as 4G, at least 1M");
        return 0;
    case ALL:
        chosen.all = true;
        return 0;
    case ZSTD:
        chosen.zstd = true;
        return 0;
    case FORMAT:
        format = export_format_by_name(value);
        if (format < 0)
            return command_line_bad_value(line, "--format", value, EXPORT_FORMAT_NAMES);
        chosen.format = (enum export_format)format;
        return 0;
    default:
        expected = prefetch_choice_take(&chosen.choice, option, value);
        return expected ? command_line_bad_value(line, prefetch_choice_name(option), value, expected) : 0;
    }
}

/* Standard output is then the bundle, so nothing else may be printed there. */
static bool to_stdout(void)
{
    return strcmp(chosen.destination, "-") == 0;
}

/* Refuses options that do not go together. Returns 0, or EXIT_USAGE after a message. */
static int check_options(const struct command_line *line, int names)
{
    const char *wrong = NULL;
    size_t platforms = chosen.choice.image_platforms.count;
    int ways = (chosen.all ? 1 : 0) + (names ? 1 : 0) + (chosen.choice.options.list_count ? 1 : 0);

    if (!chosen.destination)
        return command_lacks(&export_command, "-o FILE");
    if (!ways)
        return command_lacks(&export_command, "--all, a name or a list");
    /* Names and lists go together. Beside --all, a name that is not held would go unnoticed. */
    if (chosen.all && ways > 1)
        wrong = "--all goes with neither names nor lists";
    else if (to_stdout() && (chosen.split_bytes || line->json || chosen.format != EXPORT_BUNDLE))
        wrong = "-o - goes with none of --split, --json and --format";
    else if (chosen.format != EXPORT_BUNDLE && (chosen.split_bytes || chosen.zstd || chosen.since))
        wrong = "--split, --zstd and --since are for bundles";
    /* Refused, not narrowed to the first: nobody would notice before the far side asks for the second. */
    else if (platforms > 1 && chosen.format == EXPORT_DOCKER)
        wrong = "a docker archive holds one platform: name one with --platform";
    else if (platforms > 1 && chosen.format == EXPORT_OCI && names)
        wrong = "an OCI layout of a name has one platform or all: name one with --platform, or none";
    if (!wrong)
        return 0;
    fprintf(stderr, "yizhan export: %s\n", wrong);
    return EXIT_USAGE;
}

/* ---- since ---- */

static ssize_t earlier_read(void *fd, void *data, size_t max)
{
    ssize_t got = read(*(const int *)fd, data, max);

    return got < 0 ? -errno : got;
}

static void leave_out_blob(json_t *without, const struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    json_array_append_new(without, json_string(hex));
}

/* Opens a bundle, or the pieces of one. Returns a descriptor to read it from, or -1 with a sentence. */
static int open_earlier(const char *path, struct pieces **pieces, struct buf *why)
{
    char *CLEANUP_FREE whole = pieces_whole(path);
    int fd = -1;

    *pieces = NULL;
    if (whole)
        return pieces_read(whole, pieces, &fd, why) < 0 ? -1 : fd;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        buf_set(why, "cannot be read: %s", strerror(errno));
    return fd;
}

/* Reads only the manifest: the blobs of a bundle of 100 GiB need not pass by to say which they are. */
static int leave_out_bundle(struct command_line *line, const char *path)
{
    struct buf CLEANUP_BUF why = BUF_INIT;
    struct pieces *pieces;
    const struct bundle_content *content;
    int fd = open_earlier(path, &pieces, &why);
    const struct bundle_input input = {earlier_read, &fd};
    struct bundle_reader *reader = bundle_reader_new(&input);

    int result = fd < 0 ? -1 : bundle_read_content(reader, &content, &why);
    if (result < 0) {
        fprintf(stderr, "yizhan export: --since %s: it %s\n", path, why.data);
    } else {
        json_t *without = json_array();
        for (size_t i = 0; i < content->blob_count; i++)
            leave_out_blob(without, &content->blobs[i].digest);
        /* And those that only its entries need: it builds on others itself, and could be imported only where
         * their blobs are. */
        for (size_t i = 0; i < content->entry_count; i++)
            if (bundle_entry_needs_blob(&content->entries[i]) &&
                !bundle_has_blob(content, &content->entries[i].digest))
                leave_out_blob(without, &content->entries[i].digest);
        json_object_set_new(line->arguments, "without", without);
    }
    bundle_reader_free(&reader);
    cleanup_close(&fd);
    if (pieces)
        (void)pieces_end(&pieces, false, &why); /* a read error was reported, or is past the manifest */
    return result;
}

/* Reads a date, or how long ago. Returns seconds since 1970, or -1 if it is neither. */
static int64_t parse_date(const char *text)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};
    int64_t ago_s;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm date = {.tm_isdst = -1};
        const char *end = strptime(text, forms[i], &date);
        date.tm_isdst = -1; /* strptime() may have set it; mktime() is to find out */
        if (end && !*end)
            return (int64_t)mktime(&date);
    }
    return command_line_age(text, &ago_s) == 0 ? clock_wall_s() - ago_s : -1;
}

static int take_since(struct command_line *line)
{
    if (!chosen.since)
        return 0;
    char *CLEANUP_FREE pieces = pieces_whole(chosen.since);
    /* A file before a date: of a file called "2026-03-01" it can only be meant if it is there. */
    if (pieces || access(chosen.since, F_OK) == 0)
        return leave_out_bundle(line, chosen.since) < 0 ? EXIT_FAILED : 0;
    int64_t since_s = parse_date(chosen.since);
    if (since_s < 0) {
        (void)command_line_bad_value(
            line, "--since", chosen.since,
            "the file of a bundle that is there, a date such as 2026-03-01, or a time such as 7d");
        return EXIT_USAGE;
    }
    json_object_set_new(line->arguments, "since", json_integer(since_s));
    return 0;
}

/* ---- lists ---- */

/* Finds the entries that the lists need, by planning as `yizhan prefetch` does, but from the store alone
 * ("held only"). */
static int plan_lists(void *arg, const char *url, const _Atomic bool *stop)
{
    const struct http_client_options options = {.parallel = 0};
    struct command_line *line = arg;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct printed_report printed;
    struct prefetch prefetch;
    struct http_client *client = NULL;
    struct config *config = NULL;

    if (config_load(line->config_path, &config, &error) < 0 ||
        http_client_new(url, &options, &client, &error) < 0) {
        fprintf(stderr, "yizhan export: %s\n", error.data);
        config_free(config);
        return EXIT_FAILED;
    }
    printed_report_init(&printed, export_command.name, false, true);
    prefetch_init(&prefetch, &chosen.choice.options, client, &printed.report, stop);
    int result = prefetch_plan(&prefetch) < 0 ? EXIT_FAILED : EXIT_DONE;
    if (result == EXIT_DONE)
        json_object_set_new(line->arguments, "entries", prefetch_entries(&prefetch, config));
    prefetch_release(&prefetch);
    printed_report_release(&printed);
    config_free(config);
    return result;
}

static int take_lists(struct command_line *line)
{
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (!chosen.choice.options.list_count)
        return 0;
    /* Planned by asking a server for pages and manifests, as prefetch does: it gives the same choice. */
    prefetch_choice_complete(&chosen.choice);
    chosen.choice.options.held_only = true;
    int result = with_server(line->config_path, NULL, plan_lists, line, &error);
    if (result < 0)
        fprintf(stderr, "yizhan export: %s\n", error.data);
    return result ? EXIT_FAILED : 0;
}

/* ---- where it goes ---- */

struct export_destination {
    int fd;
    /* The flags that standard output had: other programs share it, and are not to find it non-blocking. */
    int flags;
    char *part; /* the name of a plain file until it is whole */
    struct pieces *pieces;
    struct export_conversion *conversion;
    struct export_options options; /* of the conversion */
    json_t *summary;               /* of what was sent; with a conversion, of what it wrote */
};

/* Locks the part file against another export to the same name. That one may have renamed the file between our
 * open() and flock(): then the lock is on a file that is no longer the part. */
static bool is_alone(int fd, const char *part)
{
    struct stat opened;
    struct stat named;

    return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &opened) == 0 && stat(part, &named) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* A plain file is written beside its name first. A pipe or a device is written to directly. */
static int destination_open_file(struct export_destination *destination, struct buf *error)
{
    struct stat status;

    if (stat(chosen.destination, &status) < 0 || S_ISREG(status.st_mode)) {
        char *CLEANUP_FREE part = xasprintf("%s.part", chosen.destination);
        /* Truncated only under the lock: another export may be writing it. */
        int CLEANUP_CLOSE fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd >= 0 && !is_alone(fd, part)) {
            buf_set(error, "another export is writing %s: wait for it, or name another file",
                    chosen.destination);
            return -1;
        }
        if (fd < 0 || ftruncate(fd, 0) < 0) {
            buf_set(error, "cannot write %s: %s", part, strerror(errno));
            return -1;
        }
        destination->fd = take_fd(&fd);
        destination->part = take_ptr(&part);
        return 0;
    }
    if (S_ISDIR(status.st_mode)) {
        buf_set(error, "%s is a folder: name a file in it", chosen.destination);
        return -1;
    }
    /* Without O_TRUNC, and no rename afterwards: it stays the device or pipe that it is. */
    destination->fd = open(chosen.destination, O_WRONLY | O_CLOEXEC);
    if (destination->fd < 0)
        buf_set(error, "cannot write %s: %s", chosen.destination, strerror(errno));
    return destination->fd < 0 ? -1 : 0;
}

static int destination_open(struct export_destination *destination, struct buf *error)
{
    *destination = (struct export_destination){.fd = -1};
    if (to_stdout()) {
        /* The operation restores them, too, but it may run in a server that is killed. */
        destination->flags = fcntl(STDOUT_FILENO, F_GETFL);
        destination->fd = dup(STDOUT_FILENO);
        return destination->fd < 0 ? -1 : 0;
    }
    if (chosen.format != EXPORT_BUNDLE) {
        const struct word_list *platforms = &chosen.choice.image_platforms;
        destination->options = (struct export_options){
            .format = chosen.format,
            .destination = chosen.destination,
            /* Of several, a list has chosen already. */
            .platform = platforms->count == 1 ? platforms->items[0] : NULL,
        };
        if (export_conversion_start(&destination->options, &destination->conversion, error) < 0)
            return -1;
        destination->fd = export_conversion_take_fd(destination->conversion);
        return 0;
    }
    if (chosen.split_bytes)
        return pieces_write(chosen.destination, chosen.split_bytes, &destination->pieces, &destination->fd,
                            error);
    return destination_open_file(destination, error);
}

static int destination_end(struct export_destination *destination, bool whole, struct buf *error)
{
    int result = 0;

    if (destination->part) {
        /* EINVAL: a file system that cannot sync. */
        bool named = whole && (fsync(destination->fd) == 0 || errno == EINVAL) &&
                     rename(destination->part, chosen.destination) == 0;
        if (whole && !named) {
            buf_set(error, "cannot write %s: %s", chosen.destination, strerror(errno));
            result = -1;
        }
        if (!named)
            unlink(destination->part);
    }
    if (to_stdout() && destination->flags >= 0)
        (void)fcntl(destination->fd, F_SETFL, destination->flags);
    close(destination->fd); /* before the joins: the threads read until nobody can write any more */
    if (destination->pieces)
        result = pieces_end(&destination->pieces, whole, error);
    if (destination->conversion) {
        struct buf CLEANUP_BUF notes = BUF_INIT;
        struct export_written written;
        result = export_conversion_end(&destination->conversion, whole, &written, &notes, error);
        fputs(notes.data, stderr);
        /* The operation sent what there is to choose from; people want to know what was written. */
        json_decref(destination->summary);
        destination->summary = json_pack("{s:s, s:I, s:I}", "type", "summary",
                                         chosen.format == EXPORT_WHEELS ? "files" : "blobs",
                                         (json_int_t)written.files, "bytes", (json_int_t)written.bytes);
    }
    free(destination->part);
    return result;
}

/* ---- printing ---- */

static void export_print_summary(const struct command_line *line, const json_t *summary)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    if (to_stdout() || !summary)
        return;
    if (line->json) {
        char *CLEANUP_FREE json = json_dumps(summary, JSON_COMPACT);
        buf_set(&text, "%s", json);
    } else {
        const char *what = json_object_get(summary, "files") ? "file" : "blob";
        int64_t left_out = json_number_member(summary, "left_out");
        text_print_count(&text, json_number_member(summary, *what == 'f' ? "files" : "blobs"), what);
        buf_add_text(&text, " (");
        text_print_size(&text, json_number_member(summary, "bytes"));
        buf_add_char(&text, ')');
        if (json_object_get(summary, "entries")) {
            buf_add_text(&text, ", ");
            text_print_count(&text, json_number_member(summary, "entries"), "name");
        }
        if (left_out) {
            buf_add_text(&text, "; left out: ");
            text_print_count(&text, left_out, "name");
            buf_add_text(&text, " whose bytes are not held, or which no bundle can carry");
        }
    }
    printf("%s\n", text.data);
}

struct export_noting {
    struct export_destination *destination;
    bool shows_progress;
};

/* Keeps the summary: it is printed only once the file has its name. */
static void note_object(void *arg, const json_t *object)
{
    const struct export_noting *noting = arg;
    const char *type = json_text_member(object, "type");

    if (type && strcmp(type, "summary") == 0) {
        json_decref(noting->destination->summary);
        noting->destination->summary = json_deep_copy(object);
    }
    if (!noting->shows_progress || !type || strcmp(type, "progress") != 0)
        return;
    operation_run_show_bytes(json_number_member(object, "bytes"), json_number_member(object, "of"));
}

/* ---- all ---- */

static int export_perform(struct command_line *line)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF sending = BUF_INIT;
    struct export_destination destination;
    struct export_noting noting = {&destination, !to_stdout() && !line->json};
    const struct printer printer = {.note = note_object, .arg = &noting};

    operation_run_catch_signals(); /* from here on there is something to remove */
    if (destination_open(&destination, &error) < 0) {
        fprintf(stderr, "yizhan export: %s\n", error.len ? error.data : strerror(errno));
        return EXIT_FAILED;
    }
    line->fd = destination.fd;
    /* The results are printed here, once the file has its name. */
    line->silent = true;
    line->error = &sending;
    int result = operation_run(line, &export_operation, &printer);
    line->error = NULL;
    /* If splitting or converting failed, the operation only knows that its pipe was closed: the reason is
     * here. */
    int written = destination_end(&destination, result == EXIT_DONE, &error);
    if (written == 0 && result == EXIT_DONE)
        export_print_summary(line, destination.summary);
    else
        fprintf(stderr, "yizhan export: %s\n", error.len ? error.data : sending.data);
    json_decref(destination.summary);
    return written == 0 && result == EXIT_DONE ? EXIT_DONE : EXIT_FAILED;
}

static int export_with(struct command_line *line, int argc, char **argv)
{
    static const struct option options[] = {
        COMMON_OPTIONS,
        {"output", required_argument, NULL, 'o'},
        {"since", required_argument, NULL, SINCE},
        {"split", required_argument, NULL, SPLIT},
        {"all", no_argument, NULL, ALL},
        {"zstd", no_argument, NULL, ZSTD},
        {"format", required_argument, NULL, FORMAT},
        PREFETCH_TARGET_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    int result = command_line_options(line, argc, argv, options, export_take_option);

    log_set_level(LOG_ERROR); /* a private server that plans lists would log as a server does */
    signal(SIGPIPE, SIG_IGN); /* from the first pipe on: its reader may end before its writer */
    if (!result)
        result = check_options(line, argc - optind);
    json_t *CLEANUP_JSON names = json_array();
    for (int i = optind; !result && i < argc; i++) {
        result = command_line_name(line, argv[i]) < 0 ? EXIT_USAGE : 0;
        json_array_append_new(names, operation_text(argv[i]));
    }
    if (!result) {
        json_object_set(line->arguments, "names", names);
        json_object_set_new(line->arguments, "all", json_boolean(chosen.all));
        /* A conversion can say which file is missing, and may do without. */
        json_object_set_new(line->arguments, "lenient", json_boolean(chosen.format != EXPORT_BUNDLE));
        json_object_set_new(line->arguments, "compress",
                            json_boolean(chosen.zstd || text_ends(chosen.destination, ".zst")));
        result = take_since(line);
    }
    if (!result)
        result = take_lists(line);
    return result ? result : export_perform(line);
}

static int run_export(int argc, char **argv)
{
    struct command_line CLEANUP_COMMAND_LINE line = command_line_of(&export_command);

    prefetch_choice_init(&chosen.choice);
    int result = export_with(&line, argc, argv);
    prefetch_choice_release(&chosen.choice);
    return result;
}
