/* Bundles: blobs and entries as one file, to carry them to another store. A bundle is a tar file (POSIX
 * ustar) that any tar can list, in one form only, byte for byte:
 *
 *     manifest-<sha256>.jsonl     the SHA-256 of this member; first, so that the rest is known in advance
 *     blobs/sha256/ab/<62 hex>    each blob of the manifest, in its order
 *     two blocks of zeros
 *
 * Every header is what the writer makes of name and size (formats/tar.h), and the padding is zeros: the
 * reader makes the header too and compares, so no byte of a bundle can change unnoticed.
 *
 * The manifest is JSON, an object a line:
 * {"yizhan-bundle":1,"created_at":...,"blobs":n,"entries":n,"bytes":n}, then blobs {"sha256":...,"size":...},
 * then entries {"space":...,"key":...,"scope":...,"sha256":... or null,"size":...,
 * "confirmed_at":...,"attributes":...}. An entry's blob need not be in the bundle: one that was made after
 * another (--since) builds on it.
 *
 * The stream may be compressed (.zst): one zstd frame, followed by the SHA-256 of that frame in a skippable
 * frame, so that here too no bit can change unnoticed. zstd unpacks it like any other. It is written and read
 * front to back, so pipes will do. */
#ifndef ADMIN_TRANSFER_BUNDLE_H
#define ADMIN_TRANSFER_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/digest.h"
#include "storage/store.h"

struct buf;
struct digest_set;

#define BUNDLE_VERSION 1
#define BUNDLE_MANIFEST_MAX_BYTES (1024 * 1024 * 1024)
#define BUNDLE_COMPRESS_LEVEL \
    3 /* what is stored is mostly compressed already: more costs much and brings little */

struct bundle_blob {
    struct digest digest;
    int64_t size_bytes;
};

/* The manifest of a bundle, in memory. Strings live in the arena. */
struct bundle_content {
    int64_t created_at_s;
    struct bundle_blob *blobs;
    size_t blob_count;
    struct entry *entries; /* NULL nowhere: missing strings are "" */
    size_t entry_count;
    int64_t bytes; /* of all blobs */

    /* Its own. */
    struct arena arena;
    struct digest_set *digests;
    size_t blob_capacity;
    size_t entry_capacity;
};
#define CLEANUP_BUNDLE_CONTENT __attribute__((cleanup(bundle_content_release)))

/* Created now. */
void bundle_content_init(struct bundle_content *content);
void bundle_content_release(struct bundle_content *content);
/* Adds; copies strings. A blob that is there already is not added again: returns false. */
bool bundle_add_blob(struct bundle_content *content, const struct digest *digest, int64_t size_bytes);
bool bundle_has_blob(const struct bundle_content *content, const struct digest *digest);
/* bundle_entry_fits(). */
void bundle_add_entry(struct bundle_content *content, const struct entry *entry);
/* Its strings are UTF-8 and not too long, without control characters but in the attributes, and its numbers
 * not negative, but -1 for an unknown size. */
bool bundle_entry_fits(const struct entry *entry);

/* ---- writing ---- */

/* Where bytes go. Returns 0, or negative errno. */
struct bundle_output {
    int (*write)(void *arg, const void *data, size_t len);
    void *arg;
};

struct bundle_writer;
/* compress: zstd's level, 0: none. The output comes in pieces of about 1 MiB. */
struct bundle_writer *bundle_writer_new(const struct bundle_output *output, int compress);
void bundle_writer_free(struct bundle_writer **writer);
/* All of these return 0, or negative errno; then nothing but bundle_writer_free() may follow. First the
 * content, which must stay as it is until the end: -EFBIG if its manifest is too large; then, for each of its
 * blobs in order, bundle_write_blob() and its bytes in any pieces; then the end. Bytes that do not add up are
 * a BUG: the caller has checked. */
int bundle_write_content(struct bundle_writer *writer, const struct bundle_content *content);
int bundle_write_blob(struct bundle_writer *writer, const struct bundle_blob *blob);
int bundle_write_bytes(struct bundle_writer *writer, const void *data, size_t len);
/* bundle_write_blob() and all bytes of an open file, from its beginning. -EIO if it is not of that size,
 * -EBADMSG if it does not have that digest, so that nobody carries a bundle across an air gap to learn there
 * that it is damaged. */
int bundle_write_file(struct bundle_writer *writer, const struct bundle_blob *blob, int fd);
int bundle_write_end(struct bundle_writer *writer);

/* ---- reading ---- */

/* Where bytes come from. Returns how many, 0 at the end, or negative errno. */
struct bundle_input {
    ssize_t (*read)(void *arg, void *data, size_t max);
    void *arg;
};

/* Errors of all are -1 with the rest of a sentence in `error` that begins with the bundle's name: "is cut
 * off", "was altered", "was made by a newer version ...", "is not a bundle". Nothing but bundle_reader_free()
 * may follow. */
struct bundle_reader;
/* Finds out by itself whether the stream is compressed. */
struct bundle_reader *bundle_reader_new(const struct bundle_input *input);
void bundle_reader_free(struct bundle_reader **reader);
/* Reads the manifest, all checked: its digest, names, digests, sizes, order. The content belongs to the
 * reader. */
int bundle_read_content(struct bundle_reader *reader, const struct bundle_content **out, struct buf *error);
/* Goes to the next blob, once all bytes of the previous one have been read. Returns 1 if there is one; 0 if
 * that was the last, and the end of the bundle is as it must be. */
int bundle_read_blob(struct bundle_reader *reader, struct bundle_blob *out, struct buf *error);
/* The blob's next bytes: how many, 0 at its end, where they have been compared with the digest. */
ssize_t bundle_read_bytes(struct bundle_reader *reader, void *data, size_t max, struct buf *error);

#endif
