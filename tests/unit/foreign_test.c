/* Archives of other programs, good and hostile. They are made with libarchive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/transfer/foreign.h"
#include "base/buf.h"
#include "base/memory.h"

struct member {
    const char *name;
    const char *text;
    const char *symlink;
    const char *hardlink;
    mode_t type; /* 0: a file, or a link */
};

/* Returns a descriptor of a file without a name. */
static int make_archive(const struct member *members, size_t count, int filter)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    struct archive *archive = archive_write_new();

    assert_true(fd >= 0);
    assert_int_equal(archive_write_set_format_gnutar(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter(archive, filter), ARCHIVE_OK);
    assert_int_equal(archive_write_open_fd(archive, fd), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        const char *text = members[i].text ? members[i].text : "";
        archive_entry_set_pathname(entry, members[i].name);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_filetype(entry, members[i].symlink ? AE_IFLNK
                                          : members[i].type  ? members[i].type
                                                             : AE_IFREG);
        archive_entry_set_size(entry, (int64_t)strlen(text));
        if (members[i].symlink)
            archive_entry_set_symlink(entry, members[i].symlink);
        if (members[i].hardlink)
            archive_entry_set_hardlink(entry, members[i].hardlink);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        archive_write_data(archive, text, strlen(text));
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
    return fd;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_refused(const struct member *members, size_t count, const char *why)
{
    struct foreign *foreign = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;
    int CLEANUP_CLOSE fd = make_archive(members, count, ARCHIVE_FILTER_NONE);

    assert_int_equal(foreign_open_archive(fd, "test.tar", &foreign, &error), -1);
    assert_non_null(strstr(error.data, why));
    assert_null(foreign);
}

static void assert_text(const struct foreign *foreign, const char *name, const char *text)
{
    const struct foreign_file *file = foreign_find(foreign, name);
    struct digest digest;

    digest_of(text, strlen(text), &digest);
    assert_non_null(file);
    assert_int_equal(file->size_bytes, strlen(text));
    assert_true(digest_equal(&file->digest, &digest));
}

static void foreign_finds_files_in_any_compression(void **state)
{
    static const struct member members[] = {
        {.name = "folder", .type = AE_IFDIR},
        {.name = "./folder/layer.tar", .text = "bytes"},
        {.name = "manifest.json", .text = " [1]"},
    };
    static const int filters[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2,
                                  ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD};
    (void)state;

    for (size_t i = 0; i < COUNT(filters); i++) {
        struct foreign *CLEANUP_FOREIGN foreign = NULL;
        struct buf CLEANUP_BUF error = BUF_INIT;
        int CLEANUP_CLOSE fd = make_archive(members, COUNT(members), filters[i]);
        assert_int_equal(foreign_open_archive(fd, "test.tar", &foreign, &error), 0);
        assert_int_equal(foreign_count(foreign), 2);
        assert_text(foreign, "folder/layer.tar", "bytes");
        assert_text(foreign, "./manifest.json", " [1]");
        assert_string_equal(foreign_find(foreign, "manifest.json")->json, " [1]");
        assert_null(foreign_find(foreign, "folder/layer.tar")->json);
        assert_null(foreign_find(foreign, "folder"));
        assert_null(foreign_find(foreign, "other"));
    }
}

static void foreign_follows_links_inside(void **state)
{
    static const struct member members[] = {
        {.name = "a/layer.tar", .text = "bytes"},
        {.name = "b/layer.tar", .symlink = "../a/layer.tar"},
        {.name = "c/layer.tar", .symlink = "./../b/layer.tar"},
        {.name = "d/layer.tar", .hardlink = "a/layer.tar"},
        {.name = "loop1", .symlink = "loop2"},
        {.name = "loop2", .symlink = "loop1"},
        {.name = "nowhere", .symlink = "missing"},
    };
    struct foreign *CLEANUP_FOREIGN foreign = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;
    int CLEANUP_CLOSE fd = make_archive(members, COUNT(members), ARCHIVE_FILTER_NONE);
    (void)state;

    assert_int_equal(foreign_open_archive(fd, "test.tar", &foreign, &error), 0);
    assert_text(foreign, "b/layer.tar", "bytes");
    assert_text(foreign, "c/layer.tar", "bytes");
    assert_text(foreign, "d/layer.tar", "bytes");
    assert_null(foreign_find(foreign, "loop1"));
    assert_null(foreign_find(foreign, "nowhere"));
}

static void foreign_refuses_names_that_lead_out(void **state)
{
    static const struct member bad[] = {
        {.name = "../x", .text = "1"},         {.name = "a/../../x", .text = "1"},
        {.name = "/etc/passwd", .text = "1"},  {.name = "..", .type = AE_IFDIR},
        {.name = "x", .symlink = "../x"},      {.name = "x", .symlink = "/etc/passwd"},
        {.name = "a/x", .symlink = "../../x"}, {.name = "x", .hardlink = "/etc/passwd"},
        {.name = "x", .hardlink = "../x"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(&bad[i], 1, "leads out of the archive");
}

static void foreign_refuses_what_is_no_file(void **state)
{
    static const struct member bad[] = {{.name = "x", .type = AE_IFIFO}, {.name = "x", .type = AE_IFCHR}};
    (void)state;

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(&bad[i], 1, "is a device, a pipe or a socket");
}

static void foreign_refuses_two_files_of_one_name(void **state)
{
    static const struct member differ[] = {{.name = "x", .text = "1"}, {.name = "./x", .text = "2"}};
    static const struct member same[] = {{.name = "x", .text = "1"}, {.name = "x", .text = "1"}};
    struct foreign *CLEANUP_FOREIGN foreign = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;
    int CLEANUP_CLOSE fd = make_archive(same, 2, ARCHIVE_FILTER_NONE);
    (void)state;

    assert_refused(differ, 2, "two different files x");
    assert_int_equal(foreign_open_archive(fd, "test.tar", &foreign, &error), 0);
}

/* GNU tar's old sparse header: 512 bytes that claim a petabyte. */
static void foreign_refuses_holes(void **state)
{
    unsigned char block[3 * 512] = "sparse";
    struct foreign *foreign = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;
    int CLEANUP_CLOSE fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    unsigned sum = 0;
    (void)state;

    memcpy(block + 100,
           "0000644\0000000000\0000000000\000"
           "00000000000\00000000000000",
           47);
    memcpy(block + 148, "        ", 8);
    block[156] = 'S';
    memcpy(block + 257, "ustar  ", 8);
    memcpy(block + 386, "10000000000", 11); /* where the first piece of bytes is: at 1 GiB */
    memcpy(block + 398, "00000000000", 11); /* and how long: not at all */
    memcpy(block + 483, "10000000000", 11); /* the file's size */
    for (int i = 0; i < 512; i++)
        sum += block[i];
    snprintf((char *)block + 148, 8, "%06o", sum);
    assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
    assert_int_equal(foreign_open_archive(fd, "test.tar", &foreign, &error), -1);
    assert_non_null(strstr(error.data, "has holes"));
}

static void foreign_refuses_what_is_cut_off(void **state)
{
    static const struct member members[] = {{.name = "x", .text = "bytes"}};
    struct foreign *foreign = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;
    int CLEANUP_CLOSE fd = make_archive(members, 1, ARCHIVE_FILTER_NONE);
    (void)state;

    assert_int_equal(ftruncate(fd, 512 + 3), 0);
    assert_int_equal(foreign_open_archive(fd, "test.tar", &foreign, &error), -1);
    assert_non_null(strstr(error.data, "damaged or cut off"));
}

static void foreign_refuses_bombs(void **state)
{
    size_t len = (size_t)FOREIGN_UNPACKED_MIN_BYTES + 1;
    char *CLEANUP_FREE text = xmalloc(len + 1);
    struct foreign *foreign = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;
    (void)state;

    memset(text, 'x', len);
    text[len] = '\0';
    const struct member members[] = {{.name = "x", .text = text}};
    int CLEANUP_CLOSE fd = make_archive(members, 1, ARCHIVE_FILTER_ZSTD);
    assert_int_equal(foreign_open_archive(fd, "test.tar", &foreign, &error), -1);
    assert_non_null(strstr(error.data, "bomb"));
}

/* ---- the second time ---- */

struct taken {
    const char *wanted;
    struct buf text;
};

static int begin(void *arg, const struct foreign_file *file)
{
    const struct taken *taken = arg;

    return strcmp(file->name, taken->wanted) == 0;
}

static int bytes(void *arg, const void *data, size_t len)
{
    struct taken *taken = arg;

    buf_add(&taken->text, data, len);
    return 0;
}

static void foreign_reads_what_is_wanted(void **state)
{
    static const struct member members[] = {
        {.name = "folder", .type = AE_IFDIR},
        {.name = "one", .text = "first"},
        {.name = "link", .symlink = "one"},
        {.name = "two", .text = "second"},
    };
    struct foreign *CLEANUP_FOREIGN foreign = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct taken taken = {"two", BUF_INIT};
    const struct foreign_sink sink = {begin, bytes, &taken};
    int CLEANUP_CLOSE fd = make_archive(members, COUNT(members), ARCHIVE_FILTER_GZIP);
    (void)state;

    assert_int_equal(foreign_open_archive(fd, "test.tar", &foreign, &error), 0);
    assert_int_equal(foreign_read(foreign, &sink, &error), 0);
    assert_string_equal(taken.text.data, "second");
    buf_release(&taken.text);
}

static void foreign_notices_changes(void **state)
{
    static const struct member before[] = {{.name = "one", .text = "first"}};
    static const struct member after[] = {{.name = "one", .text = "longer than before"}};
    struct foreign *CLEANUP_FOREIGN foreign = NULL;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct taken taken = {"one", BUF_INIT};
    const struct foreign_sink sink = {begin, bytes, &taken};
    int CLEANUP_CLOSE fd = make_archive(before, 1, ARCHIVE_FILTER_NONE);
    int CLEANUP_CLOSE other = make_archive(after, 1, ARCHIVE_FILTER_NONE);
    (void)state;

    assert_int_equal(foreign_open_archive(fd, "test.tar", &foreign, &error), 0);
    assert_true(dup2(other, fd) == fd);
    assert_int_equal(foreign_read(foreign, &sink, &error), -1);
    assert_non_null(strstr(error.data, "was changed while it was read"));
    buf_release(&taken.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_finds_files_in_any_compression),
        cmocka_unit_test(foreign_follows_links_inside),
        cmocka_unit_test(foreign_refuses_names_that_lead_out),
        cmocka_unit_test(foreign_refuses_what_is_no_file),
        cmocka_unit_test(foreign_refuses_two_files_of_one_name),
        cmocka_unit_test(foreign_refuses_holes),
        cmocka_unit_test(foreign_refuses_what_is_cut_off),
        cmocka_unit_test(foreign_refuses_bombs),
        cmocka_unit_test(foreign_reads_what_is_wanted),
        cmocka_unit_test(foreign_notices_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
