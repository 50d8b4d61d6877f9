/* Headers of tar files, against POSIX's description of them and against libarchive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <string.h>

#include "formats/tar.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GIB (INT64_C(1) << 30)

static const int64_t sizes[] = {0, 1, 511, 512, 513, 8 * GIB - 1, 8 * GIB, 8 * GIB + 1, INT64_MAX};

/* The checksum field says the sum of all bytes, itself counted as spaces: six octal digits, NUL, space. */
static void mend_sum(unsigned char header[TAR_BLOCK_BYTES])
{
    unsigned int sum = 0;

    memset(header + 148, ' ', 8);
    for (int i = 0; i < TAR_BLOCK_BYTES; i++)
        sum += header[i];
    for (int i = 5; i >= 0; i--, sum >>= 3)
        header[148 + i] = (unsigned char)('0' + (sum & 7));
    header[154] = '\0';
}

static int read_again(const unsigned char header[TAR_BLOCK_BYTES])
{
    char name[TAR_NAME_MAX + 1];
    int64_t size_bytes;

    return tar_read_header(header, name, &size_bytes);
}

static void tar_header_is_posix_ustar(void **state)
{
    unsigned char header[TAR_BLOCK_BYTES];
    unsigned char mended[TAR_BLOCK_BYTES];
    (void)state;

    tar_make_header(header, "a/b", 8);
    assert_memory_equal(header, "a/b\0", 4);
    assert_memory_equal(header + 100,
                        "0000644\0"
                        "0000000\0"
                        "0000000\0",
                        24);
    assert_memory_equal(header + 124, "00000000010\0", 12);
    assert_int_equal(header[156], '0');
    assert_memory_equal(header + 257,
                        "ustar\0"
                        "00",
                        8);
    memcpy(mended, header, sizeof(mended));
    mend_sum(mended);
    assert_memory_equal(header, mended, sizeof(header));
}

static void assert_libarchive_reads(const unsigned char header[TAR_BLOCK_BYTES], const char *name,
                                    int64_t size_bytes)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry = NULL;

    assert_int_equal(archive_read_support_format_tar(archive), ARCHIVE_OK);
    assert_int_equal(archive_read_open_memory(archive, header, TAR_BLOCK_BYTES), ARCHIVE_OK);
    assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
    assert_string_equal(archive_entry_pathname(entry), name);
    assert_int_equal(archive_entry_size(entry), size_bytes);
    assert_int_equal(archive_entry_filetype(entry), AE_IFREG);
    assert_int_equal(archive_entry_perm(entry), 0644);
    assert_int_equal(archive_read_free(archive), ARCHIVE_OK);
}

static void tar_names_and_sizes_come_back(void **state)
{
    char longest[TAR_NAME_MAX + 1];
    const char *const names[] = {"a", "blobs/sha256/ab/cd", longest};
    (void)state;

    memset(longest, 'n', TAR_NAME_MAX);
    longest[TAR_NAME_MAX] = '\0';
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (size_t j = 0; j < COUNT(names); j++) {
            unsigned char header[TAR_BLOCK_BYTES];
            char name[TAR_NAME_MAX + 1];
            int64_t size_bytes = -1;
            tar_make_header(header, names[j], sizes[i]);
            assert_int_equal(tar_read_header(header, name, &size_bytes), 0);
            assert_string_equal(name, names[j]);
            assert_int_equal(size_bytes, sizes[i]);
            if (sizes[i] < INT64_MAX) /* its own limit */
                assert_libarchive_reads(header, names[j], sizes[i]);
        }
    }
}

static void tar_header_with_a_changed_bit_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        unsigned char header[TAR_BLOCK_BYTES];
        tar_make_header(header, "blobs/sha256/ab/cd", sizes[i]);
        for (int bit = 0; bit < TAR_BLOCK_BYTES * 8; bit++) {
            header[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_int_equal(read_again(header), -1);
            header[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        assert_int_equal(read_again(header), 0);
    }
}

/* Each is a good header to other programs, or a bad size, with the right sum. */
static void tar_header_in_another_form_refused(void **state)
{
    static const struct {
        int at;
        const char *bytes;
        size_t len;
    } changes[] = {
        {0, "\0", 1},                                                  /* no name */
        {5, "x", 1},                                                   /* something behind the name's NUL */
        {100, "0000755", 7},                                           /* mode */
        {108, "0001750", 7},                                           /* owner */
        {124, "         10 ", 12},                                     /* spaces in front of the size */
        {124, "00000000010 ", 12},                                     /* and behind */
        {124, "000000000010", 12},                                     /* without an end */
        {124, "00000000018\0", 12},                                    /* no octal digit */
        {124, "-0000000010\0", 12},                                    /* a sign */
        {124, "\200\0\0\0\0\0\0\0\0\0\0\10", 12},                      /* base 256 without need */
        {124, "\200\0\0\0\0\0\0\1\377\377\377\377", 12},               /* 8 GiB - 1 too */
        {124, "\200\0\0\0\200\0\0\0\0\0\0\0", 12},                     /* 2^63 */
        {124, "\200\377\377\377\377\377\377\377\377\377\377\377", 12}, /* 2^88 - 1 */
        {124, "\377\377\377\377\377\377\377\377\377\377\377\370", 12}, /* -8 */
        {136, "14500000000", 11},                                      /* time */
        {156, "\0", 1},                                                /* a file as old tars wrote it */
        {156, "1", 1},                                                 /* hard link */
        {156, "2", 1},                                                 /* symbolic link */
        {156, "5", 1},                                                 /* folder */
        {156, "L", 1},                                                 /* GNU's long name */
        {156, "x", 1},                                                 /* pax attributes */
        {157, "a", 1},                                                 /* a link's target */
        {257, "ustar  ", 8},                                           /* GNU's magic */
        {265, "root", 4},                                              /* owner's name */
        {345, "prefix", 6},                                            /* the name's other part */
        {511, "x", 1},                                                 /* behind the last field */
    };
    unsigned char header[TAR_BLOCK_BYTES];
    (void)state;

    for (size_t i = 0; i < COUNT(changes); i++) {
        tar_make_header(header, "name", 8);
        memcpy(header + changes[i].at, changes[i].bytes, changes[i].len);
        mend_sum(header);
        assert_int_equal(read_again(header), -1);
    }
    memset(header, 0, sizeof(header));
    assert_int_equal(read_again(header), -1);
    mend_sum(header);
    assert_int_equal(read_again(header), -1);
}

static void tar_padding_fills_the_block(void **state)
{
    (void)state;
    assert_int_equal(tar_padding(0), 0);
    assert_int_equal(tar_padding(1), 511);
    assert_int_equal(tar_padding(511), 1);
    assert_int_equal(tar_padding(512), 0);
    assert_int_equal(tar_padding(513), 511);
    assert_int_equal(tar_padding(8 * GIB + 3), 509);
    assert_int_equal(tar_padding(INT64_MAX), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tar_header_is_posix_ustar),
        cmocka_unit_test(tar_names_and_sizes_come_back),
        cmocka_unit_test(tar_header_with_a_changed_bit_refused),
        cmocka_unit_test(tar_header_in_another_form_refused),
        cmocka_unit_test(tar_padding_fills_the_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
