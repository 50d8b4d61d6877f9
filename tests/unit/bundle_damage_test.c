/* Bundles as libarchive and zstd see them; and cut, altered, longer ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <zstd.h>

#include "admin/transfer/bundle.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/memory.h"
#include "tests/unit/support/bundle_case.h"
#include "tests/unit/support/sanitized.h"

/* ---- as others see it ---- */

static void assert_member(struct archive *archive, const char *name, struct buf *bytes)
{
    struct archive_entry *entry = NULL;

    assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
    assert_string_equal(archive_entry_pathname(entry), name);
    assert_int_equal(archive_entry_filetype(entry), AE_IFREG);
    buf_reset(bytes);
    buf_reserve(bytes, (size_t)archive_entry_size(entry) + 1);
    assert_int_equal(archive_read_data(archive, bytes->data, bytes->cap - 1), archive_entry_size(entry));
    bytes->len = (size_t)archive_entry_size(entry);
    bytes->data[bytes->len] = '\0';
}

static void assert_libarchive_reads(const struct buf *bundle)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry = NULL;
    struct buf CLEANUP_BUF bytes = BUF_INIT;
    char hex[DIGEST_HEX_SIZE];
    char name[128];
    struct digest digest;
    size_t head_bytes = strlen("manifest-");

    assert_int_equal(archive_read_support_format_tar(archive), ARCHIVE_OK);
    assert_int_equal(archive_read_support_filter_zstd(archive), ARCHIVE_OK);
    assert_int_equal(archive_read_open_memory(archive, bundle->data, bundle->len), ARCHIVE_OK);
    assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
    snprintf(name, sizeof(name), "%s", archive_entry_pathname(entry));
    bytes.len = (size_t)archive_entry_size(entry);
    char *CLEANUP_FREE manifest = xmalloc(bytes.len);
    assert_int_equal(archive_read_data(archive, manifest, bytes.len), bytes.len);
    digest_of(manifest, bytes.len, &digest);
    bytes.len = 0;
    digest_hex(&digest, hex);
    assert_memory_equal(name, "manifest-", head_bytes);
    assert_memory_equal(name + head_bytes, hex, 64);
    assert_string_equal(name + head_bytes + 64, ".jsonl");
    for (size_t i = 0; i < COUNT(blob_sizes); i++) {
        char *CLEANUP_FREE expected = blob_bytes((unsigned int)i, blob_sizes[i]);
        digest_of(expected, blob_sizes[i], &digest);
        digest_hex(&digest, hex);
        snprintf(name, sizeof(name), "blobs/sha256/%.2s/%s", hex, hex + 2);
        assert_member(archive, name, &bytes);
        assert_int_equal(bytes.len, blob_sizes[i]);
        assert_memory_equal(bytes.data, expected, bytes.len);
    }
    assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_EOF);
    assert_int_equal(archive_read_free(archive), ARCHIVE_OK);
}

static void bundle_is_a_tar_to_others(void **state)
{
    (void)state;
    for (int compress = 0; compress <= LEVEL; compress += LEVEL) {
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        make_bundle(blob_sizes, COUNT(blob_sizes), 3, compress, &bundle);
        assert_libarchive_reads(&bundle);
    }
}

/* RFC 8878: decoders skip the seal. */
static void bundle_compressed_is_zstd_to_others(void **state)
{
    struct buf CLEANUP_BUF plain = BUF_INIT;
    struct buf CLEANUP_BUF packed = BUF_INIT;
    (void)state;

    make_bundle(blob_sizes, COUNT(blob_sizes), 300, 0, &plain);
    make_bundle(blob_sizes, COUNT(blob_sizes), 300, LEVEL, &packed);
    assert_true(packed.len < plain.len);
    char *CLEANUP_FREE unpacked = xmalloc(plain.len + 1);
    assert_int_equal(ZSTD_decompress(unpacked, plain.len + 1, packed.data, packed.len), plain.len);
    /* But for the time, which may have gone on. */
    struct buf CLEANUP_BUF error = BUF_INIT;
    assert_int_equal(read_bytes(unpacked, plain.len, &error), 0);
}

static void bundle_packed_by_another_program_says_what_to_do(void **state)
{
    struct buf CLEANUP_BUF plain = BUF_INIT;
    struct buf CLEANUP_BUF packed = BUF_INIT;
    (void)state;

    make_bundle(blob_sizes, COUNT(blob_sizes), 1, 0, &plain);
    buf_reserve(&packed, ZSTD_compressBound(plain.len));
    packed.len = ZSTD_compress(packed.data, packed.cap, plain.data, plain.len, 1);
    assert_false(ZSTD_isError(packed.len));
    assert_refused(&packed, "`zstd -d`");
}

/* ---- cut, altered, longer ---- */

static void bundle_cut_anywhere_refused(void **state)
{
    static const size_t lens[] = {1, 0, 600};
    (void)state;

    for (int compress = 0; compress <= LEVEL; compress += LEVEL) {
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        struct buf CLEANUP_BUF error = BUF_INIT;
        make_bundle(lens, COUNT(lens), 2, compress, &bundle);
        for (size_t len = 0; len < bundle.len; len++) {
            assert_int_equal(read_bytes(bundle.data, len, &error), -1);
            bool short_magic = compress && len > 0 && len < 4;
            assert_non_null(strstr(error.data, !len          ? "is empty"
                                               : short_magic ? "is not a bundle"
                                                             : "is cut off"));
        }
        assert_int_equal(read_bytes(bundle.data, bundle.len, &error), 0);
    }
}

static void bundle_with_a_changed_bit_refused(void **state)
{
    static const size_t lens[] = {1, 0, 600};
    (void)state;

    for (int compress = 0; compress <= LEVEL; compress += LEVEL) {
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        struct buf CLEANUP_BUF error = BUF_INIT;
        make_bundle(lens, COUNT(lens), 2, compress, &bundle);
        /* 7: some bit of every byte, and not always the same. */
        for (size_t bit = 0; bit < bundle.len * 8; bit += STEP_IF_SANITIZED(7)) {
            bundle.data[bit / 8] ^= (char)(1 << bit % 8);
            if (read_bytes(bundle.data, bundle.len, &error) != -1)
                fail_msg("bit %zu of byte %zu of %zu", bit % 8, bit / 8, bundle.len);
            bundle.data[bit / 8] ^= (char)(1 << bit % 8);
        }
        assert_int_equal(read_bytes(bundle.data, bundle.len, &error), 0);
    }
}

static void bundle_with_more_behind_it_refused(void **state)
{
    static const size_t lens[] = {5};
    static const char zeros[512];
    static const char empty_skippable[8] = {0x50, 0x2a, 0x4d, 0x18};
    (void)state;

    for (int compress = 0; compress <= LEVEL; compress += LEVEL) {
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        make_bundle(lens, 1, 1, compress, &bundle);
        size_t len = bundle.len;
        buf_add_char(&bundle, '\0');
        assert_refused(&bundle, "was altered");
        buf_truncate(&bundle, len);
        buf_add(&bundle, zeros, sizeof(zeros));
        assert_refused(&bundle, "was altered");
        buf_truncate(&bundle, len);
        buf_add(&bundle, empty_skippable, sizeof(empty_skippable));
        assert_refused(&bundle, "was altered");
        buf_truncate(&bundle, len);
        struct buf CLEANUP_BUF twice = BUF_INIT;
        buf_add(&twice, bundle.data, len);
        buf_add(&twice, bundle.data, len);
        assert_refused(&twice, "was altered");
    }
}

static void bundle_that_is_something_else_refused(void **state)
{
    static const char *const texts[] = {"x", "PK\003\004", "manifest.json", "<html>", "\x1f\x8b\x08"};
    struct buf CLEANUP_BUF bundle = BUF_INIT;
    (void)state;

    for (size_t i = 0; i < COUNT(texts); i++) {
        buf_set(&bundle, "%s", texts[i]);
        assert_refused(&bundle, "is not a bundle of Yizhan");
    }
    buf_set(&bundle, "%s", "mani");
    assert_refused(&bundle, "is cut off");
    buf_set(&bundle, "\x28\xb5\x2f\xfd%s", "what else");
    assert_refused(&bundle, "was altered");
}

static void bundle_input_that_fails_is_named(void **state)
{
    static const size_t lens[] = {600};
    (void)state;

    for (int compress = 0; compress <= LEVEL; compress += LEVEL) {
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        make_bundle(lens, 1, 1, compress, &bundle);
        for (size_t len = 0; len <= bundle.len; len += 100) {
            struct buf CLEANUP_BUF error = BUF_INIT;
            struct source source = {.data = bundle.data, .len = len, .piece = SIZE_MAX, .error = EIO};
            size_t blobs;
            assert_int_equal(read_source(&source, 65536, &blobs, &error), -1);
            assert_string_equal(error.data, "cannot be read: Input/output error");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_is_a_tar_to_others),
        cmocka_unit_test(bundle_compressed_is_zstd_to_others),
        cmocka_unit_test(bundle_packed_by_another_program_says_what_to_do),
        cmocka_unit_test(bundle_cut_anywhere_refused),
        cmocka_unit_test(bundle_with_a_changed_bit_refused),
        cmocka_unit_test(bundle_with_more_behind_it_refused),
        cmocka_unit_test(bundle_that_is_something_else_refused),
        cmocka_unit_test(bundle_input_that_fails_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
