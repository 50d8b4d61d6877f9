#include "tests/unit/support/bundle_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/memory.h"

ssize_t source_read(void *arg, void *data, size_t max)
{
    struct source *source = arg;
    size_t part = source->len - source->at;

    part = part < max ? part : max;
    part = part < source->piece ? part : source->piece;
    if (!part && source->error)
        return -source->error;
    memcpy(data, source->data + source->at, part);
    source->at += part;
    return (ssize_t)part;
}

int sink_write(void *arg, const void *data, size_t len)
{
    buf_add(arg, data, len);
    return 0;
}

/* ---- blobs and entries ---- */

/* Bytes that do not compress and differ for each number. */
char *blob_bytes(unsigned int number, size_t len)
{
    char *bytes = xmalloc(len + 1);
    uint32_t x = number * 2654435761u + 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (char)(x >> 24);
    }
    return bytes;
}

void add_blob(struct bundle_content *content, unsigned int number, size_t len)
{
    char *CLEANUP_FREE bytes = blob_bytes(number, len);
    struct digest digest;

    digest_of(bytes, len, &digest);
    assert_true(bundle_add_blob(content, &digest, (int64_t)len));
}

const struct entry full_entry = {
    .space = "file",
    .key = "aa/bb/驿站-1.0.whl",
    .scope = "驿站",
    .has_digest = true,
    .digest = {{1, 2, 3}},
    .size_bytes = 12345678901,
    .confirmed_at_s = 1764000000,
    .attributes = "{\"a\": \"b\\u0000\",\r\n\t\"c\": 1}",
};
const struct entry bare_entry = {.space = "tag", .key = "docker.io/library/a:1", .size_bytes = -1};

const size_t blob_sizes[BLOB_SIZES] = {1, 0, 511, 512, 513, 1023, 1024, 70000};

/* ---- writing ---- */

void write_bundle(struct bundle_content *content, const size_t *lens, int compress, struct buf *out)
{
    struct bundle_output output = {sink_write, out};
    struct bundle_writer *writer = bundle_writer_new(&output, compress);

    assert_int_equal(bundle_write_content(writer, content), 0);
    for (size_t i = 0; i < content->blob_count; i++) {
        char *CLEANUP_FREE bytes = blob_bytes((unsigned int)i, lens[i]);
        size_t half = lens[i] / 2;
        assert_int_equal(bundle_write_blob(writer, &content->blobs[i]), 0);
        assert_int_equal(bundle_write_bytes(writer, bytes, half), 0);
        assert_int_equal(bundle_write_bytes(writer, bytes + half, lens[i] - half), 0);
    }
    assert_int_equal(bundle_write_end(writer), 0);
    bundle_writer_free(&writer);
    assert_null(writer);
}

void make_bundle(const size_t *lens, size_t blobs, size_t entries, int compress, struct buf *out)
{
    struct bundle_content CLEANUP_BUNDLE_CONTENT content;

    bundle_content_init(&content);
    for (size_t i = 0; i < blobs; i++)
        add_blob(&content, (unsigned int)i, lens[i]);
    for (size_t i = 0; i < entries; i++)
        bundle_add_entry(&content, i % 2 ? &bare_entry : &full_entry);
    write_bundle(&content, lens, compress, out);
}

/* ---- reading ---- */

static int read_blob_bytes(struct bundle_reader *reader, size_t max, struct buf *bytes, struct buf *error)
{
    char *CLEANUP_FREE piece = xmalloc(max);
    ssize_t got;

    while ((got = bundle_read_bytes(reader, piece, max, error)) > 0)
        buf_add(bytes, piece, (size_t)got);
    return (int)got;
}

/* Every blob that is read to its end is what the manifest says, whatever comes after it. */
static void assert_blob(const struct bundle_blob *blob, const struct buf *bytes)
{
    struct digest digest;

    digest_of(bytes->data, bytes->len, &digest);
    assert_true(digest_equal(&digest, &blob->digest));
    assert_int_equal(bytes->len, blob->size_bytes);
}

/* Returns 0, with the number of blobs, when the bundle is whole; -1 with an error. */
static int read_blobs(struct bundle_reader *reader, size_t max, size_t *blobs, struct buf *error)
{
    struct buf CLEANUP_BUF bytes = BUF_INIT;
    struct bundle_blob blob;
    int more;

    while ((more = bundle_read_blob(reader, &blob, error)) == 1) {
        buf_reset(&bytes);
        if (read_blob_bytes(reader, max, &bytes, error) < 0)
            return -1;
        assert_blob(&blob, &bytes);
        ++*blobs;
    }
    return more;
}

int read_source(struct source *source, size_t max, size_t *blobs, struct buf *error)
{
    struct bundle_input input = {source_read, source};
    struct bundle_reader *reader = bundle_reader_new(&input);
    const struct bundle_content *content = NULL;

    *blobs = 0;
    int result = bundle_read_content(reader, &content, error);
    assert_true(result == 0 ? content != NULL : content == NULL);
    if (result == 0)
        result = read_blobs(reader, max, blobs, error);
    assert_true(result == 0 ? !error->len : error->len > 0);
    bundle_reader_free(&reader);
    assert_null(reader);
    return result;
}

int read_bytes(const void *data, size_t len, struct buf *error)
{
    struct source source = {.data = data, .len = len, .piece = SIZE_MAX};
    size_t blobs;

    buf_reset(error);
    return read_source(&source, 65536, &blobs, error);
}

void assert_refused(const struct buf *bundle, const char *why)
{
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(read_bytes(bundle->data, bundle->len, &error), -1);
    if (!strstr(error.data, why))
        fail_msg("\"%s\" instead of \"%s\"", error.data, why);
}

void assert_whole(const struct buf *bundle, size_t expected_blobs)
{
    static const size_t pieces[] = {1, 7, 512, 4096, SIZE_MAX};
    static const size_t maxima[] = {1, 511, 65536, 2 * 1024 * 1024};

    for (size_t i = 0; i < COUNT(pieces); i++) {
        for (size_t j = 0; j < COUNT(maxima); j++) {
            struct buf CLEANUP_BUF error = BUF_INIT;
            struct source source = {.data = bundle->data, .len = bundle->len, .piece = pieces[i]};
            size_t blobs;
            if (read_source(&source, maxima[j], &blobs, &error) < 0)
                fail_msg("%s", error.data);
            assert_int_equal(blobs, expected_blobs);
            assert_int_equal(source.at, source.len);
        }
    }
}
