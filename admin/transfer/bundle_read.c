/* Reads a bundle front to back. A reader belongs to one thread. Once the manifest has been read, every later
 * header is known in advance: the reader makes the header that the writer must have made and compares all its
 * bytes, and no header after the first is parsed. States: before the manifest, between blobs, in a blob
 * (`in_blob`). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin/transfer/bundle.h"
#include "admin/transfer/bundle_manifest.h"
#include "admin/transfer/bundle_private.h"
#include "admin/transfer/bundle_stream.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/tar.h"

#define MANIFEST_PIECE_BYTES (64 * 1024)

struct bundle_reader {
    struct stream_in *in;
    struct bundle_content content;
    bool has_content;
    size_t next; /* blob */
    bool in_blob;
    int64_t left_bytes;    /* of the blob */
    struct hasher *hasher; /* of the blob, or the manifest */
};

struct bundle_reader *bundle_reader_new(const struct bundle_input *input)
{
    struct bundle_reader *reader = xcalloc(1, sizeof(*reader));

    reader->in = stream_in_new(input);
    reader->hasher = hasher_new(HASH_SHA256);
    bundle_content_init(&reader->content);
    return reader;
}

void bundle_reader_free(struct bundle_reader **reader_)
{
    struct bundle_reader *reader = take_ptr(reader_);

    if (!reader)
        return;
    stream_in_free(&reader->in);
    hasher_free(reader->hasher);
    bundle_content_release(&reader->content);
    free(reader);
}

/* ---- bytes ---- */

static int altered(struct buf *error)
{
    buf_set(error, "was altered, or damaged on its way");
    return -1;
}

static int cut_off(struct buf *error)
{
    buf_set(error, "is cut off: its end is missing");
    return -1;
}

static int explain_failure(ssize_t failure, struct buf *error)
{
    /* The codes of stream_in_read(). Whoever carried the bundle here wants to know whether to copy it again,
     * or to fetch it again because it is not what was exported. */
    switch (-failure) {
    case EBADMSG:
        return altered(error);
    case ENODATA:
        return cut_off(error);
    case ENOTSUP:
        buf_set(error, "is cut off, or was compressed by another program: unpack it with `zstd -d` then");
        return -1;
    default:
        buf_set(error, "cannot be read: %s", strerror((int)-failure));
        return -1;
    }
}

static int bundle_read_exactly(struct bundle_reader *reader, void *data, size_t len, struct buf *error)
{
    ssize_t got = stream_in_read(reader->in, data, len);

    if (got < 0)
        return explain_failure(got, error);
    return (size_t)got == len ? 0 : cut_off(error);
}

static int bundle_read_zeros(struct bundle_reader *reader, size_t count, struct buf *error)
{
    static const char zeros[TAR_END_BYTES];
    char bytes[TAR_END_BYTES];

    CHECK(count <= sizeof(bytes));
    if (bundle_read_exactly(reader, bytes, count, error) < 0)
        return -1;
    return memcmp(bytes, zeros, count) == 0 ? 0 : altered(error);
}

static bool hash_is(struct bundle_reader *reader, const struct digest *digest)
{
    struct checksum sum;

    hasher_final(reader->hasher, &sum);
    return memcmp(sum.bytes, digest->bytes, sizeof(digest->bytes)) == 0;
}

/* ---- the manifest ---- */

/* Takes the digest and size of the manifest from the first header. Only this header is parsed, since nothing
 * is known yet. */
static int read_first_header(struct bundle_reader *reader, struct digest *digest, int64_t *size_bytes,
                             struct buf *error)
{
    static const size_t prefix = strlen(BUNDLE_MANIFEST_PREFIX);
    unsigned char header[TAR_BLOCK_BYTES];
    char name[TAR_NAME_MAX + 1];
    char expected[BUNDLE_MANIFEST_NAME_BYTES + 1];
    ssize_t got = stream_in_read(reader->in, header, sizeof(header));

    if (got < 0)
        return explain_failure(got, error);
    if (got == 0) {
        buf_set(error, "is empty");
        return -1;
    }
    /* A file shorter than a block may be a bundle that was cut off: compare as much as there is. */
    size_t compared = (size_t)got < prefix ? (size_t)got : prefix;
    if (memcmp(header, BUNDLE_MANIFEST_PREFIX, compared) != 0) {
        buf_set(error, "is not a bundle of Yizhan");
        return -1;
    }
    if (got < TAR_BLOCK_BYTES)
        return cut_off(error);
    if (tar_read_header(header, name, size_bytes) < 0 || *size_bytes > BUNDLE_MANIFEST_MAX_BYTES ||
        strlen(name) != BUNDLE_MANIFEST_NAME_BYTES || digest_parse(name + prefix, 64, digest) < 0)
        return altered(error);
    /* The digest may have been in capitals, which digest_parse() takes. */
    bundle_manifest_name(digest, expected);
    return strcmp(name, expected) == 0 ? 0 : altered(error);
}

/* Feeds the parser, but compares the digest before it asks for the parser's verdict: of a manifest that was
 * altered, "was altered" is the truth, and "bad manifest, line 7" would mislead. */
static int bundle_read_manifest(struct bundle_reader *reader, struct bundle_manifest_parser *parser,
                                struct buf *error)
{
    char *CLEANUP_FREE piece = xmalloc(MANIFEST_PIECE_BYTES);
    struct digest digest;
    int64_t size_bytes;

    if (read_first_header(reader, &digest, &size_bytes, error) < 0)
        return -1;
    /* In pieces: size_bytes is what an unchecked header claims, up to BUNDLE_MANIFEST_MAX_BYTES. */
    for (int64_t left = size_bytes; left > 0;) {
        size_t part = left < MANIFEST_PIECE_BYTES ? (size_t)left : MANIFEST_PIECE_BYTES;
        if (bundle_read_exactly(reader, piece, part, error) < 0)
            return -1;
        hasher_update(reader->hasher, piece, part);
        bundle_manifest_feed(parser, piece, part);
        left -= (int64_t)part;
    }
    if (!hash_is(reader, &digest))
        return altered(error);
    if (bundle_manifest_end(parser, error) < 0)
        return -1;
    return bundle_read_zeros(reader, tar_padding(size_bytes), error);
}

int bundle_read_content(struct bundle_reader *reader, const struct bundle_content **out, struct buf *error)
{
    struct bundle_manifest_parser parser;

    CHECK(!reader->has_content);
    bundle_manifest_parser_init(&parser, &reader->content);
    int result = bundle_read_manifest(reader, &parser, error);
    bundle_manifest_parser_release(&parser);
    reader->has_content = result == 0;
    *out = result == 0 ? &reader->content : NULL;
    return result;
}

/* ---- blobs ---- */

int bundle_read_blob(struct bundle_reader *reader, struct bundle_blob *out, struct buf *error)
{
    unsigned char header[TAR_BLOCK_BYTES];
    unsigned char expected[TAR_BLOCK_BYTES];
    char name[BUNDLE_BLOB_NAME_SIZE];

    CHECK(reader->has_content && !reader->in_blob);
    if (reader->next == reader->content.blob_count) {
        if (bundle_read_zeros(reader, TAR_END_BYTES, error) < 0)
            return -1;
        /* Nothing may follow: bytes that no digest covers could be anything. By this read at the latest, a
         * compressed stream has had its seal checked, which comes after the last byte of the archive. */
        ssize_t more = stream_in_read(reader->in, header, 1);
        if (more < 0)
            return explain_failure(more, error);
        if (more > 0)
            buf_set(error, "was altered: something follows its end");
        return more > 0 ? -1 : 0;
    }
    *out = reader->content.blobs[reader->next++];
    if (bundle_read_exactly(reader, header, sizeof(header), error) < 0)
        return -1;
    bundle_blob_name(&out->digest, name);
    tar_make_header(expected, name, out->size_bytes);
    /* Mode, owner, time and checksum included: tar has many ways to write one header, and ours is one of
     * them. */
    if (memcmp(header, expected, sizeof(header)) != 0)
        return altered(error);
    reader->in_blob = true;
    reader->left_bytes = out->size_bytes;
    hasher_reset(reader->hasher);
    return 1;
}

ssize_t bundle_read_bytes(struct bundle_reader *reader, void *data, size_t max, struct buf *error)
{
    const struct bundle_blob *blob = &reader->content.blobs[reader->next - 1];
    size_t part = (uint64_t)reader->left_bytes < max ? (size_t)reader->left_bytes : max;

    CHECK(reader->in_blob);
    if (part) {
        if (bundle_read_exactly(reader, data, part, error) < 0)
            return -1;
        hasher_update(reader->hasher, data, part);
        reader->left_bytes -= (int64_t)part;
        return (ssize_t)part;
    }
    /* Only here, at the call that meets the end: a caller that takes 0 for the end of a blob has its digest
     * compared, and one that stops earlier has been promised nothing. */
    if (!hash_is(reader, &blob->digest))
        return altered(error);
    reader->in_blob = false;
    return bundle_read_zeros(reader, tar_padding(blob->size_bytes), error);
}
