/* yizhan import: reads bundles, and files of other programs, into a store. The operation (import_operation.c)
 * reads a bundle from a descriptor that this side opens: the file itself, or a pipe from the thread that
 * joins pieces (pieces.c) or makes a bundle of something else (import_format.c). Main thread. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/command_line.h"
#include "admin/operation.h"
#include "admin/operation_run.h"
#include "admin/transfer/import_format.h"
#include "admin/transfer/pieces.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/config_file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

static int run_import(int argc, char **argv);

const struct command import_command = {
    .name = "import",
    .arguments = COMMON_ARGUMENTS " [--format FORMAT] [--name docker:IMAGE:TAG] FILE | FOLDER | - ...",
    .summary = "read bundles, wheels and images from files into the store",
    .details = COMMON_DETAILS
    "      --format FORMAT " IMPORT_FORMAT_NAMES "; default: detected from the content\n"
    "      --name NAME     a name for an image that has none in its archive, or another name\n"
    "\n"
    "Takes bundles made by `yizhan export` (for one in pieces, name FILE or FILE.001), folders of wheels "
    "and\n"
    "sdists (`pip download -d`), archives of `docker save` and `podman save`, and OCI layouts. - is\n"
    "standard input. Every byte is verified before it is stored; a broken file changes nothing. No\n"
    "network is needed. To continue an interrupted import, run it again.\n" COMMON_CLOSING,
    .run = run_import,
};

struct import_options {
    const char *format;
    const char *name;
};
static struct import_options chosen;

/* ---- options ---- */

enum { FORMAT = 256, NAME };

static int import_take_option(struct command_line *line, int option, const char *value)
{
    if (option == FORMAT && import_format_by_name(value) < 0)
        return command_line_bad_value(line, "--format", value, IMPORT_FORMAT_NAMES);
    if (option == NAME && !text_starts(value, "docker:"))
        return command_line_bad_value(line, "--name", value, "docker:IMAGE:TAG");
    if (option == FORMAT)
        chosen.format = value;
    else
        chosen.name = value;
    return 0;
}

/* ---- printing ---- */

static void import_print(void *arg, const json_t *object)
{
    const char *type = json_text_member(object, "type");
    struct buf CLEANUP_BUF text = BUF_INIT;

    (void)arg;
    if (!type)
        return;
    if (strcmp(type, "progress") == 0) {
        operation_run_show_bytes(json_number_member(object, "bytes"), json_number_member(object, "of"));
    } else if (strcmp(type, "summary") == 0) {
        int64_t kept = json_number_member(object, "entries_kept");
        text_print_count(&text, json_number_member(object, "blobs"), "blob");
        buf_add_text(&text, " came (");
        text_print_size(&text, json_number_member(object, "bytes"));
        buf_printf(&text, "), %" PRId64 " there already, ", json_number_member(object, "held"));
        text_print_count(&text, json_number_member(object, "entries"), "name");
        if (kept) {
            buf_add_text(&text, "; ");
            text_print_count(&text, kept, "name");
            buf_printf(&text, " stay%s as held here, which is newer", kept == 1 ? "s" : "");
        }
        printf("%s\n", text.data);
    }
}

static const struct printer printer = {.object = import_print};

static void import_tell(const struct buf *error)
{
    if (error->len)
        fprintf(stderr, "yizhan import: %s\n", error->data);
}

static int import_failed(const char *path, const struct buf *error)
{
    fprintf(stderr, "yizhan import: %s: %s\n", path, error->data);
    return EXIT_FAILED;
}

/* ---- what it reads ---- */

/* The ends of two messages of bundle_read.c, to which this side can add what to do. */
#define NO_BUNDLE "is not a bundle of Yizhan"
#define CUT_OFF "is cut off: its end is missing"

/* What to do about a file that is not a bundle, as the end of the message. */
static const char *what_else(const char *path)
{
    if (strcmp(path, "-") == 0)
        return ": if it is something else, say so with --format";
    if (text_ends(path, ".whl") || text_ends(path, ".tar.gz") || text_ends(path, ".zip"))
        return ", nor an archive of images: of wheels and sdists, name the folder";
    return ", nor an archive of images, nor a folder of wheels";
}

/* Runs the operation on the bundle that comes from fd, and closes fd. Messages go to `error`. */
static int import_perform(struct command_line *line, const char *path, int fd, struct buf *error)
{
    json_object_set_new(line->arguments, "name",
                        operation_text(strcmp(path, "-") == 0 ? "what came through the pipe" : path));
    line->fd = fd;
    line->error = error;
    int result = operation_run(line, &import_operation, &printer);
    line->error = NULL;
    close(fd);
    if (text_ends(error->data, NO_BUNDLE))
        buf_add_text(error, what_else(path));
    return result;
}

static int import_pieces(struct command_line *line, const char *path)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF unread = BUF_INIT;
    struct pieces *pieces;
    int fd;

    if (pieces_read(path, &pieces, &fd, &error) < 0)
        return import_failed(path, &error);
    int result = import_perform(line, path, fd, &error);
    /* If a piece could not be read, the operation only knows that the end is missing. */
    if (pieces_end(&pieces, false, &unread) < 0)
        return import_failed(path, &unread);
    /* Which piece is missing, so that the user need not count them. */
    bool cut = text_ends(error.data, CUT_OFF);
    for (int i = 1; cut && i <= PIECES_MAX; i++) {
        char *CLEANUP_FREE piece = xasprintf("%s.%03d", path, i);
        cut = access(piece, F_OK) == 0;
        if (!cut)
            buf_printf(&error, ", and there is no %s", piece);
    }
    import_tell(&error);
    return result;
}

/* Makes a bundle of a file of another program on the way. */
static int import_foreign(struct command_line *line, enum import_format format, const char *path)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF cut = BUF_INIT;
    struct buf CLEANUP_BUF notes = BUF_INIT;
    struct config *config = NULL;
    struct import_feed *feed = NULL;

    if (config_load(line->config_path, &config, &error) < 0) {
        fprintf(stderr, "yizhan import: %s\n", error.data);
        return EXIT_FAILED;
    }
    int result = import_feed_start(format, path, config, chosen.name, &notes, &feed, &error);
    fputs(notes.data, stderr);
    if (result < 0) {
        import_tell(&error);
        config_free(config);
        return EXIT_FAILED;
    }
    result = import_perform(line, path, import_feed_take_fd(feed), &cut);
    /* If the feed failed, the operation only knows that the end is missing. */
    if (import_feed_end(&feed, &error) < 0)
        result = EXIT_FAILED;
    import_tell(error.len ? &error : &cut);
    config_free(config);
    return result;
}

static int import_one(struct command_line *line, const char *path)
{
    char *CLEANUP_FREE whole = pieces_whole(path);
    struct buf CLEANUP_BUF error = BUF_INIT;
    int format = IMPORT_BUNDLE;

    if (whole)
        return import_pieces(line, whole);
    if (chosen.format)
        format = import_format_by_name(chosen.format);
    else if (strcmp(path, "-") != 0)
        format = import_format_of(path, &error);
    if (format < 0) {
        fprintf(stderr, "yizhan import: %s\n", error.data);
        return EXIT_FAILED;
    }
    if (format != IMPORT_BUNDLE)
        return import_foreign(line, (enum import_format)format, path);
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        buf_set(&error, "%s", strerror(errno));
        return import_failed(path, &error);
    }
    int result = import_perform(line, path, fd, &error);
    import_tell(&error);
    return result;
}

/* A user may name all pieces (FILE.*): one import reads them all, so the later ones are skipped. */
static bool is_later_piece(const char *path, char **argv, int from, int until)
{
    char *CLEANUP_FREE whole = pieces_whole(path);

    for (int i = from; whole && i < until; i++) {
        char *CLEANUP_FREE other = pieces_whole(argv[i]);
        if (other && strcmp(other, whole) == 0)
            return true;
    }
    return false;
}

static int run_import(int argc, char **argv)
{
    static const struct option options[] = {
        COMMON_OPTIONS,
        {"format", required_argument, NULL, FORMAT},
        {"name", required_argument, NULL, NAME},
        {NULL, 0, NULL, 0},
    };
    struct command_line CLEANUP_COMMAND_LINE line = command_line_of(&import_command);
    int result = EXIT_DONE;

    line.creates = true; /* on the far side of the border there may be no store yet */
    if (command_line_options(&line, argc, argv, options, import_take_option))
        return EXIT_USAGE;
    if (optind == argc)
        return command_lacks(&import_command, "a file, a folder or -");
    /* A file that fails does not keep the others from being imported. */
    for (int i = optind, first = optind; i < argc; i++)
        if (!is_later_piece(argv[i], argv, first, i) && import_one(&line, argv[i]) != EXIT_DONE)
            result = EXIT_FAILED;
    return result;
}
