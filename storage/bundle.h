/* Bundles: blobs and entries as one file, to carry them to another store. A bundle is a tar file (POSIX ustar) that any
 * tar can list, in one form only, byte for byte:
 *
 *     manifest-<sha256>.jsonl     the SHA-256 of this member; first, so that all that follows is known beforehand
 *     blobs/sha256/ab/<62 hex>    each blob of the manifest, in its order
 *     two blocks of zeros
 *
 * Every header is what the writer makes of name and size, with fixed owner, mode and time, and the padding is zeros:
 * the reader makes the header too and compares, so no byte of a bundle can change unnoticed. Sizes of 8 GiB and more
 * are written in base 256, as GNU tar does.
 *
 * The manifest is JSON, an object a line: {"yizhan-bundle":1,"created_at":...,"blobs":n,"entries":n,"bytes":n}, then blobs
 * {"sha256":...,"size":...}, then entries {"space":...,"key":...,"scope":...,"sha256":...,"confirmed_at":...,
 * "attributes":...}. An entry's blob need not be in the bundle: one that was made after another (--since) builds on it.
 *
 * The stream may be compressed (.zst); both sides of that are here as well. Pure streaming: pipes will do. */
#ifndef STORAGE_BUNDLE_H
#define STORAGE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "storage/store.h"

struct buf;

#define BUNDLE_VERSION 1
#define BUNDLE_MANIFEST_MAX_BYTES (1024 * 1024 * 1024)

struct bundle_blob {
    struct digest digest;
    int64_t size_bytes;
};

/* What a bundle says first. Strings live in the arena. */
struct bundle_content {
    struct arena arena;
    int64_t created_at_s;
    struct bundle_blob *blobs;
    size_t blob_count;
    struct entry *entries;
    size_t entry_count;
};

void bundle_content_init(struct bundle_content *content);
void bundle_content_release(struct bundle_content *content);
/* Adds; copies strings. A blob that is there already is not added again: returns false. */
bool bundle_add_blob(struct bundle_content *content, const struct digest *digest, int64_t size_bytes);
void bundle_add_entry(struct bundle_content *content, const struct entry *entry);

/* ---- writing ---- */

/* Where bytes go. Returns 0, or negative errno. */
struct bundle_output {
    int (*write)(void *arg, const void *data, size_t len);
    void *arg;
};

struct bundle_writer;
/* compress: zstd's level, 0: none. */
struct bundle_writer *bundle_writer_new(const struct bundle_output *output, int compress);
void bundle_writer_free(struct bundle_writer **writer);
/* All of these return 0, or negative errno. First the content; then, for each of its blobs in its order, begin and its
 * bytes in any pieces; then the end. Bytes that do not add up are a BUG: the caller has checked. */
int bundle_write_content(struct bundle_writer *writer, const struct bundle_content *content);
int bundle_write_blob(struct bundle_writer *writer, const struct bundle_blob *blob);
int bundle_write_bytes(struct bundle_writer *writer, const void *data, size_t len);
/* bundle_write_blob() and all bytes of an open file, which must have that size: -EIO if it has not. */
int bundle_write_file(struct bundle_writer *writer, const struct bundle_blob *blob, int fd);
int bundle_write_end(struct bundle_writer *writer);

/* ---- reading ---- */

/* Where bytes come from. Returns how many, 0 at the end, or negative errno. */
struct bundle_input {
    ssize_t (*read)(void *arg, void *data, size_t max);
    void *arg;
};

struct bundle_reader;
/* Finds out by itself whether the stream is compressed. */
struct bundle_reader *bundle_reader_new(const struct bundle_input *input);
void bundle_reader_free(struct bundle_reader **reader);
/* Reads the manifest, all checked: its digest, names, digests, sizes, order. Returns 0; -1 with a sentence in `error` ("is
 * cut off", "was altered", "was made by a newer version ...", "is no bundle"). The content belongs to the reader. */
int bundle_read_content(struct bundle_reader *reader, const struct bundle_content **out, struct buf *error);
/* Goes to the next blob. 1: there is one; 0: that was the last, and the rest is as it must be; -1 with a sentence. */
int bundle_read_blob(struct bundle_reader *reader, struct bundle_blob *out, struct buf *error);
/* The blob's next bytes: how many, 0 at its end, where they have been compared with the digest; -1 with a sentence. */
ssize_t bundle_read_bytes(struct bundle_reader *reader, void *data, size_t max, struct buf *error);

#endif
