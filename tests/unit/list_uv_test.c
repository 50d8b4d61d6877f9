/* uv.lock, and the graph in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/list_case.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define UV "version = 1\nrevision = 2\nrequires-python = \">=3.9\"\n"
#define INDEX_SOURCE "source = { registry = \"https://h/simple\" }"
#define INDEX "source = { registry = \"https://h/simple\" }\n"
/* A locked package, and what it depends on. */
#define PACKAGE(name, version, more) \
    "[[package]]\nname = \"" name "\"\nversion = \"" version "\"\n" INDEX more
#define ROOT(more) "[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\n" more

static void check(const char *text, const char *on_linux, const char *on_windows)
{
    struct wants CLEANUP_WANTS wants;

    list_case_read("uv.lock", text, &wants);
    list_case_select(&wants, &list_case_linux, on_linux);
    list_case_select(&wants, &list_case_windows, on_windows);
}

static void uv_packages(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(
        "uv.lock",
        UV PACKAGE("anyio", "4.3.0",
                   "sdist = { url = \"https://h/anyio-4.3.0.tar.gz\", hash = \"sha256:" A64
                   "\", size = 159 }\n"
                   "wheels = [\n{ url = \"https://h/anyio-4.3.0-py3-none-any.whl\", hash = \"sha256:" A64
                   "\", size = 85 },\n{ path = \"w/anyio-4.3.0-cp39-abi3-win32.whl\" },\n]\n")
            PACKAGE("idna", "3.7", ""),
        &wants);
    list_case_packages(&wants, "anyio 4.3.0 (uv.lock:4) | idna 3.7 (uv.lock:13)");
    const struct list_file *files = wants.packages[0].files;
    assert_int_equal(wants.packages[0].file_count, 3);
    assert_string_equal(files[0].filename, "anyio-4.3.0-py3-none-any.whl");
    assert_int_equal(files[0].size_bytes, 85);
    assert_int_equal(files[0].hash_count, 1);
    assert_string_equal(files[1].filename, "anyio-4.3.0-cp39-abi3-win32.whl");
    assert_int_equal(files[1].hash_count, 0);
    assert_null(files[1].url);
    assert_string_equal(files[2].url, "https://h/anyio-4.3.0.tar.gz");
}

static void uv_reachable(void **state)
{
    (void)state;
    check(UV PACKAGE("a", "1", "dependencies = [{ name = \"c\", marker = \"os_name == 'nt'\" }]\n")
              PACKAGE("b", "1", "") PACKAGE("c", "1", "dependencies = [{ name = \"a\" }]\n")
                  PACKAGE("nobody", "1", "") ROOT("dependencies = [{ name = \"a\" }, { name = \"b\", marker "
                                                  "= \"python_version >= '3.10'\" }]\n"),
          "a 1 b 1", "a 1 c 1");
}

static void uv_extras_and_groups(void **state)
{
    (void)state;
    check(
        UV PACKAGE("a", "1",
                   "dependencies = [{ name = \"b\", extra = [\"So_cks\"], marker = \"os_name == 'nt'\" }]\n")
            PACKAGE(
                "b", "1",
                "[package.optional-dependencies]\nso-cks = [{ name = \"s\" }]\nother = [{ name = \"o\" }]\n")
                PACKAGE("o", "1", "") PACKAGE("s", "1", "") PACKAGE("t", "1", "") PACKAGE("x", "1", "")
                    ROOT("dependencies = [{ name = \"a\" }, { name = \"b\" }]\n"
                         "[package.optional-dependencies]\nall = [{ name = \"x\" }]\n"
                         "[package.dev-dependencies]\ndev = [{ name = \"t\" }]\n"),
        "a 1 b 1 t 1 x 1", "a 1 b 1 s 1 t 1 x 1");
}

static void uv_conflicting_extras(void **state)
{
    (void)state;
    check(UV PACKAGE("torch", "1", "") PACKAGE("torch", "2", "")
              ROOT("dependencies = [\n"
                   "{ name = \"torch\", version = \"1\", " INDEX_SOURCE
                   ", marker = \"extra == 'extra-3-app-cpu'\" },\n"
                   "{ name = \"torch\", version = \"2\", marker = \"extra != 'extra-3-app-cpu' and os_name "
                   "== 'nt'\" }]\n"),
          "torch 1", "torch 1 torch 2");
}

static void uv_forks(void **state)
{
    (void)state;
    /* By version, and without one by the markers of the fork. */
    check(UV PACKAGE("numpy", "1.26", "resolution-markers = [\"python_version < '3.10'\"]\n") PACKAGE(
              "numpy", "2.1", "resolution-markers = [\"python_version >= '3.10'\", \"os_name == 'java'\"]\n")
              ROOT("dependencies = [{ name = \"numpy\" }]\n"),
          "numpy 2.1", "numpy 1.26");
    check(UV PACKAGE("numpy", "1.26", "") PACKAGE("numpy", "2.1", "")
              ROOT("dependencies = [\n{ name = \"numpy\", version = \"1.26\", marker = \"python_version < "
                   "'3.10'\" },\n"
                   "{ name = \"numpy\", version = \"2.1\", marker = \"python_version >= '3.10'\" }]\n"),
          "numpy 2.1", "numpy 1.26");
}

static void uv_same_version_of_two_sources(void **state)
{
    (void)state;
    check(
        UV PACKAGE("torch", "2", "") "[[package]]\nname = \"torch\"\nversion = \"2\"\nsource = { registry = "
                                     "\"https://other/simple\" }\n" ROOT(
                                         "dependencies = [{ name = \"torch\", version = \"2\", source = { "
                                         "registry = \"https://other/simple\" } "
                                         "}]\n"),
        "torch 2", "torch 2");
}

static void uv_version_that_is_not_there(void **state)
{
    (void)state;
    check(UV PACKAGE("a", "1", "") PACKAGE("a", "2", "")
              ROOT("dependencies = [{ name = \"a\", version = \"3\" }]\n"),
          "a 1 a 2", "a 1 a 2");
}

static void uv_script(void **state)
{
    (void)state;
    check("version = 1\n[manifest]\nrequirements = [{ name = \"a\", specifier = \">=1\" }]\n" PACKAGE(
              "a", "1", "") PACKAGE("b", "1", ""),
          "a 1", "a 1");
}

static void uv_without_roots(void **state)
{
    (void)state;
    check("version = 1\n" PACKAGE("a", "1", "") PACKAGE("b", "1", ""), "a 1 b 1", "a 1 b 1");
}

static void uv_members(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(
        "uv.lock",
        UV
        "[manifest]\nmembers = [\"one\", \"two\"]\n"
        "[[package]]\nname = \"one\"\nversion = \"1\"\nsource = { editable = \"one\" }\n"
        "dependencies = [{ name = \"a\" }]\n"
        "[[package]]\nname = \"two\"\nsource = { directory = \"two\" }\ndependencies = [{ name = \"g\" }]\n"
        "[[package]]\nname = \"g\"\nversion = \"1\"\nsource = { git = \"https://u:p@h/r?rev=1#2\" }\n"
        "dependencies = [{ name = \"b\" }]\n" PACKAGE("a", "1", "") PACKAGE("b", "1", ""),
        &wants);
    list_case_select(&wants, &list_case_linux, "a 1 b 1");
    list_case_strings(&wants.notes, "uv.lock:11: skipped two, which comes from directory \"two\", not from "
                                    "an index | uv.lock:15: skipped g, "
                                    "which comes from git \"https://****@h/r?rev=1#2\", not from an index");
}

static void uv_by_url(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read("uv.lock",
                   UV "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { url = \"https://h/a-1.zip\" }\n"
                      "sdist = { hash = \"sha256:" A64 "\" }\n",
                   &wants);
    assert_string_equal(wants.packages[0].files[0].url, "https://h/a-1.zip");
    assert_string_equal(wants.packages[0].files[0].filename, "a-1.zip");
}

static void uv_for_others(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    list_case_read("uv.lock", "version = 1\nrequires-python = \">=3.10\"\n", &wants);
    list_case_select(&wants, &list_case_linux, "");
    assert_int_equal(wants_select(&wants, &list_case_windows, NULL, &error), -1);
    assert_string_equal(error.data,
                        "uv.lock is for Python >=3.10, not for 3.9.1; lock it for that version, too");
}

static void uv_long_chain(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;
    bool applies[20000];

    buf_add_text(&text, UV ROOT("dependencies = [{ name = \"p0\" }]\n"));
    for (int i = 0; i < 20000; i++)
        buf_printf(&text,
                   "[[package]]\nname = \"p%d\"\nversion = \"1\"\n" INDEX
                   "dependencies = [{ name = \"p%d\" }]\n",
                   i, i + 1);
    list_case_read("uv.lock", text.data, &wants);
    assert_int_equal(wants_select(&wants, &list_case_linux, applies, &error), 0);
    assert_true(applies[0] && applies[19999]);
}

static void uv_keep_going(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants_init(&wants);
    LIST_CASE_WRITE("uv.lock", "version = 1\nrequires-python = 'x'\nmanifest = 1\n" PACKAGE(
                                   "a", "1", "sdist = 1\n") PACKAGE("b", "1", ""));
    assert_int_equal(list_read("uv.lock", LIST_FORMAT_BY_NAME, true, &wants, &error), 0);
    list_case_packages(&wants, "b 1 (uv.lock:9)");
    assert_int_equal(wants.faults.count, 3);
}

static void uv_faults(void **state)
{
    (void)state;
    list_case_fault("uv.lock", "version = 2\n", "uv.lock:1:11: expected a uv.lock of version = 1, found 2");
    list_case_fault("uv.lock", "", "uv.lock:1:1: expected a uv.lock of version = 1, found nothing");
    list_case_fault("uv.lock", "version = 1\nrequires-python = '3'",
                    "uv.lock:2:19: expected versions of Python such as \">=3.9\", found \"3\"");
    list_case_fault("uv.lock", UV "[[package]]\nname = 'a'\nsource = {new = 1}",
                    "uv.lock:6:10: expected a source with registry, url, git, path, directory, editable or "
                    "virtual, found "
                    "a table");
    list_case_fault("uv.lock", UV PACKAGE("a", "1", "dependencies = [\n  { name = 1 }]"),
                    "uv.lock:9:12: expected the name of a project as name, found 1");
    list_case_fault(
        "uv.lock", UV PACKAGE("a", "1", "dependencies = [{ name = 'b', marker = 'x' }]"),
        "uv.lock:8:40: in character 1 of this marker: expected a marker variable, such as python_version, or "
        "a quoted string, found \"x\"");
    list_case_fault("uv.lock", UV PACKAGE("a", "1", "dependencies = [{ name = 'b', extra = [1] }]"),
                    "uv.lock:8:40: expected the name of an extra, found 1");
    list_case_fault("uv.lock", UV PACKAGE("a", "1", "wheels = [{ size = 1 }]"),
                    "uv.lock:8:11: expected url, path or filename of a file, found nothing");
    list_case_fault("uv.lock", UV PACKAGE("a", "1", "sdist = { url = 'https://h/a.zip', hash = 'sha256:0' }"),
                    "uv.lock:8:43: expected all hex digits of a hash of that kind, found \"sha256:0\"");
    list_case_fault("uv.lock", UV PACKAGE("a", "1", "[package.optional-dependencies]\nx = 1"),
                    "uv.lock:9:5: expected an array of dependencies, found 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uv_packages),
        cmocka_unit_test(uv_reachable),
        cmocka_unit_test(uv_extras_and_groups),
        cmocka_unit_test(uv_conflicting_extras),
        cmocka_unit_test(uv_forks),
        cmocka_unit_test(uv_same_version_of_two_sources),
        cmocka_unit_test(uv_version_that_is_not_there),
        cmocka_unit_test(uv_script),
        cmocka_unit_test(uv_without_roots),
        cmocka_unit_test(uv_members),
        cmocka_unit_test(uv_by_url),
        cmocka_unit_test(uv_for_others),
        cmocka_unit_test(uv_long_chain),
        cmocka_unit_test(uv_keep_going),
        cmocka_unit_test(uv_faults),
    };

    return cmocka_run_group_tests(tests, list_case_setup, list_case_teardown);
}
