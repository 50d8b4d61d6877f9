/* images.txt, references, and names on the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/list_case.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define REPOSITORY                                                                                         \
    "expected a repository of at most 255 bytes: words of a-z and 0-9, with . _ __ or - between them and " \
    "\"/\" "                                                                                               \
    "between words, found "

static void read(const char *text, struct wants *wants)
{
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants_init(wants);
    list_case_write("images.txt", text, strlen(text));
    if (list_read("images.txt", LIST_FORMAT_IMAGES, false, wants, &error) < 0)
        fail_msg("%s", error.data);
}

static void check_fault(const char *text, const char *fault)
{
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants_init(&wants);
    list_case_write("images.txt", text, strlen(text));
    assert_int_equal(list_read("images.txt", LIST_FORMAT_IMAGES, false, &wants, &error), -1);
    assert_string_equal(error.data, fault);
}

static void images_lines(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    read("\xef\xbb\xbf# all\r\nnginx\r\n\r\n  redis:7  # cache\nghcr.io/owner/app@sha256:" A64, &wants);
    list_case_images(&wants, "nginx (images.txt:2) | redis:7 (images.txt:4) | ghcr.io/owner/app@sha256:" A64
                             " (images.txt:5)");
}

static void images_references(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    read("localhost:5000/a/b__c:V1.0_x-y\nlocalhost/a\n[::1]:80/a\nmy.app\nREGISTRY.example.com/"
         "a:1@sha512:" A64 A64 "\n",
         &wants);
    assert_int_equal(wants.image_count, 5);
}

static void images_faults(void **state)
{
    (void)state;
    check_fault("ok\n  Nginx:1", "images.txt:2:3: " REPOSITORY "\"Nginx:1\"");
    check_fault(
        "nginx:",
        "images.txt:1:7: expected a tag after \":\", at most 128 of a-z A-Z 0-9 _ . -, found the end");
    check_fault("ghcr.io/", "images.txt:1:9: " REPOSITORY "the end");
    check_fault("nginx@sha256:12",
                "images.txt:1:7: expected a digest after \"@\", \"sha256:\" and 64 hex digits in lower "
                "case, found \"sha256:12\"");
    check_fault("host:port/a",
                "images.txt:1:1: expected a registry, \"HOST\" or \"HOST:PORT\", before the first \"/\", "
                "found \"host:port/a\"");
    check_fault("nginx redis", "images.txt:1:1: " REPOSITORY "\"nginx\"");
    check_fault("https://h/a",
                "images.txt:1:1: expected a registry, \"HOST\" or \"HOST:PORT\", before the first \"/\", "
                "found \"https://h/a\"");
    check_fault("a\n\xff", "images.txt:2:1: expected UTF-8, found the byte 0xff");
}

/* ---- the command line ---- */

static void check_name(const char *name, size_t requirements, size_t images)
{
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants_init(&wants);
    if (list_add_name(name, &wants, &error) < 0)
        fail_msg("%s", error.data);
    assert_int_equal(wants.requirement_count, requirements);
    assert_int_equal(wants.image_count, images);
    assert_string_equal(requirements ? wants.requirements[0].origin : wants.images[0].origin,
                        "the command line");
}

static void names_kinds(void **state)
{
    (void)state;
    check_name("pypi:flask==3.*", 1, 0);
    check_name("flask>=2", 1, 0);
    check_name("docker:nginx:1.27", 0, 1);
    check_name("docker:ghcr.io/a/b", 0, 1);
}

static void check_name_fault(const char *name, const char *fault)
{
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants_init(&wants);
    assert_int_equal(list_add_name(name, &wants, &error), -1);
    assert_string_equal(error.data, fault);
}

static void names_faults(void **state)
{
    (void)state;
    check_name_fault("pypi:flask=3",
                     "\"pypi:flask=3\": column 11: expected one of ~= == != <= >= < > ===, \"@\", \"[\", "
                     "\";\" or the end, found \"=3\"");
    check_name_fault("docker:nginx:",
                     "\"docker:nginx:\": column 14: expected a tag after \":\", at most 128 of a-z A-Z "
                     "0-9 _ . -, found the end");
    check_name_fault(
        "conda:x", "\"conda:x\": column 1: expected \"pypi:\" or \"docker:\" before the name, found another "
                   "kind");
    check_name_fault("a @ https://h/a",
                     "\"a @ https://h/a\": column 1: expected a project of the index, found one with a "
                     "URL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_lines), cmocka_unit_test(images_references), cmocka_unit_test(images_faults),
        cmocka_unit_test(names_kinds),  cmocka_unit_test(names_faults),
    };

    return cmocka_run_group_tests(tests, list_case_setup, list_case_teardown);
}
