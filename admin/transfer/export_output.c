/* Files on their way out, in a temporary folder or tar archive beside the destination. One thread. rename(2)
 * gives the whole its name: it replaces a file, and an empty folder, in one step, so nobody ever finds half
 * an export. */
#include "admin/transfer/export_output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/tar.h"

struct export_output {
    char *destination; /* without "/" at its end */
    char *made;        /* its name until it is whole; NULL: it is whole, or was never there */
    bool folder;
    int fd;      /* the archive; or the folder */
    int file_fd; /* that is being written */
    int64_t size_bytes;
    int64_t left_bytes;
};

static int output_failed(const struct export_output *output, struct buf *error)
{
    buf_set(error, "cannot write %s: %s", output->destination, strerror(errno));
    return -1;
}

/* ---- the whole ---- */

/* rename() replaces a folder only if it is empty. */
static bool is_empty(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *item = NULL;

    if (!folder)
        return false;
    while ((item = readdir(folder)) && (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0))
        ;
    closedir(folder);
    return !item;
}

static int output_open_folder(struct export_output *output, struct buf *error)
{
    struct stat status;

    /* A link to a folder is refused, too: rename() cannot put a folder in its place. */
    if (lstat(output->destination, &status) == 0) {
        if (!S_ISDIR(status.st_mode) || !is_empty(output->destination)) {
            buf_set(error, "%s already exists and is not an empty folder: name another one, or remove it",
                    output->destination);
            return -1;
        }
    }
    if (!mkdtemp(output->made))
        return output_failed(output, error);
    /* mkdtemp() lets only the owner in. */
    if (chmod(output->made, 0755) < 0)
        return output_failed(output, error);
    output->fd = open(output->made, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return output->fd < 0 ? output_failed(output, error) : 0;
}

static int output_open_archive(struct export_output *output, struct buf *error)
{
    struct stat status;
    /* mkostemp() makes files of mode 0600, but the export is to be as readable as any file. The mask can be
     * read only by setting it. */
    mode_t mask = umask(0);

    umask(mask);
    /* rename() over a device would make it a file: as root, an export to /dev/null did. */
    if (stat(output->destination, &status) == 0 && !S_ISREG(status.st_mode)) {
        buf_set(error, "%s already exists and is not a plain file: name another one", output->destination);
        return -1;
    }
    output->fd = mkostemp(output->made, O_CLOEXEC);
    if (output->fd < 0 || fchmod(output->fd, 0666 & ~mask) < 0)
        return output_failed(output, error);
    return 0;
}

int export_output_open(const char *destination, bool folder, struct export_output **out, struct buf *error)
{
    struct export_output *CLEANUP_EXPORT_OUTPUT output = xcalloc(1, sizeof(*output));
    size_t len = strlen(destination);

    /* The temporary name is beside it, not in it: rename() works only within a file system. */
    while (len > 1 && destination[len - 1] == '/')
        len--;
    output->destination = xstrndup(destination, len);
    output->made = xasprintf("%s.XXXXXX", output->destination);
    output->folder = folder;
    output->fd = output->file_fd = -1;
    if ((folder ? output_open_folder(output, error) : output_open_archive(output, error)) < 0) {
        if (output->fd < 0)
            free(take_ptr(&output->made));
        return -1;
    }
    *out = take_ptr(&output);
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

void export_output_free(struct export_output **output)
{
    struct export_output *old = take_ptr(output);

    if (!old)
        return;
    cleanup_close(&old->file_fd);
    cleanup_close(&old->fd);
    /* FTW_PHYS: no link is followed out of the folder. */
    if (old->made && old->folder)
        nftw(old->made, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    else if (old->made)
        unlink(old->made);
    free(old->made);
    free(old->destination);
    free(old);
}

/* ---- files ---- */

/* Makes the folders before the last part of the name, too. Returns a descriptor, or -1 with errno. */
static int output_create_file(struct export_output *output, const char *name)
{
    for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
        char *CLEANUP_FREE folder = xstrndup(name, (size_t)(slash - name));
        if (mkdirat(output->fd, folder, 0777) < 0 && errno != EEXIST)
            return -1;
    }
    /* Exclusive and without links: the folder is new, so whatever has that name was put there by another. */
    return openat(output->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
}

int export_output_begin(struct export_output *output, const char *name, int64_t size_bytes, struct buf *error)
{
    unsigned char header[TAR_BLOCK_BYTES];

    output->size_bytes = output->left_bytes = size_bytes;
    if (output->folder) {
        output->file_fd = output_create_file(output, name);
        return output->file_fd < 0 ? output_failed(output, error) : 0;
    }
    CHECK(strlen(name) <= TAR_NAME_MAX);
    tar_make_header(header, name, size_bytes);
    return file_write_all(output->fd, header, sizeof(header)) < 0 ? output_failed(output, error) : 0;
}

int export_output_bytes(struct export_output *output, const void *data, size_t len, struct buf *error)
{
    CHECK((int64_t)len <= output->left_bytes);
    output->left_bytes -= (int64_t)len;
    return file_write_all(output->folder ? output->file_fd : output->fd, data, len) < 0
               ? output_failed(output, error)
               : 0;
}

int export_output_end(struct export_output *output, struct buf *error)
{
    static const char zeros[TAR_BLOCK_BYTES];

    CHECK(!output->left_bytes);
    if (!output->folder)
        return file_write_all(output->fd, zeros, tar_padding(output->size_bytes)) < 0
                   ? output_failed(output, error)
                   : 0;
    /* Some file systems tell only now that the bytes could not be written. */
    int failure = fsync(output->file_fd);
    if (close(take_fd(&output->file_fd)) < 0 || failure < 0)
        return output_failed(output, error);
    return 0;
}

int export_output_file(struct export_output *output, const char *name, const void *data, size_t len,
                       struct buf *error)
{
    if (export_output_begin(output, name, (int64_t)len, error) < 0 ||
        export_output_bytes(output, data, len, error) < 0)
        return -1;
    return export_output_end(output, error);
}

/* A copy and not a link: the file systems of removable media often have no links. */
int export_output_again(struct export_output *output, const char *name, const char *again, struct buf *error)
{
    CHECK(output->folder);
    int CLEANUP_CLOSE from = openat(output->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int CLEANUP_CLOSE to = from < 0 ? -1 : output_create_file(output, again);
    char piece[64 * 1024];
    ssize_t got = -1;

    while (to >= 0 && (got = read(from, piece, sizeof(piece))) > 0)
        if (file_write_all(to, piece, (size_t)got) < 0)
            return output_failed(output, error);
    return got < 0 || fsync(to) < 0 ? output_failed(output, error) : 0;
}

int export_output_finish(struct export_output *output, struct buf *error)
{
    static const char zeros[TAR_END_BYTES];

    if (!output->folder && file_write_all(output->fd, zeros, sizeof(zeros)) < 0)
        return output_failed(output, error);
    if (fsync(output->fd) < 0 || rename(output->made, output->destination) < 0)
        return output_failed(output, error);
    free(take_ptr(&output->made));
    return 0;
}
