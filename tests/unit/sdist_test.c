/* What sdists say without being built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/python/metadata.h"
#include "formats/python/sdist.h"
#include "formats/tar.h"

#define PKG_INFO "Metadata-Version: 2.1\nName: a\nVersion: 1\n"

/* An archive of (path, text) pairs that end in NULL. */
static void pack(const char *const *members, bool zip, struct buf *out)
{
    struct archive *archive = archive_write_new();
    size_t room = 1 << 20;
    size_t used = 0;

    buf_reserve(out, room);
    if (zip) {
        archive_write_set_format_zip(archive);
    } else {
        archive_write_set_format_ustar(archive);
        archive_write_add_filter_gzip(archive);
    }
    assert_int_equal(archive_write_open_memory(archive, out->data, room, &used), ARCHIVE_OK);
    for (; members[0]; members += 2) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, members[0]);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (int64_t)strlen(members[1]));
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        assert_int_equal(archive_write_data(archive, members[1], strlen(members[1])), strlen(members[1]));
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
    out->len = used;
}

static void read_packed(const char *const *members, bool zip, struct sdist *out)
{
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    pack(members, zip, &body);
    if (sdist_read(body.data, body.len, out, &error) < 0)
        fail_msg("%s", error.data);
}

#define READ(out, ...) read_packed((const char *const[]){__VA_ARGS__, NULL}, false, out)

static void assert_requires(const struct sdist *sdist, const char *const *expected)
{
    struct metadata CLEANUP_METADATA metadata = {.name = NULL};
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (metadata_parse(sdist->metadata.data, sdist->metadata.len, &metadata, &error) < 0)
        fail_msg("%s in:\n%s", error.data, sdist->metadata.data);
    size_t count = 0;
    for (; expected[count]; count++) {
        struct buf CLEANUP_BUF text = BUF_INIT;
        assert_true(count < metadata.require_count);
        requirement_print(&metadata.requires[count], &text);
        assert_string_equal(text.data, expected[count]);
    }
    assert_int_equal(metadata.require_count, count);
}
#define REQUIRES(sdist, ...) assert_requires(sdist, (const char *const[]){__VA_ARGS__, NULL})

static void sdist_with_requires_dist(void **state)
{
    (void)state;
    struct sdist CLEANUP_SDIST sdist;
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO "Requires-Dist: b>=2\n\nRequires-Dist: in-the-description\n",
         "a-1/a.egg-info/requires.txt", "ignored\n");
    assert_true(sdist.dependencies_known);
    REQUIRES(&sdist, "b>=2");
}

static void sdist_of_old_setuptools(void **state)
{
    (void)state;
    struct sdist CLEANUP_SDIST sdist;
    READ(&sdist, "a-1/setup.py", "", "a-1/PKG-INFO", "Metadata-Version: 1.0\nName: a\nVersion: 1\n",
         "a-1/src/a.egg-info/requires.txt",
         "jmespath<1.0.0,>=0.9.3\r\ncryptography>=3.0.0\n\n[:python_version < \"3\"]\nenum34\n\n"
         "[tests]\npytest>=3; sys_platform != 'win32'\n\n[tests:os_name == \"nt\"]\ncolorama\n");
    assert_true(sdist.dependencies_known);
    REQUIRES(&sdist, "jmespath<1.0.0,>=0.9.3", "cryptography>=3.0.0", "enum34 ; python_version < \"3\"",
             "pytest>=3 ; sys_platform != \"win32\" and extra == \"tests\"",
             "colorama ; os_name == \"nt\" and extra == \"tests\"");
}

static void sdist_of_others_inside(void **state)
{
    (void)state;
    struct sdist CLEANUP_SDIST sdist;
    /* Its own name, however it is written, and wherever in the archive it stands. */
    READ(&sdist, "Zope-1/src/other.egg-info/requires.txt", "wrong\n",
         "Zope-1/src/zope_interface.egg-info/requires.txt", "right\n", "Zope-1/PKG-INFO",
         "Metadata-Version: 1.0\nName: zope.Interface\nVersion: 1\n",
         "Zope-1/tests/zope.interface.egg-info/requires.txt", "wrong\n", "Zope-1/z.egg-info/requires.txt",
         "wrong\n");
    assert_true(sdist.dependencies_known);
    REQUIRES(&sdist, "right");
    sdist_release(&sdist);
    /* The top before src/, though it says nothing. */
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO, "a-1/src/a.egg-info/requires.txt", "wrong\n",
         "a-1/a.egg-info/SOURCES.txt", "");
    assert_true(sdist.dependencies_known);
    REQUIRES(&sdist, NULL);
    sdist_release(&sdist);
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO, "a-1/lib/a.egg-info/requires.txt", "right\n");
    REQUIRES(&sdist, "right");
    sdist_release(&sdist);
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO, "a-1/tests/b.egg-info/requires.txt", "wrong\n",
         "a-1/b.egg-info/PKG-INFO", PKG_INFO, "a-1/a.egg-info/deep/requires.txt", "wrong\n");
    assert_false(sdist.dependencies_known);
    REQUIRES(&sdist, NULL);
}

static void sdist_that_says_all(void **state)
{
    (void)state;
    struct sdist CLEANUP_SDIST sdist;
    READ(&sdist, "a-1/PKG-INFO", "Metadata-Version: 2.2\nName: a\nVersion: 1\n",
         "a-1/a.egg-info/requires.txt", "wrong\n");
    assert_true(sdist.dependencies_known);
    REQUIRES(&sdist, NULL);
    sdist_release(&sdist);
    READ(&sdist, "a-1/PKG-INFO", "Metadata-Version: 2.3\nName: a\nVersion: 1\nDynamic: requires-dist\n",
         "a-1/a.egg-info/requires.txt", "right\n");
    REQUIRES(&sdist, "right");
}

static void sdist_of_many_inside(void **state)
{
    (void)state;
    struct sdist CLEANUP_SDIST sdist;
    const char *members[2 * 100 + 3] = {NULL};
    char paths[100][40];
    for (int i = 0; i < 100; i++) {
        snprintf(paths[i], sizeof(paths[i]), "a-1/x%d.egg-info/requires.txt", i);
        members[2 * i] = paths[i];
        members[2 * i + 1] = "wrong\n";
    }
    members[200] = "a-1/PKG-INFO";
    members[201] = PKG_INFO;
    read_packed(members, false, &sdist);
    assert_false(sdist.dependencies_known);
}

static void sdist_without_dependencies(void **state)
{
    (void)state;
    struct sdist CLEANUP_SDIST sdist;
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO, "a-1/a.egg-info/PKG-INFO", PKG_INFO);
    assert_true(sdist.dependencies_known);
    REQUIRES(&sdist, NULL);
}

static void sdist_that_does_not_say(void **state)
{
    (void)state;
    struct sdist CLEANUP_SDIST sdist;
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO, "a-1/setup.py", "");
    assert_false(sdist.dependencies_known);
    sdist_release(&sdist);
    READ(&sdist, "a-1/PKG-INFO", "Metadata-Version: 2.2\nName: a\nVersion: 1\nDynamic: Requires-Dist\n");
    assert_false(sdist.dependencies_known);
    sdist_release(&sdist);
    READ(&sdist, "a-1/PKG-INFO", "Metadata-Version: 2.2\nName: a\nVersion: 1\n");
    assert_true(sdist.dependencies_known);
}

static void sdist_build_requires(void **state)
{
    (void)state;
    struct sdist CLEANUP_SDIST sdist;
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO, "a-1/pyproject.toml",
         "[build-system]\nrequires = [\"flit_core >=3.2,<4\"]\nbuild-backend = \"flit_core.buildapi\"\n");
    assert_int_equal(sdist.build_require_count, 1);
    assert_string_equal(sdist.build_requires[0], "flit_core >=3.2,<4");
    sdist_release(&sdist);
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO, "a-1/pyproject.toml",
         "[build-system]\nrequires = [\"setuptools>=61\", \"setuptools-scm\"]\n");
    assert_int_equal(sdist.build_require_count, 3);
    assert_string_equal(sdist.build_requires[2], "wheel");
    sdist_release(&sdist);
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO, "a-1/pyproject.toml",
         "[build-system]\nrequires = [\"setuptools-rust\"]\n");
    assert_int_equal(sdist.build_require_count, 1);
    sdist_release(&sdist);
    READ(&sdist, "a-1/PKG-INFO", PKG_INFO);
    assert_int_equal(sdist.build_require_count, 2);
    assert_string_equal(sdist.build_requires[0], "setuptools>=40.8.0");
    assert_string_equal(sdist.build_requires[1], "wheel");
}

static void sdist_as_zip(void **state)
{
    (void)state;
    struct sdist CLEANUP_SDIST sdist;
    read_packed((const char *const[]){"a-1/PKG-INFO", PKG_INFO "Requires-Dist: b\n", NULL}, true, &sdist);
    REQUIRES(&sdist, "b");
}

static void sdist_that_is_none(void **state)
{
    (void)state;
    struct sdist sdist;
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(sdist_read("<html>", 6, &sdist, &error), -1);
    assert_non_null(strstr(error.data, "is not an archive"));
    sdist_release(&sdist);
    pack((const char *const[]){"a-1/setup.py", "", "deep/er/PKG-INFO", PKG_INFO, NULL}, false, &body);
    assert_int_equal(sdist_read(body.data, body.len, &sdist, &error), -1);
    assert_string_equal(error.data, "has no PKG-INFO");
    sdist_release(&sdist);
    /* Cut in the middle. */
    assert_int_equal(sdist_read(body.data, body.len / 2, &sdist, &error), -1);
    sdist_release(&sdist);
}

/* A program of that name first in PATH would leave a file. */
static void sdist_calls_no_programs(void **state)
{
    char folder[] = "/tmp/sdist-test-XXXXXX";
    char body[4096] = "LRZI\0\6";
    struct sdist CLEANUP_SDIST sdist;
    struct buf CLEANUP_BUF error = BUF_INIT;

    (void)state;
    assert_non_null(mkdtemp(folder));
    char *CLEANUP_FREE path = xstrdup(getenv("PATH"));
    char *CLEANUP_FREE ours = xconcat(folder, ":", path);
    char *CLEANUP_FREE program = xconcat(folder, "/lrzip");
    char *CLEANUP_FREE mark = xconcat(folder, "/called");
    FILE *file = fopen(program, "w");
    fprintf(file, "#!/bin/sh\n: > %s\n", mark);
    fclose(file);
    assert_int_equal(chmod(program, 0755), 0);
    setenv("PATH", ours, 1);
    assert_int_equal(sdist_read(body, sizeof(body), &sdist, &error), -1);
    setenv("PATH", path, 1);
    bool called = access(mark, F_OK) == 0;
    unlink(mark);
    unlink(program);
    rmdir(folder);
    assert_false(called);
}

/* What deflate makes of it. flush: Z_FULL_FLUSH, up to where it could begin anew; or Z_FINISH. */
static void add_packed(z_stream *zlib, const void *data, size_t len, int flush, struct buf *out)
{
    zlib->next_in = (unsigned char *)data;
    zlib->avail_in = (uInt)len;
    do {
        buf_reserve(out, 1 << 20);
        zlib->next_out = (unsigned char *)out->data + out->len;
        zlib->avail_out = 1 << 20;
        assert_int_equal(deflate(zlib, flush), flush == Z_FINISH ? Z_STREAM_END : Z_OK);
        out->len += (1 << 20) - zlib->avail_out;
    } while (!zlib->avail_out);
}

static void sdist_that_unpacks_to_too_much(void **state)
{
    static const int64_t mib = SDIST_MAX_UNPACKED_BYTES / (1 << 20) + 1;
    struct sdist CLEANUP_SDIST sdist;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF head = BUF_INIT;
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF piece = BUF_INIT;
    char *CLEANUP_FREE zeros = xcalloc(1, 1 << 20);
    unsigned char header[TAR_BLOCK_BYTES];
    z_stream zlib = {0};

    (void)state;
    assert_int_equal(deflateInit2(&zlib, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    tar_make_header(header, "a-1/PKG-INFO", (int64_t)strlen(PKG_INFO));
    buf_add(&head, header, sizeof(header));
    buf_add_text(&head, PKG_INFO);
    buf_add(&head, zeros, tar_padding((int64_t)strlen(PKG_INFO)));
    tar_make_header(header, "a-1/data", mib << 20);
    buf_add(&head, header, sizeof(header));
    add_packed(&zlib, head.data, head.len, Z_FULL_FLUSH, &body);
    add_packed(&zlib, zeros, 1 << 20, Z_FULL_FLUSH, &piece);
    for (int64_t i = 0; i < mib; i++)
        buf_add(&body, piece.data, piece.len);
    add_packed(&zlib, zeros, TAR_END_BYTES, Z_FINISH, &body);
    deflateEnd(&zlib);
    assert_int_equal(sdist_read(body.data, body.len, &sdist, &error), -1);
    assert_string_equal(error.data, "is not an archive that can be read to its end");
}

/* 1 MiB becomes 1 KiB, and that a few bytes: more levels would unpack to anything. */
static void sdist_compressed_twice(void **state)
{
    (void)state;
    struct sdist sdist;
    struct buf CLEANUP_BUF error = BUF_INIT;
    char out[4096];
    size_t used = 0;
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();

    archive_write_set_format_ustar(archive);
    archive_write_add_filter_gzip(archive);
    archive_write_add_filter_gzip(archive);
    assert_int_equal(archive_write_open_memory(archive, out, sizeof(out), &used), ARCHIVE_OK);
    archive_entry_set_pathname(entry, "a-1/PKG-INFO");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (int64_t)strlen(PKG_INFO));
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(archive, PKG_INFO, strlen(PKG_INFO)), strlen(PKG_INFO));
    archive_entry_free(entry);
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
    assert_int_equal(sdist_read(out, used, &sdist, &error), -1);
    assert_string_equal(error.data, "is not an archive");
    sdist_release(&sdist);
}

/* The marker of a section goes with each of its lines: 100,000 of them times 10,000 bytes. */
static void sdist_requires_that_multiply(void **state)
{
    (void)state;
    enum { MARKER = 10000, LINES = 100000 };
    struct sdist sdist;
    struct buf CLEANUP_BUF requires = BUF_INIT;
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    buf_add_text(&requires, "[:");
    for (int i = 0; i < MARKER; i++)
        buf_add_char(&requires, 'm');
    buf_add_text(&requires, "]\n");
    for (int i = 0; i < LINES; i++)
        buf_add_text(&requires, "a\n");
    pack((const char *const[]){"a-1/PKG-INFO", PKG_INFO, "a-1/a.egg-info/requires.txt", requires.data, NULL},
         false, &body);
    assert_int_equal(sdist_read(body.data, body.len, &sdist, &error), -1);
    assert_string_equal(error.data, "has a requires.txt that is too long");
    sdist_release(&sdist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sdist_with_requires_dist),   cmocka_unit_test(sdist_of_old_setuptools),
        cmocka_unit_test(sdist_without_dependencies), cmocka_unit_test(sdist_that_does_not_say),
        cmocka_unit_test(sdist_build_requires),       cmocka_unit_test(sdist_as_zip),
        cmocka_unit_test(sdist_that_is_none),         cmocka_unit_test(sdist_of_others_inside),
        cmocka_unit_test(sdist_that_says_all),        cmocka_unit_test(sdist_of_many_inside),
        cmocka_unit_test(sdist_calls_no_programs),    cmocka_unit_test(sdist_that_unpacks_to_too_much),
        cmocka_unit_test(sdist_compressed_twice),     cmocka_unit_test(sdist_requires_that_multiply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
