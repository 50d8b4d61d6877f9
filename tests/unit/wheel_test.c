/* METADATA out of wheels, good and bad. The archives are made with libzip and then damaged by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/memory.h"
#include "formats/python/metadata.h"
#include "formats/python/wheel.h"

#define METADATA "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"

static char path[] = "/tmp/yizhan-wheel-XXXXXX";

struct entry {
    const char *name;
    const char *text;
    int method;
};

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);

    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* libzip refuses two entries of one name: see wheel_duplicate_entry. */
static void write_wheel(const struct entry *entries, size_t count)
{
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);

    assert_non_null(archive);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source = zip_source_buffer(archive, entries[i].text, strlen(entries[i].text), 0);
        zip_int64_t index = zip_file_add(archive, entries[i].name, source, 0);
        assert_true(index >= 0);
        assert_int_equal(zip_set_file_compression(archive, (zip_uint64_t)index, entries[i].method, 0), 0);
    }
    assert_int_equal(zip_close(archive), 0);
}

static char *slurp(size_t *len)
{
    struct stat status;
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    char *bytes = xmalloc((size_t)status.st_size);
    *len = fread(bytes, 1, (size_t)status.st_size, file);
    fclose(file);
    return bytes;
}

static void spill(const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Changes every occurrence of `from` in the archive; returns their number. */
static size_t patch(const char *from, const char *to, size_t pattern_len)
{
    size_t len, changed = 0;
    char *CLEANUP_FREE bytes = slurp(&len);

    for (size_t i = 0; i + pattern_len <= len; i++)
        if (memcmp(bytes + i, from, pattern_len) == 0) {
            memcpy(bytes + i, to, pattern_len);
            changed++;
        }
    spill(bytes, len);
    return changed;
}

static int read_metadata(const char *filename, struct buf *out, struct buf *error)
{
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    int result = wheel_read_metadata(fileno(file), filename, out, error);
    assert_true(lseek(fileno(file), 0, SEEK_CUR) >= 0); /* still open */
    fclose(file);
    return result;
}

static void check_read(const char *filename, const char *expected)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (read_metadata(filename, &out, &error) < 0)
        fail_msg("%s", error.data);
    assert_string_equal(out.data, expected);
}

static void check_refused(const char *filename, const char *about)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    buf_add_text(&out, "before");
    assert_int_equal(read_metadata(filename, &out, &error), -1);
    assert_string_equal(out.data, "before");
    if (!strstr(error.data, about))
        fail_msg("\"%s\" does not speak of \"%s\"", error.data, about);
}

static void wheel_stored_and_deflated(void **state)
{
    (void)state;
    static const int methods[] = {ZIP_CM_STORE, ZIP_CM_DEFLATE};

    for (size_t i = 0; i < 2; i++) {
        const struct entry entries[] = {{"foo/__init__.py", "pass", ZIP_CM_STORE},
                                        {"foo-1.0.dist-info/METADATA", METADATA, methods[i]},
                                        {"foo-1.0.dist-info/WHEEL", "x", ZIP_CM_STORE}};
        write_wheel(entries, 3);
        check_read("foo-1.0-py3-none-any.whl", METADATA);
    }
}

static void wheel_normalised_names(void **state)
{
    (void)state;
    const struct entry entries[] = {{"Foo.Bar-1.0+local_1.dist-info/METADATA", METADATA, ZIP_CM_STORE}};

    write_wheel(entries, 1);
    check_read("foo_bar-1.0+local.1-py3-none-any.whl", METADATA);
    check_read("foo_bar-1.0_local.1-7-py3-none-any.whl", METADATA);
}

static void wheel_of_another_project(void **state)
{
    (void)state;
    const struct entry entries[] = {{"foo-1.0.dist-info/METADATA", METADATA, ZIP_CM_STORE}};

    write_wheel(entries, 1);
    check_refused("bar-1.0-py3-none-any.whl", "another project");
    check_refused("foo-1.1-py3-none-any.whl", "another project");
    check_refused("foo.whl", "name");
}

static void wheel_without_metadata(void **state)
{
    (void)state;
    const struct entry entries[] = {{"vendor/foo-1.0.dist-info/METADATA", METADATA, ZIP_CM_STORE},
                                    {"foo-1.0.dist-info/METADATA.json", "{}", ZIP_CM_STORE},
                                    {".dist-info/METADATA", METADATA, ZIP_CM_STORE}};

    write_wheel(entries, 3);
    check_refused("foo-1.0-py3-none-any.whl", "no .dist-info");
}

static void wheel_with_two_metadata(void **state)
{
    (void)state;
    const struct entry entries[] = {{"foo-1.0.dist-info/METADATA", METADATA, ZIP_CM_STORE},
                                    {"bar-1.0.dist-info/METADATA", METADATA, ZIP_CM_STORE}};

    write_wheel(entries, 2);
    check_refused("foo-1.0-py3-none-any.whl", "more than one");
}

static void wheel_duplicate_entry(void **state)
{
    (void)state;
    const struct entry entries[] = {{"foo-1.0.dist-info/METADATA", METADATA, ZIP_CM_STORE},
                                    {"foo-1.0.dist-info/METADATb", "Name: evil\n", ZIP_CM_STORE}};

    write_wheel(entries, 2);
    assert_int_equal(patch("METADATb", "METADATA", 8), 2);
    check_refused("foo-1.0-py3-none-any.whl", "more than one");
}

static void wheel_not_a_zip(void **state)
{
    (void)state;
    spill("", 0);
    check_refused("foo-1.0-py3-none-any.whl", "zip");
    spill("<html>no wheel</html>", 21);
    check_refused("foo-1.0-py3-none-any.whl", "zip");
}

static void wheel_truncated_anywhere(void **state)
{
    (void)state;
    const struct entry entries[] = {{"foo-1.0.dist-info/METADATA", METADATA, ZIP_CM_DEFLATE}};
    size_t len;

    write_wheel(entries, 1);
    char *CLEANUP_FREE bytes = slurp(&len);
    for (size_t cut = 0; cut < len; cut++) {
        spill(bytes, cut);
        check_refused("foo-1.0-py3-none-any.whl", "");
    }
}

static void wheel_wrong_content(void **state)
{
    (void)state;
    const struct entry entries[] = {{"foo-1.0.dist-info/METADATA", METADATA, ZIP_CM_STORE}};

    write_wheel(entries, 1);
    assert_int_equal(patch("Version: 1.0", "Version: 1.1", 12), 1);
    check_refused("foo-1.0-py3-none-any.whl", "damaged");
}

static void wheel_metadata_too_large(void **state)
{
    (void)state;
    char *CLEANUP_FREE text = xmalloc(METADATA_MAX_BYTES + 2);
    const struct entry entries[] = {{"foo-1.0.dist-info/METADATA", text, ZIP_CM_DEFLATE}};

    memset(text, 'x', METADATA_MAX_BYTES + 1);
    text[METADATA_MAX_BYTES + 1] = '\0';
    write_wheel(entries, 1);
    check_refused("foo-1.0-py3-none-any.whl", "larger than");
    text[METADATA_MAX_BYTES] = '\0';
    write_wheel(entries, 1);
    check_read("foo-1.0-py3-none-any.whl", text);
}

/* A bomb: the directory announces 10 bytes, the data inflate to a megabyte. */
static void wheel_size_is_a_lie(void **state)
{
    (void)state;
    char *CLEANUP_FREE text = xmalloc(1000001);
    const struct entry entries[] = {{"foo-1.0.dist-info/METADATA", text, ZIP_CM_DEFLATE}};

    memset(text, 'x', 1000000);
    text[1000000] = '\0';
    write_wheel(entries, 1);
    assert_true(patch("\x40\x42\x0f\x00", "\x0a\x00\x00\x00", 4) >= 2);
    check_refused("foo-1.0-py3-none-any.whl", "");
}

static void wheel_empty_metadata(void **state)
{
    (void)state;
    const struct entry entries[] = {{"foo-1.0.dist-info/METADATA", "", ZIP_CM_STORE}};

    write_wheel(entries, 1);
    check_refused("foo-1.0-py3-none-any.whl", "empty");
}

/* End records that announce directories of gigabytes, plain and zip64. */
static void wheel_directory_too_large(void **state)
{
    (void)state;
    char end[98] = {0};

    memcpy(end + 76, "PK\5\6", 4);
    end[76 + 15] = 0x70;
    spill(end, sizeof(end));
    check_refused("foo-1.0-py3-none-any.whl", "directory is larger");

    memset(end, 0, sizeof(end));
    memcpy(end, "PK\6\6", 4);
    end[44] = 1; /* size 1 << 32 */
    memcpy(end + 56, "PK\6\7", 4);
    memcpy(end + 76, "PK\5\6", 4);
    memset(end + 84, 0xff, 12);
    spill(end, sizeof(end));
    check_refused("foo-1.0-py3-none-any.whl", "directory is larger");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_stored_and_deflated), cmocka_unit_test(wheel_normalised_names),
        cmocka_unit_test(wheel_of_another_project),  cmocka_unit_test(wheel_without_metadata),
        cmocka_unit_test(wheel_with_two_metadata),   cmocka_unit_test(wheel_duplicate_entry),
        cmocka_unit_test(wheel_not_a_zip),           cmocka_unit_test(wheel_truncated_anywhere),
        cmocka_unit_test(wheel_wrong_content),       cmocka_unit_test(wheel_metadata_too_large),
        cmocka_unit_test(wheel_size_is_a_lie),       cmocka_unit_test(wheel_empty_metadata),
        cmocka_unit_test(wheel_directory_too_large),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
