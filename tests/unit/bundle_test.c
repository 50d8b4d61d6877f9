/* Bundles: what goes in comes out; and writing them where that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "admin/transfer/bundle.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/memory.h"
#include "tests/unit/support/bundle_case.h"

#define SEAL_BYTES 40 /* a skippable frame's head, and a SHA-256 */

/* ---- round trips ---- */

static void bundle_of_any_content_comes_back(void **state)
{
    static const size_t empty_blob[] = {0};
    static const size_t one_blob[] = {5};
    (void)state;

    for (int compress = 0; compress <= LEVEL; compress += LEVEL) {
        static const struct {
            const size_t *lens;
            size_t blobs, entries;
        } cases[] = {
            {NULL, 0, 0},     {NULL, 0, 1},     {empty_blob, 1, 0},
            {one_blob, 1, 0}, {one_blob, 1, 2}, {blob_sizes, COUNT(blob_sizes), 5},
        };
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct buf CLEANUP_BUF bundle = BUF_INIT;
            make_bundle(cases[i].lens, cases[i].blobs, cases[i].entries, compress, &bundle);
            assert_whole(&bundle, cases[i].blobs);
        }
    }
}

static void bundle_larger_than_buffers_comes_back(void **state)
{
    static const size_t lens[] = {LARGE_BYTES, 1, LARGE_BYTES - 78};
    (void)state;

    for (int compress = 0; compress <= LEVEL; compress += LEVEL) {
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        struct buf CLEANUP_BUF error = BUF_INIT;
        struct source source = {.piece = 999983};
        size_t blobs;
        make_bundle(lens, COUNT(lens), 1, compress, &bundle);
        source.data = bundle.data;
        source.len = bundle.len;
        /* Pieces that go past the reader's buffer, and through it. */
        assert_int_equal(read_source(&source, 2 * 1024 * 1024, &blobs, &error), 0);
        assert_int_equal(blobs, COUNT(lens));
        assert_int_equal(read_bytes(bundle.data, bundle.len, &error), 0);
    }
}

static void assert_entry(const struct entry *entry, const struct entry *expected)
{
    assert_string_equal(entry->space, expected->space);
    assert_string_equal(entry->key, expected->key);
    assert_string_equal(entry->scope, expected->scope ? expected->scope : "");
    assert_string_equal(entry->attributes, expected->attributes ? expected->attributes : "");
    assert_int_equal(entry->has_digest, expected->has_digest);
    if (expected->has_digest)
        assert_true(digest_equal(&entry->digest, &expected->digest));
    assert_int_equal(entry->size_bytes, expected->size_bytes);
    assert_int_equal(entry->confirmed_at_s, expected->confirmed_at_s);
}

static void bundle_manifest_comes_back(void **state)
{
    struct bundle_content CLEANUP_BUNDLE_CONTENT content;
    struct buf CLEANUP_BUF bundle = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    const struct bundle_content *read = NULL;
    static const size_t lens[] = {3, 0};
    (void)state;

    bundle_content_init(&content);
    content.created_at_s = 1764000001;
    for (unsigned int i = 0; i < COUNT(lens); i++)
        add_blob(&content, i, lens[i]);
    bundle_add_entry(&content, &full_entry);
    bundle_add_entry(&content, &bare_entry);
    write_bundle(&content, lens, 0, &bundle);

    struct source source = {.data = bundle.data, .len = bundle.len, .piece = SIZE_MAX};
    struct bundle_input input = {source_read, &source};
    struct bundle_reader *reader = bundle_reader_new(&input);
    assert_int_equal(bundle_read_content(reader, &read, &error), 0);
    assert_int_equal(read->created_at_s, 1764000001);
    assert_int_equal(read->bytes, 3);
    assert_int_equal(read->blob_count, 2);
    for (size_t i = 0; i < COUNT(lens); i++) {
        assert_true(digest_equal(&read->blobs[i].digest, &content.blobs[i].digest));
        assert_int_equal(read->blobs[i].size_bytes, lens[i]);
        assert_true(bundle_has_blob(read, &content.blobs[i].digest));
    }
    assert_false(bundle_has_blob(read, &full_entry.digest));
    assert_int_equal(read->entry_count, 2);
    assert_entry(&read->entries[0], &full_entry);
    assert_entry(&read->entries[1], &bare_entry);
    bundle_reader_free(&reader);
}

static void bundle_blob_is_added_once(void **state)
{
    struct bundle_content CLEANUP_BUNDLE_CONTENT content;
    (void)state;

    bundle_content_init(&content);
    assert_true(bundle_add_blob(&content, &full_entry.digest, 7));
    assert_false(bundle_add_blob(&content, &full_entry.digest, 7));
    assert_int_equal(content.blob_count, 1);
    assert_int_equal(content.bytes, 7);
}

static void bundle_says_which_entries_fit(void **state)
{
    char *CLEANUP_FREE long_text = xmalloc(65537 + 1);
    struct entry entry = full_entry;
    (void)state;

    memset(long_text, 'x', 65537);
    long_text[65537] = '\0';
    assert_true(bundle_entry_fits(&full_entry));
    assert_true(bundle_entry_fits(&bare_entry));
#define ASSERT_FITS_NOT(field, value)            \
    do {                                         \
        entry = full_entry;                      \
        entry.field = (value);                   \
        assert_false(bundle_entry_fits(&entry)); \
    } while (0)
    ASSERT_FITS_NOT(space, "");
    ASSERT_FITS_NOT(key, "");
    ASSERT_FITS_NOT(key, "a\nb");
    ASSERT_FITS_NOT(key, "a\033[31m");
    ASSERT_FITS_NOT(key, "a\177");
    ASSERT_FITS_NOT(key, "\xc3\x28");
    ASSERT_FITS_NOT(scope, "\t");
    ASSERT_FITS_NOT(attributes, "\001");
    ASSERT_FITS_NOT(attributes, "\xff");
    ASSERT_FITS_NOT(attributes, long_text);
    ASSERT_FITS_NOT(size_bytes, -2);
    ASSERT_FITS_NOT(confirmed_at_s, -1);
    long_text[65536] = '\0';
    entry = full_entry;
    entry.attributes = long_text;
    assert_true(bundle_entry_fits(&entry));
    long_text[8193] = '\0';
    ASSERT_FITS_NOT(key, long_text);
    ASSERT_FITS_NOT(scope, long_text);
    long_text[65] = '\0';
    ASSERT_FITS_NOT(space, long_text);
}

/* ---- writing to where there is no room, and from bad files ---- */

struct small_disk {
    size_t left_bytes;
};

static int disk_write(void *arg, const void *data, size_t len)
{
    struct small_disk *disk = arg;

    (void)data;
    if (len > disk->left_bytes)
        return -ENOSPC;
    disk->left_bytes -= len;
    return 0;
}

static int write_to_disk(size_t room_bytes, int compress)
{
    struct small_disk disk = {room_bytes};
    struct bundle_output output = {disk_write, &disk};
    struct bundle_writer *writer = bundle_writer_new(&output, compress);
    struct bundle_content CLEANUP_BUNDLE_CONTENT content;
    char *CLEANUP_FREE bytes = blob_bytes(0, LARGE_BYTES);

    bundle_content_init(&content);
    add_blob(&content, 0, LARGE_BYTES);
    int error = bundle_write_content(writer, &content);
    if (!error)
        error = bundle_write_blob(writer, &content.blobs[0]);
    if (!error)
        error = bundle_write_bytes(writer, bytes, LARGE_BYTES);
    if (!error)
        error = bundle_write_end(writer);
    bundle_writer_free(&writer);
    return error;
}

static void bundle_without_room_is_an_error(void **state)
{
    struct buf CLEANUP_BUF bundle = BUF_INIT;
    static const size_t lens[] = {LARGE_BYTES};
    (void)state;

    for (int compress = 0; compress <= LEVEL; compress += LEVEL) {
        for (size_t room_bytes = 0; room_bytes < LARGE_BYTES; room_bytes += 300 * 1024)
            assert_int_equal(write_to_disk(room_bytes, compress), -ENOSPC);
        buf_reset(&bundle);
        make_bundle(lens, 1, 0, compress, &bundle);
        if (compress) /* all but the seal, whose size is always the same */
            assert_int_equal(write_to_disk(bundle.len - SEAL_BYTES, compress), -ENOSPC);
        else
            assert_int_equal(write_to_disk(bundle.len - 1, compress), -ENOSPC);
        /* The time in the manifest may have become another. */
        assert_int_equal(write_to_disk(bundle.len + 100, compress), 0);
    }
}

static int file_of(const char *bytes, size_t len)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    /* It is read from its beginning, wherever it stands. */
    assert_true(lseek(fd, 0, SEEK_CUR) == (off_t)len);
    return fd;
}

/* A bundle of one blob of `promised` bytes, out of a file with these bytes. */
static int write_file(const char *bytes, size_t len, size_t promised, const char *digest_of_bytes,
                      struct buf *bundle)
{
    int CLEANUP_CLOSE fd = file_of(bytes, len);
    struct bundle_output output = {sink_write, bundle};
    struct bundle_writer *writer = bundle_writer_new(&output, 0);
    struct bundle_content CLEANUP_BUNDLE_CONTENT content;
    struct digest digest;

    bundle_content_init(&content);
    digest_of(digest_of_bytes, promised, &digest);
    bundle_add_blob(&content, &digest, (int64_t)promised);
    assert_int_equal(bundle_write_content(writer, &content), 0);
    int error = bundle_write_file(writer, &content.blobs[0], fd);
    if (!error)
        error = bundle_write_end(writer);
    bundle_writer_free(&writer);
    return error;
}

static void bundle_of_files_comes_back(void **state)
{
    static const size_t lens[] = {0, 1, 511, 512, 513, LARGE_BYTES, 2 * 1024 * 1024};
    (void)state;

    for (size_t i = 0; i < COUNT(lens); i++) {
        char *CLEANUP_FREE bytes = blob_bytes(0, lens[i]);
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        struct buf CLEANUP_BUF error = BUF_INIT;
        assert_int_equal(write_file(bytes, lens[i], lens[i], bytes, &bundle), 0);
        assert_int_equal(read_bytes(bundle.data, bundle.len, &error), 0);
    }
}

static void bundle_of_damaged_files_is_an_error(void **state)
{
    char *CLEANUP_FREE bytes = blob_bytes(0, LARGE_BYTES);
    char *CLEANUP_FREE others = blob_bytes(1, LARGE_BYTES);
    struct buf CLEANUP_BUF bundle = BUF_INIT;
    (void)state;

    assert_int_equal(write_file(bytes, LARGE_BYTES - 1, LARGE_BYTES, bytes, &bundle), -EIO);
    assert_int_equal(write_file(bytes, 0, 1, bytes, &bundle), -EIO);
    assert_int_equal(write_file(bytes, LARGE_BYTES, LARGE_BYTES - 1, bytes, &bundle), -EIO);
    assert_int_equal(write_file(bytes, 1, 0, bytes, &bundle), -EIO);
    assert_int_equal(write_file(others, LARGE_BYTES, LARGE_BYTES, bytes, &bundle), -EBADMSG);
    assert_int_equal(write_file(others, 1, 1, bytes, &bundle), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_of_any_content_comes_back),
        cmocka_unit_test(bundle_larger_than_buffers_comes_back),
        cmocka_unit_test(bundle_manifest_comes_back),
        cmocka_unit_test(bundle_blob_is_added_once),
        cmocka_unit_test(bundle_says_which_entries_fit),
        cmocka_unit_test(bundle_without_room_is_an_error),
        cmocka_unit_test(bundle_of_files_comes_back),
        cmocka_unit_test(bundle_of_damaged_files_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
