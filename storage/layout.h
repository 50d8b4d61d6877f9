/* The store's folder: its lock, its folders, and the names of blobs and growing files.
 *
 *     lock                        flock()ed by the one process that owns the store; contains its pid
 *     index.db                    see index.h
 *     blobs/sha256/ab/<62 hex>    a whole, verified blob; the 256 folders are made in advance
 *     tmp/<number>.part           a growing file; swept at start
 *
 * The functions may be called from any thread once layout_open() is done. */
#ifndef STORAGE_LAYOUT_H
#define STORAGE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

struct buf;
struct stat;

struct layout {
    char *path;
    char *index_path;
    int root_fd;
    int lock_fd;
    int blobs_fd; /* blobs/sha256 */
    int tmp_fd;
};

#define LAYOUT_FOLDERS 256
#define LAYOUT_NAME_SIZE 66 /* "ab/", 62 hex digits, NUL */
#define LAYOUT_PART_SIZE 32

/* Makes what is missing, takes the lock, sweeps tmp/. Returns 0, or -1 (-EBUSY: another process has the
 * lock) with one sentence in `error`; then nothing is left open. */
int layout_open(struct layout *layout, const char *path, struct buf *error);
void layout_close(struct layout *layout);

/* The blob's name relative to blobs_fd. */
void layout_blob_name(const struct digest *digest, char out[LAYOUT_NAME_SIZE]);
/* Opens the blob's file for reading. Returns a descriptor or negative errno. */
int layout_open_blob(const struct layout *layout, const struct digest *digest);
/* Return 0 or negative errno. Where there is no file, there is nothing to unlink: 0. */
int layout_stat_blob(const struct layout *layout, const struct digest *digest, struct stat *out);
int layout_unlink_blob(const struct layout *layout, const struct digest *digest);
/* Opens blobs/sha256/<folder>. Returns a descriptor or negative errno. */
int layout_open_folder(const struct layout *layout, int folder);
/* The digests of the folder's blobs, sorted. Heap memory in *out. Returns 0 or negative errno. */
int layout_list_folder(const struct layout *layout, int folder, struct digest **out, size_t *count);
/* Creates tmp/<number>.part; `name` is relative to tmp_fd. Returns a descriptor or negative errno. */
int layout_create_part(const struct layout *layout, uint64_t number, char name[LAYOUT_PART_SIZE]);
/* The free space that this user may take; INT64_MAX where the file system does not say. */
int64_t layout_free_bytes(const struct layout *layout);

/* Sets `error` to "cannot <doing> <what>: <errno's text>; <what to do>". */
void layout_explain(struct buf *error, const char *doing, const char *what, int error_number);
/* Half a sentence that says what to do about a disk error. */
const char *layout_advice(int error_number);

#endif
