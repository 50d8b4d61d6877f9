/* Images as other programs write them: a folder, or a tar archive, plain or compressed by gzip, zstd, xz or
 * bzip2. It is read once to learn which files there are, with their digests, and a second time for the
 * bytes that are wanted. No file is ever unpacked on disk. The content is hostile: names that lead out, links
 * to elsewhere, files with holes, compression bombs are errors, and numbers and sizes are limited. */
#ifndef ADMIN_TRANSFER_FOREIGN_H
#define ADMIN_TRANSFER_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

struct buf;
struct foreign;

#define FOREIGN_FILES_MAX 200000
#define FOREIGN_NAME_MAX_BYTES 1024
/* The JSON that is kept in memory: at most this much of one file, and of all files. */
#define FOREIGN_JSON_MAX_BYTES (8 * 1024 * 1024)
#define FOREIGN_JSON_TOTAL_BYTES (128 * 1024 * 1024)
/* A compressed archive that unpacks to more than this and to more than this many times its own size is a
 * bomb. Images shrink by a factor of 2 to 10. */
#define FOREIGN_UNPACKED_MIN_BYTES ((int64_t)256 * 1024 * 1024)
#define FOREIGN_UNPACKED_FACTOR 250

struct foreign_file {
    const char *name; /* "blobs/sha256/...", without "./" */
    const char *link; /* the name that it is a link to; NULL: none, and the rest says what it is */
    int64_t size_bytes;
    struct digest digest;
    bool gzip;        /* it begins like that */
    const char *json; /* its bytes if they begin like JSON and are not too many; ends in NUL; else NULL */
};

/* Opens a folder, or reads an archive from fd (not taken over; it must be seekable) up to its end. `name` is
 * for messages and must stay. They return 0, or -1 with a sentence in `error`. */
int foreign_open_folder(const char *path, struct foreign **out, struct buf *error);
int foreign_open_archive(int fd, const char *name, struct foreign **out, struct buf *error);
/* Appends the name of an archive's first member. Returns 0, or -1 if it is not an archive. */
int foreign_first_name(int fd, struct buf *out);
void foreign_free(struct foreign **foreign);
#define CLEANUP_FOREIGN __attribute__((cleanup(foreign_free)))
const char *foreign_name(const struct foreign *foreign);

/* Finds a file by name, following links. Returns NULL if there is none. */
const struct foreign_file *foreign_find(const struct foreign *foreign, const char *name);
/* In their order, links included. */
size_t foreign_count(const struct foreign *foreign);
const struct foreign_file *foreign_at(const struct foreign *foreign, size_t i);

/* Receives the bytes of the second reading. */
struct foreign_sink {
    /* 1: the bytes of this file are wanted; 0: they are not; negative: enough. Not called for links. */
    int (*begin)(void *arg, const struct foreign_file *file);
    /* 0, or negative: enough. */
    int (*bytes)(void *arg, const void *data, size_t len);
    void *arg;
};
/* In the order of foreign_at(). Returns 0, what the sink has returned, or -1 with a sentence in `error` when
 * a file is not what it was the first time. */
int foreign_read(struct foreign *foreign, const struct foreign_sink *sink, struct buf *error);

#endif
