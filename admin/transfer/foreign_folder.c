/* Folders that are an OCI image layout: index.json, oci-layout and the blobs; other files are ignored. Links
 * are followed: a folder is the user's own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/transfer/foreign_private.h"
#include "base/memory.h"

static int folder_cannot_read(const struct foreign *foreign, const char *name, struct buf *error)
{
    buf_set(error, "cannot read %s/%s: %s", foreign->name, name, strerror(errno));
    return -1;
}

/* Gives what the file has to `bytes`, until that returns non-zero. Returns that, 0, or -1. */
static int folder_read_bytes(const struct foreign *foreign, const char *name,
                             int (*bytes)(void *arg, const void *data, size_t len), void *arg,
                             struct buf *error)
{
    char *CLEANUP_FREE piece = xmalloc(FOREIGN_PIECE_BYTES);
    struct stat status;
    /* O_NONBLOCK: opening a FIFO would wait for a writer. */
    int CLEANUP_CLOSE fd = openat(foreign->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &status) < 0)
        return folder_cannot_read(foreign, name, error);
    if (!S_ISREG(status.st_mode)) {
        buf_set(error, "%s/%s is not a file", foreign->name, name);
        return -1;
    }
    for (;;) {
        ssize_t got = read(fd, piece, FOREIGN_PIECE_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return folder_cannot_read(foreign, name, error);
        if (got == 0)
            return 0;
        int stop = bytes(arg, piece, (size_t)got);
        if (stop)
            return stop;
    }
}

static int folder_take_file(struct foreign *foreign, const char *name, struct foreign_intake *intake,
                            struct buf *error)
{
    struct foreign_file *file = foreign_add(foreign, name, error);

    if (!file)
        return -1;
    foreign_intake_begin(intake, foreign, file);
    if (folder_read_bytes(foreign, name, foreign_intake_bytes, intake, error) < 0)
        return -1;
    return foreign_intake_end(intake, error);
}

static void folder_close(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

/* All files there, not only those that index.json leads to: which these are is known only when their bytes
 * are. A layout with blobs/sha512 alone has none that a store could name. */
static int folder_take_blobs(struct foreign *foreign, struct foreign_intake *intake, struct buf *error)
{
    int fd = openat(foreign->fd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *__attribute__((cleanup(folder_close))) folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *item;

    if (!folder)
        return folder_cannot_read(foreign, "blobs/sha256", error);
    while ((item = readdir(folder))) {
        if (*item->d_name == '.')
            continue;
        char *CLEANUP_FREE name = xasprintf("blobs/sha256/%s", item->d_name);
        if (folder_take_file(foreign, name, intake, error) < 0)
            return -1;
    }
    return 0;
}

static int folder_read_again(struct foreign *foreign, const struct foreign_sink *sink, struct buf *error)
{
    for (size_t i = 0; i < foreign->count; i++) {
        int result = sink->begin(sink->arg, &foreign->files[i]);
        /* Opened by name again. If it is another file by now, whoever receives the bytes gets another
         * digest. */
        if (result > 0)
            result = folder_read_bytes(foreign, foreign->files[i].name, sink->bytes, sink->arg, error);
        if (result < 0)
            return result;
    }
    return 0;
}

int foreign_open_folder(const char *path, struct foreign **out, struct buf *error)
{
    struct foreign *CLEANUP_FOREIGN foreign =
        foreign_new(path, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), true);
    struct foreign_intake __attribute__((cleanup(foreign_intake_release))) intake = {.text = BUF_INIT};

    if (foreign->fd < 0) {
        buf_set(error, "cannot read the folder %s: %s", path, strerror(errno));
        return -1;
    }
    /* These three only: the folder may hold anything else, and all of it would be hashed. */
    if (folder_take_file(foreign, "oci-layout", &intake, error) < 0 ||
        folder_take_file(foreign, "index.json", &intake, error) < 0 ||
        folder_take_blobs(foreign, &intake, error) < 0 || foreign_finish(foreign, error) < 0)
        return -1;
    foreign->read = folder_read_again;
    *out = take_ptr(&foreign);
    return 0;
}
