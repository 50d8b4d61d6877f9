/* Runs a conversion on a thread of its own, at the other end of the pipe that the export writes its bundle
 * into. From export_conversion_start() to the join in export_conversion_end() that thread owns everything but
 * write_fd. */
#include "admin/transfer/export_format.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/transfer/export_image.h"
#include "admin/transfer/export_wheels.h"
#include "base/buf.h"
#include "base/memory.h"

struct export_conversion {
    const struct export_options *options;
    int read_fd;
    int write_fd;
    pthread_t thread;
    bool ended; /* end of file was read from the pipe */
    int result;
    struct export_written written;
    struct buf notes;
    struct buf error;
};

int export_format_by_name(const char *name)
{
    static const char *const names[EXPORT_FORMATS] = {"bundle", "oci", "docker", "wheels"};

    for (int i = 0; i < EXPORT_FORMATS; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

static ssize_t conversion_read_pipe(void *arg, void *data, size_t max)
{
    struct export_conversion *conversion = arg;

    for (;;) {
        ssize_t got = read(conversion->read_fd, data, max);
        if (got < 0 && errno == EINTR)
            continue;
        conversion->ended |= got == 0;
        return got < 0 ? -errno : got;
    }
}

/* Closes the pipe at its end even after an error: an export that is still writing gets EPIPE instead of
 * waiting forever. */
static void *conversion_run(void *arg)
{
    struct export_conversion *conversion = arg;
    const struct bundle_input input = {conversion_read_pipe, conversion};
    const struct export_options *options = conversion->options;
    struct bundle_reader *reader = bundle_reader_new(&input);
    struct export_work work = {.destination = options->destination,
                               .platform = options->platform,
                               .reader = reader,
                               .notes = &conversion->notes,
                               .error = &conversion->error};

    conversion->result = bundle_read_content(reader, &work.content, &conversion->error);
    if (conversion->result == 0)
        conversion->result = options->format == EXPORT_WHEELS
                                 ? export_wheels_convert(&work)
                                 : export_image_convert(&work, options->format == EXPORT_DOCKER);
    conversion->written = work.written;
    bundle_reader_free(&reader);
    close(take_fd(&conversion->read_fd));
    return NULL;
}

static void conversion_free(struct export_conversion *conversion)
{
    cleanup_close(&conversion->read_fd);
    cleanup_close(&conversion->write_fd);
    buf_release(&conversion->notes);
    buf_release(&conversion->error);
    free(conversion);
}

int export_conversion_start(const struct export_options *options, struct export_conversion **out,
                            struct buf *error)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0) {
        buf_set(error, "cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    struct export_conversion *conversion = xcalloc(1, sizeof(*conversion));
    *conversion = (struct export_conversion){
        .options = options, .read_fd = ends[0], .write_fd = ends[1], .notes = BUF_INIT, .error = BUF_INIT};
    int failure = pthread_create(&conversion->thread, NULL, conversion_run, conversion);
    if (failure) {
        buf_set(error, "cannot start a thread: %s", strerror(failure));
        conversion_free(conversion);
        return -1;
    }
    *out = conversion;
    return 0;
}

int export_conversion_take_fd(struct export_conversion *conversion)
{
    return take_fd(&conversion->write_fd);
}

int export_conversion_end(struct export_conversion **conversion, bool whole, struct export_written *out,
                          struct buf *notes, struct buf *error)
{
    struct export_conversion *old = take_ptr(conversion);

    /* Before the join: the thread reads until no end for writing is open any more. */
    cleanup_close(&old->write_fd);
    old->write_fd = -1;
    pthread_join(old->thread, NULL);
    int result = old->result;
    buf_add(notes, old->notes.data, old->notes.len);
    /* If the bundle ended early because the export failed, the conversion failed too, but only knows that it
     * got half a bundle, or an empty one: the export has the reason. If the conversion stopped reading before
     * the end, it was the first to fail. */
    if (result < 0 && (whole || !old->ended))
        buf_set(error, "%s", old->error.data);
    *out = old->written;
    conversion_free(old);
    return result;
}
