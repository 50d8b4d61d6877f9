/* Moves a stream between a pipe and numbered files, on a thread of its own, which owns the files, `count`,
 * `error` and its end of the pipe until pieces_end() has joined it. Nothing else synchronises: the caller
 * reads these only after that. */
#include "admin/transfer/pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define PIECES_CHUNK_BYTES ((size_t)1 << 20)

struct pieces {
    char *path;
    int64_t piece_bytes; /* 0: reading */
    int pipe_fd;
    pthread_t thread;
    int count; /* files that were made */
    struct buf error;
};

static char *piece_name(const struct pieces *pieces, int number, const char *suffix)
{
    return xasprintf("%s.%03d%s", pieces->path, number, suffix);
}

char *pieces_whole(const char *path)
{
    size_t len = strlen(path);

    /* By its form alone: FILE.001 itself may be the piece that is missing, which pieces_read() can say. */
    if (len > 4 && path[len - 4] == '.' && strspn(path + len - 3, "0123456789") == 3)
        return xstrndup(path, len - 4);
    char *CLEANUP_FREE first = xasprintf("%s.001", path);
    return access(path, F_OK) != 0 && access(first, F_OK) == 0 ? xstrdup(path) : NULL;
}

/* ---- writing ---- */

/* ".part" until the end: half an export must not look like a bundle in pieces that lacks some. */
static int pieces_open_next(struct pieces *pieces)
{
    if (pieces->count == PIECES_MAX) {
        buf_set(&pieces->error, "more than %d pieces: make them larger", PIECES_MAX);
        return -1;
    }
    char *CLEANUP_FREE name = piece_name(pieces, ++pieces->count, ".part");
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        buf_set(&pieces->error, "cannot write %s: %s", name, strerror(errno));
    return fd;
}

/* Makes it durable. False after an error. */
static bool pieces_close_one(struct pieces *pieces, int *fd, int error)
{
    /* EINVAL: a file system, or a device, that cannot sync. */
    if (*fd >= 0 && !error && fsync(*fd) < 0 && errno != EINVAL)
        error = -errno;
    cleanup_close(fd);
    *fd = -1;
    if (error)
        buf_set(&pieces->error, "cannot write piece %d of %s: %s", pieces->count, pieces->path,
                strerror(-error));
    return !error;
}

/* The rest of one chunk, over as many pieces as it takes. */
static bool pieces_write_chunk(struct pieces *pieces, int *fd, int64_t *left, const char *data, size_t len)
{
    while (len > 0) {
        if (*left == 0) {
            if (!pieces_close_one(pieces, fd, 0) || (*fd = pieces_open_next(pieces)) < 0)
                return false;
            *left = pieces->piece_bytes;
        }
        size_t part = (uint64_t)*left < len ? (size_t)*left : len;
        int error = file_write_all(*fd, data, part);
        if (error)
            return pieces_close_one(pieces, fd, error);
        data += part;
        len -= part;
        *left -= (int64_t)part;
    }
    return true;
}

static void *pieces_run_writing(void *arg)
{
    struct pieces *pieces = arg;
    char *CLEANUP_FREE chunk = xmalloc(PIECES_CHUNK_BYTES);
    int CLEANUP_CLOSE fd = -1;
    int64_t left = 0;
    ssize_t got;

    while ((got = read(pieces->pipe_fd, chunk, PIECES_CHUNK_BYTES)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0 && !pieces_write_chunk(pieces, &fd, &left, chunk, (size_t)got))
            break;
    /* After an error the piece is closed already, and the error of a second close would hide the first. */
    if (!pieces->error.len)
        (void)pieces_close_one(pieces, &fd, 0);
    close(pieces->pipe_fd); /* whoever still writes learns that nobody reads */
    return NULL;
}

/* ---- reading ---- */

/* False at an error, or when nobody reads. */
static bool pieces_send_one(struct pieces *pieces, int fd, const char *name, char *chunk)
{
    ssize_t got;

    while ((got = read(fd, chunk, PIECES_CHUNK_BYTES)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            buf_set(&pieces->error, "cannot read %s: %s", name, strerror(errno));
            return false;
        }
        if (file_write_all(pieces->pipe_fd, chunk, (size_t)got) < 0)
            return false;
    }
    return true;
}

/* Returns the descriptor of a piece; -1 after the last one, or on an error, which sets `error`. */
static int pieces_open_one(struct pieces *pieces, int number, const char *name, int64_t *bytes)
{
    /* O_NONBLOCK: opening a FIFO of that name would wait forever for a writer. */
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;

    /* Nothing counts the pieces: the first that does not exist is the end. If it should not be, the bundle is
     * cut off, and the import names the piece that it lacks. */
    if (fd < 0 && (number == 1 || errno != ENOENT))
        buf_set(&pieces->error, "cannot read %s: %s", name, strerror(errno));
    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        *bytes = status.st_size;
        return fd;
    }
    buf_set(&pieces->error, "cannot read %s: it is not a file", name);
    close(fd);
    return -1;
}

/* All pieces but the last have one size, so a piece that was copied only in part is noticed before its bytes
 * are sent on. */
static void *pieces_run_reading(void *arg)
{
    struct pieces *pieces = arg;
    char *CLEANUP_FREE chunk = xmalloc(PIECES_CHUNK_BYTES);
    int64_t first_bytes = 0;
    int64_t last_bytes = 0;

    for (int i = 1; i <= PIECES_MAX; i++) {
        char *CLEANUP_FREE name = piece_name(pieces, i, "");
        int64_t bytes;
        int CLEANUP_CLOSE fd = pieces_open_one(pieces, i, name, &bytes);
        if (fd >= 0 && i > 1 && last_bytes != first_bytes)
            buf_set(&pieces->error,
                    "%s.%03d is not as long as %s.001, but is not the last piece: copy it again, or remove "
                    "the later ones if they belong to another bundle",
                    pieces->path, i - 1, pieces->path);
        if (fd < 0 || pieces->error.len || !pieces_send_one(pieces, fd, name, chunk))
            break;
        first_bytes = i == 1 ? bytes : first_bytes;
        last_bytes = bytes;
    }
    close(pieces->pipe_fd);
    return NULL;
}

/* ---- both ---- */

/* The thread writes into a pipe whose other end this process may close early: SIGPIPE must be ignored, so
 * that the write fails with EPIPE instead. */
static int pieces_start(const char *path, int64_t piece_bytes, struct pieces **out, int *fd,
                        struct buf *error)
{
    bool writing = piece_bytes > 0;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0) {
        buf_set(error, "cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    struct pieces *pieces = xcalloc(1, sizeof(*pieces));
    pieces->path = xstrdup(path);
    pieces->piece_bytes = piece_bytes;
    pieces->pipe_fd = ends[writing ? 0 : 1];
    *fd = ends[writing ? 1 : 0];
    buf_init(&pieces->error);
    CHECK(pthread_create(&pieces->thread, NULL, writing ? pieces_run_writing : pieces_run_reading, pieces) ==
          0);
    *out = pieces;
    return 0;
}

int pieces_write(const char *path, int64_t piece_bytes, struct pieces **out, int *fd, struct buf *error)
{
    return pieces_start(path, piece_bytes, out, fd, error);
}

int pieces_read(const char *path, struct pieces **out, int *fd, struct buf *error)
{
    char *CLEANUP_FREE first = xasprintf("%s.001", path);

    /* Here and not on the thread, so that a name without any piece is refused before the operation starts. */
    if (access(first, R_OK) < 0) {
        buf_set(error, "cannot read %s: %s", first, strerror(errno));
        return -1;
    }
    return pieces_start(path, 0, out, fd, error);
}

int pieces_end(struct pieces **pieces_, bool keep, struct buf *error)
{
    struct pieces *pieces = take_ptr(pieces_);

    pthread_join(pieces->thread, NULL);
    keep = keep && !pieces->error.len;
    for (int i = 1; i <= pieces->count; i++) {
        char *CLEANUP_FREE part = piece_name(pieces, i, ".part");
        char *CLEANUP_FREE name = piece_name(pieces, i, "");
        if (keep && rename(part, name) < 0)
            buf_set(&pieces->error, "cannot rename %s: %s", part, strerror(errno));
        else if (!keep)
            unlink(part);
    }
    /* Later pieces of an earlier export to the same name go: a reader would continue with them, and take the
     * new bundle for one that was altered. */
    for (int i = pieces->count + 1; keep && i <= PIECES_MAX; i++) {
        char *CLEANUP_FREE name = piece_name(pieces, i, "");
        if (unlink(name) < 0)
            break;
    }
    int result = pieces->error.len ? -1 : 0;
    if (result < 0)
        buf_set(error, "%s", pieces->error.data);
    buf_release(&pieces->error);
    free(pieces->path);
    free(pieces);
    return result;
}
