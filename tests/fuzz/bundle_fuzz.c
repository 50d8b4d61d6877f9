/* Bundles, plain and compressed; and manifests alone, which a digest keeps the fuzzer out of otherwise. The first byte
 * chooses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "admin/transfer/bundle.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "formats/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
    const char *data;
    size_t left;
    size_t piece;
};

static ssize_t source_read(void *arg, void *data, size_t max)
{
    struct source *source = arg;
    size_t part = source->left < max ? source->left : max;

    part = part < source->piece ? part : source->piece;
    memcpy(data, source->data, part);
    source->data += part;
    source->left -= part;
    return (ssize_t)part;
}

static int sink_write(void *arg, const void *data, size_t len)
{
    buf_add(arg, data, len);
    return 0;
}

static void check_content(const struct bundle_content *content)
{
    int64_t bytes = 0;

    for (size_t i = 0; i < content->blob_count; i++) {
        CHECK(content->blobs[i].size_bytes >= 0);
        CHECK(!__builtin_add_overflow(bytes, content->blobs[i].size_bytes, &bytes));
        CHECK(bundle_has_blob(content, &content->blobs[i].digest));
    }
    CHECK(bytes == content->bytes && content->created_at_s >= 0);
    for (size_t i = 0; i < content->entry_count; i++)
        CHECK(bundle_entry_fits(&content->entries[i]));
}

static void check_blob(const struct bundle_blob *blob, const struct buf *bytes)
{
    struct digest digest;

    digest_of(bytes->data, bytes->len, &digest);
    CHECK(digest_equal(&digest, &blob->digest) && bytes->len == (uint64_t)blob->size_bytes);
}

/* Puts it together again from what was read. */
static int read_bundle(struct bundle_reader *reader, struct bundle_writer *writer, struct buf *error)
{
    const struct bundle_content *content = NULL;
    struct buf CLEANUP_BUF bytes = BUF_INIT;
    struct bundle_blob blob;
    char piece[777];
    ssize_t got;
    int more;

    if (bundle_read_content(reader, &content, error) < 0)
        return -1;
    check_content(content);
    CHECK(bundle_write_content(writer, content) == 0);
    while ((more = bundle_read_blob(reader, &blob, error)) > 0) {
        buf_reset(&bytes);
        CHECK(bundle_write_blob(writer, &blob) == 0);
        while ((got = bundle_read_bytes(reader, piece, sizeof(piece), error)) > 0) {
            buf_add(&bytes, piece, (size_t)got);
            CHECK(bundle_write_bytes(writer, piece, (size_t)got) == 0);
        }
        if (got < 0)
            return -1;
        check_blob(&blob, &bytes);
    }
    return more < 0 ? -1 : bundle_write_end(writer);
}

static void read_stream(const char *data, size_t size, struct buf *again, int *result)
{
    struct source source = {data, size, size % 7 + 1};
    const struct bundle_input input = {source_read, &source};
    const struct bundle_output output = {sink_write, again};
    struct bundle_reader *reader = bundle_reader_new(&input);
    struct bundle_writer *writer = bundle_writer_new(&output, 0);
    struct buf CLEANUP_BUF error = BUF_INIT;

    *result = read_bundle(reader, writer, &error);
    CHECK((*result == 0) == (error.len == 0));
    bundle_writer_free(&writer);
    bundle_reader_free(&reader);
}

/* Makes a bundle around a manifest, and behind it whatever follows the first NUL. */
static void wrap_manifest(const char *data, size_t size, struct buf *bundle)
{
    size_t len = strnlen(data, size);
    struct digest digest;
    unsigned char header[TAR_BLOCK_BYTES];
    char hex[DIGEST_HEX_SIZE];
    char name[TAR_NAME_MAX];

    digest_of(data, len, &digest);
    digest_hex(&digest, hex);
    snprintf(name, sizeof(name), "manifest-%s.jsonl", hex);
    tar_make_header(header, name, (int64_t)len);
    buf_add(bundle, header, sizeof(header));
    buf_add(bundle, data, len);
    for (size_t i = tar_padding((int64_t)len); i > 0; i--)
        buf_add_char(bundle, '\0');
    if (len < size)
        buf_add(bundle, data + len + 1, size - len - 1);
    else
        for (int i = 0; i < TAR_END_BYTES; i++)
            buf_add_char(bundle, '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf CLEANUP_BUF bundle = BUF_INIT;
    struct buf CLEANUP_BUF again = BUF_INIT;
    struct buf CLEANUP_BUF third = BUF_INIT;
    int result;

    if (!size)
        return 0;
    const char *text = (const char *)data + 1;
    if (data[0] % 2)
        wrap_manifest(text, size - 1, &bundle);
    else
        buf_add(&bundle, text, size - 1);
    read_stream(bundle.data, bundle.len, &again, &result);
    if (result < 0)
        return 0;
    /* A manifest may be spelled otherwise; what we make of it stays as it is. */
    read_stream(again.data, again.len, &third, &result);
    CHECK(result == 0 && third.len == again.len && memcmp(third.data, again.data, third.len) == 0);
    return 0;
}
