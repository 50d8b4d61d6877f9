/* Recognises formats, plans the import on the caller's thread, and writes the plan as a bundle into a pipe on
 * a thread of its own. That thread owns the plan and the write end from pthread_create() to the join in
 * import_feed_end(). */
#include "admin/transfer/import_format.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/transfer/import_docker.h"
#include "admin/transfer/import_image.h"
#include "admin/transfer/import_oci.h"
#include "admin/transfer/import_wheels.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define SPOOL_PIECE_BYTES (256 * 1024)

struct import_feed {
    struct import_plan plan;
    int file; /* what plan.foreign reads */
    int read_fd;
    int write_fd;
    pthread_t thread;
    bool running;
    struct buf error; /* of the thread */
};

int import_format_by_name(const char *name)
{
    static const char *const names[IMPORT_FORMATS] = {"bundle", "docker", "oci", "wheels"};

    for (int i = 0; i < IMPORT_FORMATS; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

/* ---- recognising ---- */

static int format_of_folder(const char *path, struct buf *error)
{
    char *CLEANUP_FREE mark = xconcat(path, "/oci-layout");

    if (access(mark, F_OK) == 0)
        return IMPORT_OCI;
    if (import_wheels_like(path))
        return IMPORT_WHEELS;
    buf_set(error,
            "the folder %s is neither an OCI layout (it has no oci-layout) nor one of wheels and sdists",
            path);
    return -1;
}

int import_format_of(const char *path, struct buf *error)
{
    struct buf CLEANUP_BUF name = BUF_INIT;
    struct stat status;

    if (strcmp(path, "-") == 0)
        return IMPORT_BUNDLE;
    int CLEANUP_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) < 0) {
        buf_set(error, "cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    if (S_ISDIR(status.st_mode))
        return format_of_folder(path, error);
    /* A pipe is not looked into, because its bytes could not be put back: it is a bundle unless --format says
     * otherwise. */
    if (!S_ISREG(status.st_mode) || foreign_first_name(fd, &name) < 0)
        return IMPORT_BUNDLE;
    /* The first name in the archive decides between a bundle and all others; both may be compressed. That an
     * archive is an OCI layout is found out by feed_plan_images(). */
    return text_starts(name.data, "manifest-") && text_ends(name.data, ".jsonl") ? IMPORT_BUNDLE
                                                                                 : IMPORT_DOCKER;
}

/* ---- planning ---- */

/* Keeps the bytes of a pipe in a file without a name (O_TMPFILE), which is gone however the process ends. */
static int spool(int from, const char *path, struct buf *error)
{
    const char *folder = getenv("TMPDIR");
    char *CLEANUP_FREE piece = xmalloc(SPOOL_PIECE_BYTES);
    ssize_t got = 0;

    /* Not /tmp, which is often in memory: images are large. */
    folder = folder && *folder ? folder : "/var/tmp";
    int CLEANUP_CLOSE to = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    while (to >= 0 && ((got = read(from, piece, SPOOL_PIECE_BYTES)) > 0 || (got < 0 && errno == EINTR)))
        if (got > 0 && file_write_all(to, piece, (size_t)got) < 0) {
            buf_set(error, "keeping %s in %s for a second reading: %s; TMPDIR can name another folder", path,
                    folder, strerror(errno));
            return -1;
        }
    if (to >= 0 && got == 0)
        return take_fd(&to);
    buf_set(error, "reading %s, or opening a file in %s for it: %s", path, folder, strerror(errno));
    return -1;
}

/* Opens the path so that it can be read twice: once for the digests, once for the bytes. Pipes are
 * spooled. */
static int open_for_two_readings(const char *path, struct buf *error)
{
    bool standard = strcmp(path, "-") == 0;
    int CLEANUP_CLOSE fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0) {
        buf_set(error, "cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    return S_ISREG(status.st_mode) ? take_fd(&fd) : spool(fd, path, error);
}

/* Docker since version 25 writes both forms into one archive: the layout has the manifests as they are. */
static int feed_plan_images(struct import_feed *feed, const char *path, const struct config *config,
                            const char *name, struct buf *error)
{
    struct import_images CLEANUP_IMPORT_IMAGES images = {0};
    struct import_plan *plan = &feed->plan;
    struct stat status;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        if (foreign_open_folder(path, &plan->foreign, error) < 0)
            return -1;
    } else {
        feed->file = open_for_two_readings(path, error);
        if (feed->file < 0 || foreign_open_archive(feed->file, path, &plan->foreign, error) < 0)
            return -1;
    }
    bool layout = foreign_find(plan->foreign, "oci-layout") && foreign_find(plan->foreign, "index.json");
    if (!layout && !foreign_find(plan->foreign, "manifest.json")) {
        buf_set(error,
                "%s is neither a bundle nor an archive of images: it has neither index.json (OCI) nor "
                "manifest.json "
                "(docker save, 1.10 and newer)",
                path);
        return -1;
    }
    int result = layout ? import_oci_read(plan, &images, error) : import_docker_read(plan, &images, error);
    return result < 0 ? -1 : import_images_plan(&images, config, name, plan, error);
}

/* ---- feeding ---- */

static int feed_write_pipe(void *arg, const void *data, size_t len)
{
    const struct import_feed *feed = arg;

    return file_write_all(feed->write_fd, data, len);
}

/* EPIPE is not reported: the import has closed its end, and says why. */
static void *feed_run(void *arg)
{
    struct import_feed *feed = arg;
    const struct bundle_output output = {feed_write_pipe, feed};
    int result = import_plan_write(&feed->plan, &output, &feed->error);

    if (result < 0 && result != -EPIPE && !feed->error.len)
        buf_set(&feed->error, "%s", strerror(-result));
    close(take_fd(&feed->write_fd));
    return NULL;
}

static void feed_free(struct import_feed *feed)
{
    import_plan_release(&feed->plan);
    cleanup_close(&feed->file);
    cleanup_close(&feed->read_fd);
    cleanup_close(&feed->write_fd);
    buf_release(&feed->error);
    free(feed);
}

/* Replaces control characters: messages quote names from hostile archives, which must not send escape
 * sequences to the terminal. */
static void make_harmless(struct buf *text, const char *allowed)
{
    for (size_t i = 0; i < text->len; i++)
        if (((unsigned char)text->data[i] < ' ' || text->data[i] == 0x7f) &&
            !(text->data[i] && strchr(allowed, text->data[i])))
            text->data[i] = '?';
}

int import_feed_start(enum import_format format, const char *path, const struct config *config,
                      const char *name, struct buf *notes, struct import_feed **out, struct buf *error)
{
    struct import_feed *feed = xcalloc(1, sizeof(*feed));

    feed->file = feed->read_fd = feed->write_fd = -1;
    buf_init(&feed->error);
    import_plan_init(&feed->plan, notes);
    int result = -1;
    if (format != IMPORT_WHEELS)
        result = feed_plan_images(feed, path, config, name, error);
    else if (!name)
        result = import_wheels_read(path, &feed->plan, error);
    else
        buf_set(error, "--name is for images: wheels have their names");
    if (!result) {
        int ends[2];
        import_plan_finish(&feed->plan);
        result = pipe2(ends, O_CLOEXEC);
        if (result < 0) {
            buf_set(error, "cannot make a pipe: %s", strerror(errno));
        } else {
            feed->read_fd = ends[0];
            feed->write_fd = ends[1];
            int failure = pthread_create(&feed->thread, NULL, feed_run, feed);
            feed->running = !failure;
            result = failure ? -1 : 0;
            if (failure)
                buf_set(error, "cannot start a thread: %s", strerror(failure));
        }
    }
    make_harmless(notes, "\n");
    if (result < 0) {
        make_harmless(error, "");
        feed_free(feed);
        return -1;
    }
    *out = feed;
    return 0;
}

int import_feed_take_fd(struct import_feed *feed)
{
    return take_fd(&feed->read_fd);
}

int import_feed_end(struct import_feed **feed, struct buf *error)
{
    struct import_feed *old = take_ptr(feed);

    /* Closed before the join: a thread that is still writing then gets EPIPE. */
    cleanup_close(&old->read_fd);
    old->read_fd = -1;
    if (old->running)
        pthread_join(old->thread, NULL);
    int result = old->error.len ? -1 : 0;
    if (result)
        buf_set(error, "%s", old->error.data);
    feed_free(old);
    return result;
}
