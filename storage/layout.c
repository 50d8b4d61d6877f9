/* The store's folder on disk. No state but the descriptors of struct layout, relative to which blobs and
 * growing files are named.
 *
 * The lock is flock(): it belongs to the open file, so the kernel releases it with a process that crashes,
 * and a leftover lock file means nothing. The pid in it is only for the message to the second process. */
#include "storage/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#define FOLDER_MODE 0755
#define FILE_MODE 0644

const char *layout_advice(int error_number)
{
    switch (error_number) {
    case ENOSPC:
    case EDQUOT:
        return "free some space on that disk";
    case EROFS:
        return "mount that file system read-write, or set [storage] path to another folder";
    case EACCES:
    case EPERM:
        return "let this user write there, be the user whose folder it is (or root), or set [storage] path "
               "to another folder";
    case ENOTDIR:
    case EEXIST:
        return "something that is not a folder has that name: move it, or set [storage] path to another "
               "folder";
    default:
        return "check the disk, or set [storage] path to a folder on a local disk";
    }
}

void layout_explain(struct buf *error, const char *doing, const char *what, int error_number)
{
    buf_set(error, "cannot %s %s: %s; %s", doing, what, strerror(error_number), layout_advice(error_number));
}

/* Like mkdir -p; what is there already must be a folder. Returns 0, or -1 with errno. */
static int make_path(const char *path)
{
    char *CLEANUP_FREE copy = xstrdup(path);

    for (char *slash = copy; *slash && (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        if (mkdir(copy, FOLDER_MODE) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
            return -1;
        *slash = '/';
    }
    if (mkdir(copy, FOLDER_MODE) == 0)
        return 0;
    /* A read-only parent does not matter where the folder exists; the lock file will tell whether that can
     * be written. */
    int mkdir_error = errno;
    struct stat st;
    if (stat(copy, &st) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(st.st_mode) ? 0 : -1;
    }
    errno = mkdir_error;
    return -1;
}

/* Returns the number of folders made (0 or 1), or -1 with errno. */
static int make_folder(int parent_fd, const char *name)
{
    if (mkdirat(parent_fd, name, FOLDER_MODE) == 0)
        return 1;
    return errno == EEXIST ? 0 : -1;
}

static int layout_take_lock(struct layout *layout, struct buf *error)
{
    char *CLEANUP_FREE path = xasprintf("%s/lock", layout->path);
    int CLEANUP_CLOSE fd = openat(layout->root_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    char owner[24] = "";

    if (fd < 0) {
        layout_explain(error, "write", path, errno);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK) {
            layout_explain(error, "lock", path, errno);
            return -1;
        }
        ssize_t len = pread(fd, owner, sizeof(owner) - 1, 0);
        owner[len > 0 ? strspn(owner, "0123456789") : 0] = '\0';
        buf_set(error,
                "the store %s is in use by process %s; a server, or a command at work: wait for it or stop "
                "it, or set [storage] path to another folder",
                layout->path, *owner ? owner : "(unknown)");
        return -EBUSY;
    }
    int len = snprintf(owner, sizeof(owner), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, owner, (size_t)len, 0) != len) {
        layout_explain(error, "write", path, errno);
        return -1;
    }
    layout->lock_fd = take_fd(&fd);
    return 0;
}

/* Makes blobs/sha256/00..ff and tmp/ and opens them. Returns 0, or -1 with errno and the culprit's name in
 * `what`. */
static int layout_make_folders(struct layout *layout, struct buf *what)
{
    int made = 0;
    char name[3];

    buf_set(what, "%s/blobs/sha256", layout->path);
    if (make_folder(layout->root_fd, "blobs") < 0 || make_folder(layout->root_fd, "blobs/sha256") < 0)
        return -1;
    layout->blobs_fd = openat(layout->root_fd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (layout->blobs_fd < 0)
        return -1;
    /* All of them in advance, so that a commit never has to make a folder and sync its parent. */
    for (int folder = 0; folder < LAYOUT_FOLDERS; folder++) {
        snprintf(name, sizeof(name), "%02x", (unsigned)folder);
        int result = make_folder(layout->blobs_fd, name);
        if (result < 0)
            return -1;
        made += result;
    }
    /* Commits sync only a blob's own folder: its name in blobs/sha256 must survive a power cut from now
     * on. */
    if (made && fsync(layout->blobs_fd) < 0)
        return -1;
    buf_set(what, "%s/tmp", layout->path);
    if (make_folder(layout->root_fd, "tmp") < 0)
        return -1;
    layout->tmp_fd = openat(layout->root_fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return layout->tmp_fd < 0 ? -1 : 0;
}

/* Removes the growing files that a crashed process left. */
static void layout_sweep(struct layout *layout)
{
    int fd = openat(layout->tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    int swept = 0;

    if (!folder) {
        log_warn("store: cannot list %s/tmp to sweep it: %s", layout->path, strerror(errno));
        return;
    }
    for (struct dirent *item; (item = readdir(folder));)
        if (text_ends(item->d_name, ".part")) {
            if (unlinkat(layout->tmp_fd, item->d_name, 0) == 0)
                swept++;
            else
                log_warn("store: cannot remove the leftover %s/tmp/%s: %s", layout->path, item->d_name,
                         strerror(errno));
        }
    closedir(folder);
    if (swept)
        log_info("store: removed %d unfinished files of an earlier run", swept);
}

int layout_open(struct layout *layout, const char *path, struct buf *error)
{
    struct buf CLEANUP_BUF what = BUF_INIT;
    int result = -1;

    *layout = (struct layout){.root_fd = -1, .lock_fd = -1, .blobs_fd = -1, .tmp_fd = -1};
    layout->path = xstrdup(path);
    layout->index_path = xasprintf("%s/index.db", path);
    if (make_path(path) < 0) {
        layout_explain(error, "create the store folder", path, errno);
        goto fail;
    }
    layout->root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (layout->root_fd < 0) {
        layout_explain(error, "open the store folder", path, errno);
        goto fail;
    }
    result = layout_take_lock(layout, error);
    if (result < 0)
        goto fail;
    result = -1;
    if (layout_make_folders(layout, &what) < 0) {
        layout_explain(error, "create", what.data, errno);
        goto fail;
    }
    layout_sweep(layout);
    return 0;
fail:
    layout_close(layout);
    return result;
}

void layout_close(struct layout *layout)
{
    cleanup_close(&layout->tmp_fd);
    cleanup_close(&layout->blobs_fd);
    cleanup_close(&layout->root_fd);
    /* Last: from now on another process may own the store. The file stays, since removing it would race
     * with that one. */
    cleanup_close(&layout->lock_fd);
    free(layout->index_path);
    free(layout->path);
    *layout = (struct layout){.root_fd = -1, .lock_fd = -1, .blobs_fd = -1, .tmp_fd = -1};
}

void layout_blob_name(const struct digest *digest, char out[LAYOUT_NAME_SIZE])
{
    text_hex(digest->bytes, 1, out);
    out[2] = '/';
    text_hex(digest->bytes + 1, sizeof(digest->bytes) - 1, out + 3);
}

int layout_open_blob(const struct layout *layout, const struct digest *digest)
{
    char name[LAYOUT_NAME_SIZE];

    layout_blob_name(digest, name);
    /* O_NONBLOCK: something else than a file that has the name must not hold the thread up. */
    int fd = openat(layout->blobs_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int layout_stat_blob(const struct layout *layout, const struct digest *digest, struct stat *out)
{
    char name[LAYOUT_NAME_SIZE];

    layout_blob_name(digest, name);
    return fstatat(layout->blobs_fd, name, out, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int layout_unlink_blob(const struct layout *layout, const struct digest *digest)
{
    char name[LAYOUT_NAME_SIZE];

    layout_blob_name(digest, name);
    return unlinkat(layout->blobs_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* The digest that a file name inside the folder spells. Returns 0, or -1 where the store never gave that
 * name. */
static int layout_parse_name(int folder, const char *name, struct digest *out)
{
    char expected[LAYOUT_NAME_SIZE];

    out->bytes[0] = (unsigned char)folder;
    if (text_unhex(name, strlen(name), out->bytes + 1, sizeof(out->bytes) - 1) < 0)
        return -1;
    layout_blob_name(out, expected);
    return strcmp(expected + 3, name) == 0 ? 0 : -1; /* upper-case digits are not ours */
}

int layout_open_folder(const struct layout *layout, int folder)
{
    char name[3];

    snprintf(name, sizeof(name), "%02x", (unsigned)folder & 0xff);
    int fd = openat(layout->blobs_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int layout_compare_digests(const void *a, const void *b)
{
    return digest_compare(a, b);
}

int layout_list_folder(const struct layout *layout, int folder, struct digest **out, size_t *count)
{
    struct digest *digests = NULL;
    size_t capacity = 0;
    int fd = layout_open_folder(layout, folder);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);

    *count = 0;
    if (!listing) {
        int error = fd < 0 ? fd : -errno;
        cleanup_close(&fd);
        return error;
    }
    errno = 0;
    for (struct dirent *item; (item = readdir(listing)); errno = 0) {
        if (*count == capacity)
            digests = xrealloc(digests, (capacity = capacity ? 2 * capacity : 64) * sizeof(*digests));
        if (layout_parse_name(folder, item->d_name, &digests[*count]) == 0)
            ++*count;
    }
    int error = -errno;
    closedir(listing);
    if (*count)
        qsort(digests, *count, sizeof(*digests), layout_compare_digests);
    *out = digests;
    return error;
}

int layout_create_part(const struct layout *layout, uint64_t number, char name[LAYOUT_PART_SIZE])
{
    snprintf(name, LAYOUT_PART_SIZE, "%" PRIu64 ".part", number);
    int fd = openat(layout->tmp_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    return fd < 0 ? -errno : fd;
}

int64_t layout_free_bytes(const struct layout *layout)
{
    struct statvfs figures;

    if (fstatvfs(layout->root_fd, &figures) < 0)
        return INT64_MAX;
    /* f_bavail, not f_bfree: without the blocks that are reserved for root. */
    return (int64_t)(figures.f_bavail * figures.f_frsize);
}
