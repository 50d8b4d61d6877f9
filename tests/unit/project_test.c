/* Names of projects and files, and our paths of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/python/project.h"

#define HEX60 "b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f"
#define OFFICIAL "/packages/0a/1b/" HEX60 "/"
#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void project_name_syntax(void **state)
{
    (void)state;
    assert_true(project_name_valid("a", 1));
    assert_true(project_name_valid("Foo.Bar_baz-2", 13));
    assert_false(project_name_valid("", 0));
    assert_false(project_name_valid("-foo", 4));
    assert_false(project_name_valid("foo.", 4));
    assert_false(project_name_valid("foo bar", 7));
    assert_false(project_name_valid("f\xc3\xb6o", 4));
    char longest[PROJECT_NAME_MAX + 1];
    memset(longest, 'x', sizeof(longest));
    assert_true(project_name_valid(longest, PROJECT_NAME_MAX));
    assert_false(project_name_valid(longest, PROJECT_NAME_MAX + 1));
}

static void project_normalize_pep503(void **state)
{
    (void)state;
    static const char *const names[] = {"friendly-bard",    "Friendly-Bard", "FRIENDLY-BARD",
                                        "friendly.bard",    "friendly_bard", "friendly--bard",
                                        "FrIeNdLy-._.-bArD"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct buf CLEANUP_BUF out = BUF_INIT;
        project_normalize(names[i], strlen(names[i]), &out);
        assert_string_equal(out.data, "friendly-bard");
    }
}

static void project_name_normalized_question(void **state)
{
    (void)state;
    assert_true(project_name_normalized("friendly-bard2", 14));
    assert_false(project_name_normalized("Friendly", 8));
    assert_false(project_name_normalized("a_b", 3));
    assert_false(project_name_normalized("a.b", 3));
    assert_false(project_name_normalized("a--b", 4));
    assert_false(project_name_normalized("a-", 2));
}

static void filename_syntax(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   ".",    "..",     "a/b",   "a\\b",           " a",
                                      "a ", "a\nb", "a\x7f-", "a\xff", "x.whl.metadata", ".metadata"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(filename_valid(bad[i], strlen(bad[i])));
    assert_true(filename_valid("foo-1!2.0+local.1-py3-none-any.whl", 34));
    assert_true(filename_valid("..foo", 5));
    char longest[FILENAME_MAX_BYTES + 1];
    memset(longest, 'x', sizeof(longest));
    assert_true(filename_valid(longest, FILENAME_MAX_BYTES));
    assert_false(filename_valid(longest, FILENAME_MAX_BYTES + 1));
}

static void filename_kinds(void **state)
{
    (void)state;
    assert_true(filename_is_wheel("foo-1-py3-none-any.whl"));
    assert_false(filename_is_wheel("foo-1.tar.gz"));
    assert_false(filename_is_wheel(".whl"));
    assert_true(filename_is_distribution("foo-1.tar.Z"));
    assert_true(filename_is_distribution("foo-1.win32-py2.7.exe"));
    assert_false(filename_is_distribution("login.html"));
    assert_false(filename_is_distribution("foo-1.tar.gz.asc"));
}

static int collect(void *arg, const char *project)
{
    buf_printf(arg, "%s ", project);
    return 0;
}

static void check_projects(const char *filename, const char *expected)
{
    struct buf CLEANUP_BUF out = BUF_INIT;

    assert_int_equal(filename_projects(filename, collect, &out), 0);
    assert_string_equal(out.data, expected);
}

static void filename_projects_guessed(void **state)
{
    (void)state;
    check_projects("Foo_Bar-1.0-py3-none-any.whl", "foo-bar ");
    check_projects("foo-bar-1.0.tar.gz", "foo-bar foo ");
    check_projects("backports.zoneinfo-0.2.1.tar.gz", "backports-zoneinfo ");
    check_projects("foo-2-1.0.zip", "foo-2 foo ");
    check_projects("foo-1.0.win32-py2.7.exe", "foo foo-1-0-win32 ");
    check_projects("foo-1.0-1.noarch.rpm", "foo foo-1-0 ");
    check_projects("foo_x-1.0-py2.7.egg", "foo-x ");
    check_projects("nodash.tar.gz", "");
    check_projects("-1.0.tar.gz", "");
}

static int stop_at_first(void *arg, const char *project)
{
    (void)arg;
    (void)project;
    return 7;
}

static void filename_projects_bounded(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF out = BUF_INIT;
    int spaces = 0;

    assert_int_equal(filename_projects("a-b-c-1.tar.gz", stop_at_first, NULL), 7);
    filename_projects("a-b-c-d-e-f-g-h-i-j-k-l-m-1.tar.gz", collect, &out);
    for (size_t i = 0; i < out.len; i++)
        spaces += out.data[i] == ' ';
    assert_int_equal(spaces, 6);
}

/* Parses and prints again; NULL: must be refused with a sentence. */
static void check_path(const char *path, const char *printed, const char *filename, bool metadata)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct file_path parsed;
    int result = file_path_parse(path, strlen(path), &parsed, &error);

    if (!printed) {
        assert_int_equal(result, -1);
        assert_true(error.len > 0);
        return;
    }
    assert_int_equal(result, 0);
    assert_string_equal(parsed.filename, filename);
    assert_int_equal(parsed.metadata, metadata);
    file_path_print(&parsed, &out);
    assert_string_equal(out.data, printed);
}

static void file_path_official(void **state)
{
    (void)state;
    check_path(OFFICIAL "a-1.tar.gz", OFFICIAL "a-1.tar.gz", "a-1.tar.gz", false);
    check_path(OFFICIAL "a-1-py3-none-any.whl.metadata", OFFICIAL "a-1-py3-none-any.whl",
               "a-1-py3-none-any.whl", true);
    /* One file however it is escaped. */
    check_path(OFFICIAL "a-1%212%2Blocal.zip", OFFICIAL "a-1!2+local.zip", "a-1!2+local.zip", false);
    check_path(OFFICIAL "a-1!2+local.zip", OFFICIAL "a-1!2+local.zip", "a-1!2+local.zip", false);
    check_path(OFFICIAL "a%20b%25.zip", OFFICIAL "a%20b%25.zip", "a b%.zip", false);
}

static void file_path_own_forms(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct file_path parsed;

    check_path("/packages/sha256/" HEX64 "/foo/a-1.zip", "/packages/sha256/" HEX64 "/foo/a-1.zip", "a-1.zip",
               false);
    check_path("/packages/url/" HEX64 "/foo/a-1.zip.metadata", "/packages/url/" HEX64 "/foo/a-1.zip",
               "a-1.zip", true);
    const char *path = "/packages/url/" HEX64 "/foo/a-1.zip";
    assert_int_equal(file_path_parse(path, strlen(path), &parsed, &error), 0);
    assert_int_equal(parsed.kind, FILE_PATH_URL);
    assert_string_equal(parsed.project, "foo");
    assert_int_equal(parsed.checksum.kind, HASH_SHA256);
    assert_int_equal(parsed.checksum.bytes[1], 0x11);
}

static void file_path_checksum_spelled(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct file_path parsed;

    assert_int_equal(file_path_parse(OFFICIAL "a.zip", strlen(OFFICIAL "a.zip"), &parsed, &error), 0);
    assert_int_equal(parsed.kind, FILE_PATH_OFFICIAL);
    assert_int_equal(parsed.checksum.kind, HASH_BLAKE2B_256);
    assert_int_equal(parsed.checksum.bytes[0], 0x0a);
    assert_int_equal(parsed.checksum.bytes[1], 0x1b);
    assert_int_equal(parsed.checksum.bytes[2], 0xb2);
    assert_int_equal(parsed.checksum.bytes[31], 0x8f);
}

static void file_path_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "/packages/",
        "/simple/foo/",
        OFFICIAL,
        OFFICIAL "a/b.zip",
        OFFICIAL "a%2Fb.zip",
        OFFICIAL "a%00.zip",
        OFFICIAL "a%zz.zip",
        OFFICIAL "a%4",
        OFFICIAL "..",
        OFFICIAL "%2e%2e",
        OFFICIAL "..%2e.metadata.metadata",
        OFFICIAL ".metadata",
        "/packages/0A/1B/" HEX60 "/a.zip",
        "/packages/0a/1b/" HEX64 "/a.zip",
        "/packages/0a/1g/" HEX60 "/a.zip",
        "/packages/sha256/" HEX64 "/Foo/a.zip",
        "/packages/sha256/" HEX60 "/foo/a.zip",
        "/packages/sha1/" HEX64 "/foo/a.zip",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        check_path(bad[i], NULL, NULL, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(project_name_syntax),
        cmocka_unit_test(project_normalize_pep503),
        cmocka_unit_test(project_name_normalized_question),
        cmocka_unit_test(filename_syntax),
        cmocka_unit_test(filename_kinds),
        cmocka_unit_test(filename_projects_guessed),
        cmocka_unit_test(filename_projects_bounded),
        cmocka_unit_test(file_path_official),
        cmocka_unit_test(file_path_own_forms),
        cmocka_unit_test(file_path_checksum_spelled),
        cmocka_unit_test(file_path_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
