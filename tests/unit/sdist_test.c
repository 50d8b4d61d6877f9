/* What sdists say without being built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "base/memory.h"
#include "upstreams/metadata.h"
#include "upstreams/sdist.h"

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
    assert_non_null(strstr(error.data, "is no archive"));
    sdist_release(&sdist);
    pack((const char *const[]){"a-1/setup.py", "", "deep/er/PKG-INFO", PKG_INFO, NULL}, false, &body);
    assert_int_equal(sdist_read(body.data, body.len, &sdist, &error), -1);
    assert_string_equal(error.data, "has no PKG-INFO");
    sdist_release(&sdist);
    /* Cut in the middle. */
    assert_int_equal(sdist_read(body.data, body.len / 2, &sdist, &error), -1);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
