/* Writes a bundle front to back. A writer belongs to one thread. States: before the manifest (`content`
 * NULL), between blobs, and in a blob of which `left_bytes` are still to come. Its padding is written with
 * the next header, since the blob's last bytes may come in a call of their own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/transfer/bundle.h"
#include "admin/transfer/bundle_manifest.h"
#include "admin/transfer/bundle_private.h"
#include "admin/transfer/bundle_stream.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "formats/tar.h"

struct bundle_writer {
    struct stream_out *out;
    const struct bundle_content *content; /* NULL: not yet written */
    size_t next;                          /* blob */
    int64_t left_bytes;
    size_t padding;
    struct hasher *hasher; /* of files */
};

void bundle_blob_name(const struct digest *digest, char out[BUNDLE_BLOB_NAME_SIZE])
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    snprintf(out, BUNDLE_BLOB_NAME_SIZE, "blobs/sha256/%.2s/%s", hex, hex + 2);
}

struct bundle_writer *bundle_writer_new(const struct bundle_output *output, int compress)
{
    struct bundle_writer *writer = xcalloc(1, sizeof(*writer));

    writer->out = stream_out_new(output, compress);
    writer->hasher = hasher_new(HASH_SHA256);
    return writer;
}

void bundle_writer_free(struct bundle_writer **writer_)
{
    struct bundle_writer *writer = take_ptr(writer_);

    if (!writer)
        return;
    stream_out_free(&writer->out);
    hasher_free(writer->hasher);
    free(writer);
}

/* ---- the manifest: once for its size and digest, once for its bytes ---- */

/* The header has the size of the manifest, and the member's name its digest, so both are needed before the
 * first byte. The manifest is made twice, since keeping it could take 1 GiB. */
struct measure {
    struct hasher *hasher;
    int64_t bytes;
};

/* Stops early: a manifest that the reader would refuse is not worth the rest of its lines. */
static int measure_line(void *arg, const void *data, size_t len)
{
    struct measure *measure = arg;

    hasher_update(measure->hasher, data, len);
    measure->bytes += (int64_t)len;
    return measure->bytes > BUNDLE_MANIFEST_MAX_BYTES ? -EFBIG : 0;
}

static int write_manifest_line(void *arg, const void *data, size_t len)
{
    return stream_out_write(arg, data, len);
}

static int bundle_write_header(struct bundle_writer *writer, const char *name, int64_t size_bytes)
{
    unsigned char header[TAR_BLOCK_BYTES];

    tar_make_header(header, name, size_bytes);
    return stream_out_write(writer->out, header, sizeof(header));
}

static int bundle_write_zeros(struct bundle_writer *writer, size_t count)
{
    static const char zeros[TAR_END_BYTES];

    return stream_out_write(writer->out, zeros, count);
}

int bundle_write_content(struct bundle_writer *writer, const struct bundle_content *content)
{
    struct measure measure = {.hasher = hasher_new(HASH_SHA256)};
    struct checksum sum;
    struct digest digest;
    char name[BUNDLE_MANIFEST_NAME_BYTES + 1];

    CHECK(!writer->content);
    writer->content = content;
    int error = bundle_manifest_write(content, measure_line, &measure);
    hasher_final(measure.hasher, &sum);
    hasher_free(measure.hasher);
    if (error)
        return error;
    memcpy(digest.bytes, sum.bytes, sizeof(digest.bytes));
    bundle_manifest_name(&digest, name);
    error = bundle_write_header(writer, name, measure.bytes);
    if (!error)
        error = bundle_manifest_write(content, write_manifest_line, writer->out);
    return error ? error : bundle_write_zeros(writer, tar_padding(measure.bytes));
}

/* ---- blobs ---- */

/* Pads the previous blob to whole blocks. */
static int bundle_end_blob(struct bundle_writer *writer)
{
    size_t padding = writer->padding;

    CHECK(writer->content && !writer->left_bytes);
    writer->padding = 0;
    return bundle_write_zeros(writer, padding);
}

int bundle_write_blob(struct bundle_writer *writer, const struct bundle_blob *blob)
{
    char name[BUNDLE_BLOB_NAME_SIZE];
    int error = bundle_end_blob(writer);

    CHECK(writer->next < writer->content->blob_count);
    const struct bundle_blob *expected = &writer->content->blobs[writer->next++];
    /* The manifest has promised this blob in this place, and has been sent: there is no way back. */
    CHECK(digest_equal(&blob->digest, &expected->digest) && blob->size_bytes == expected->size_bytes);
    bundle_blob_name(&blob->digest, name);
    writer->left_bytes = blob->size_bytes;
    writer->padding = tar_padding(blob->size_bytes);
    return error ? error : bundle_write_header(writer, name, blob->size_bytes);
}

int bundle_write_bytes(struct bundle_writer *writer, const void *data, size_t len)
{
    CHECK(len <= (uint64_t)writer->left_bytes);
    writer->left_bytes -= (int64_t)len;
    return stream_out_write(writer->out, data, len);
}

/* Straight from the file into the stream's buffer. */
static int copy_file(struct bundle_writer *writer, int fd)
{
    off_t at = 0;
    char *space;
    size_t len;

    while (writer->left_bytes > 0) {
        int error = stream_out_space(writer->out, &space, &len);
        if (error)
            return error;
        if (len > (uint64_t)writer->left_bytes)
            len = (size_t)writer->left_bytes;
        ssize_t got = pread(fd, space, len, at);
        if (got < 0 && errno == EINTR)
            continue;
        /* Ends too early: the file was cut after the store noted its size. */
        if (got <= 0)
            return got < 0 ? -errno : -EIO;
        hasher_update(writer->hasher, space, (size_t)got);
        stream_out_filled(writer->out, (size_t)got);
        writer->left_bytes -= got;
        at += got;
    }
    /* It must end here: a file that has grown is not the blob. */
    ssize_t more = pread(fd, &(char){0}, 1, at);
    return more == 0 ? 0 : more < 0 ? -errno : -EIO;
}

int bundle_write_file(struct bundle_writer *writer, const struct bundle_blob *blob, int fd)
{
    struct checksum sum;
    int error = bundle_write_blob(writer, blob);

    /* Hashed on the way, not before: reading 100 GiB twice would double the time of an export. The price is
     * that a damaged blob is noticed when its bytes are out, so the whole bundle is given up. */
    hasher_reset(writer->hasher);
    if (!error)
        error = copy_file(writer, fd);
    hasher_final(writer->hasher, &sum);
    if (error)
        return error;
    return memcmp(sum.bytes, blob->digest.bytes, sizeof(blob->digest.bytes)) == 0 ? 0 : -EBADMSG;
}

int bundle_write_end(struct bundle_writer *writer)
{
    int error = bundle_end_blob(writer);

    CHECK(writer->next == writer->content->blob_count);
    if (!error)
        error = bundle_write_zeros(writer, TAR_END_BYTES);
    return error ? error : stream_out_end(writer->out);
}
