/* Bundles in memory: made of blobs whose bytes follow from their number, and read to their end. */
#ifndef TESTS_BUNDLE_CASE_H
#define TESTS_BUNDLE_CASE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "admin/transfer/bundle.h"
#include "base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LEVEL BUNDLE_COMPRESS_LEVEL
/* Larger than all buffers; its number of pieces is not whole. */
#define LARGE_BYTES (3 * 1024 * 1024 + 77)
#define BLOB_SIZES 8
extern const size_t blob_sizes[BLOB_SIZES];

/* An entry with all there is, and one with as little as possible. */
extern const struct entry full_entry;
extern const struct entry bare_entry;

/* A bundle_input. */
struct source {
    const char *data;
    size_t len, at;
    size_t piece; /* at most so many at once */
    int error;    /* at the end, instead of it */
};
ssize_t source_read(void *arg, void *data, size_t max);

/* A bundle_output into a struct buf. */
int sink_write(void *arg, const void *data, size_t len);

/* Bytes that do not compress and differ for each number; heap memory. */
char *blob_bytes(unsigned int number, size_t len);
void add_blob(struct bundle_content *content, unsigned int number, size_t len);
/* Blob i has lens[i] bytes of number i. */
void write_bundle(struct bundle_content *content, const size_t *lens, int compress, struct buf *out);
/* The entries are full ones and bare ones by turns. */
void make_bundle(const size_t *lens, size_t blobs, size_t entries, int compress, struct buf *out);

/* Reads all of a bundle, `max` bytes at once, and asserts of every blob that is read to its end that it has the bytes
 * that the manifest says. Returns 0, with the number of blobs; -1 with an error. */
int read_source(struct source *source, size_t max, size_t *blobs, struct buf *error);
int read_bytes(const void *data, size_t len, struct buf *error);
void assert_refused(const struct buf *bundle, const char *why);
/* In pieces of many sizes. */
void assert_whole(const struct buf *bundle, size_t expected_blobs);

#endif
