/* pylock.toml (PEP 751), poetry.lock and Pipfile.lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/list_case.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASHES "hashes = {sha256 = \"" A64 "\"}"

static void check_refused(const struct wants *wants, const struct marker_environment *environment,
                          const char *reason)
{
    bool applies[8];
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(wants_select(wants, environment, applies, &error), -1);
    assert_string_equal(error.data, reason);
}

/* ---- pylock.toml ---- */

#define PYLOCK "lock-version = \"1.0\"\ncreated-by = \"test\"\n"

static void pylock_packages(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read("pylock.toml",
                   PYLOCK
                   "[[packages]]\nname = \"Attr.s\"\nversion = \"25.1.0\"\n"
                   "wheels = [{url = \"https://h/p/attrs-25.1.0-py3-none-any.whl?x#y\", size = 63152, " HASHES
                   "},\n"
                   "          {name = \"attrs-25.1.0-cp1-none-any.whl\", path = \"w/x.whl\", " HASHES "}]\n"
                   "[packages.sdist]\nurl = \"https://h/attrs%2D25.1.0.tar.gz\"\n"
                   "[packages.sdist.hashes]\nsha3_256 = \"00\"\nmd5 = \"00000000000000000000000000000000\"\n"
                   "[[packages]]\nname = \"made\"\narchive = {url = \"https://h/made.zip\", " HASHES "}\n",
                   &wants);
    list_case_packages(&wants, "attr-s 25.1.0 (pylock.toml:3) | made - (pylock.toml:13)");
    const struct list_file *files = wants.packages[0].files;
    assert_int_equal(wants.packages[0].file_count, 3);
    assert_string_equal(files[0].filename, "attrs-25.1.0-py3-none-any.whl");
    assert_string_equal(files[0].url, "https://h/p/attrs-25.1.0-py3-none-any.whl?x#y");
    assert_int_equal(files[0].size_bytes, 63152);
    assert_int_equal(files[0].hash_count, 1);
    assert_string_equal(files[1].filename, "attrs-25.1.0-cp1-none-any.whl");
    assert_null(files[1].url);
    assert_int_equal(files[1].size_bytes, -1);
    assert_string_equal(files[2].filename, "attrs-25.1.0.tar.gz");
    assert_int_equal(files[2].hash_count, 1);
    assert_int_equal(files[2].hashes[0].kind, HASH_MD5);
    assert_string_equal(wants.packages[1].files[0].filename, "made.zip");
}

static void pylock_skipped(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(
        "pylock.dev.toml",
        "lock-version = \"1.1\"\n[[packages]]\nname = \"a\"\nvcs = {type = \"git\", url = \"https://h/r\"}\n"
        "[[packages]]\nname = \"b\"\ndirectory = {path = \".\"}\n"
        "[[packages]]\nname = \"c\"\narchive = {path = \"c.zip\", " HASHES "}\n",
        &wants);
    list_case_packages(&wants, "");
    list_case_strings(
        &wants.notes,
        "pylock.dev.toml:1: this file has a newer lock-version than 1.0; what is new in it was not read | "
        "pylock.dev.toml:2: skipped a, which comes from a repository, not from an index | "
        "pylock.dev.toml:5: skipped b, which comes from a directory, not from an index | "
        "pylock.dev.toml:8: skipped c, which comes from an archive on the disk, not from an index");
}

#define PACKAGE(name, more)                                                                                \
    "[[packages]]\nname = \"" name "\"\n" more "\nsdist = {url = \"https://h/" name "-1.tar.gz\", " HASHES \
    "}\n"

static void pylock_markers(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(
        "pylock.toml",
        PYLOCK PACKAGE("all", "") PACKAGE("win", "marker = \"sys_platform == 'win32'\"")
            PACKAGE("docs", "marker = \"'docs' in extras and 'dev' not in dependency_groups\"")
                PACKAGE("old", "marker = \"python_version < '3.10' or 'x' in extras and os_name == 'java'\""),
        &wants);
    list_case_select(&wants, &list_case_linux, "all - docs -");
    list_case_select(&wants, &list_case_windows, "all - win - docs - old -");
}

static void pylock_for_others(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read("pylock.toml",
                   PYLOCK
                   "requires-python = \">=3.10\"\nenvironments = [\"sys_platform == 'linux'\", \"os_name == "
                   "'java'\"]\npackages = []\n",
                   &wants);
    list_case_select(&wants, &list_case_linux, "");
    check_refused(&wants, &list_case_windows,
                  "pylock.toml is for Python >=3.10, not for 3.9.1; lock it for that version, too");
    wants_release(&wants);
    list_case_read("pylock.toml", PYLOCK "environments = [\"sys_platform == 'linux'\"]\npackages = []\n",
                   &wants);
    check_refused(
        &wants, &list_case_windows,
        "pylock.toml is not for this target: none of its environments is 3.9.1 on win32 AMD64; lock it for "
        "that, too");
}

static void pylock_marker_without_meaning(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read("pylock.toml", PYLOCK PACKAGE("a", "marker = \"os_name ~= 'posix'\""), &wants);
    check_refused(&wants, &list_case_linux,
                  "pylock.toml: the marker os_name ~= \"posix\" has no answer: \"~=\" is for versions, and "
                  "\"posix\" and "
                  "\"posix\" are not both such");
}

static void pylock_faults(void **state)
{
    (void)state;
    list_case_fault("pylock.toml", "a = [1,\n  x]",
                    "pylock.toml:2:3: expected a value: a string in quotes, a number, true, false, a date, "
                    "\"[\" or \"{\", found \"x]\"");
    list_case_fault("pylock.toml", "", "pylock.toml:1:1: expected lock-version = \"1.0\", found nothing");
    list_case_fault("pylock.toml", "\nlock-version = \"2.0\"",
                    "pylock.toml:2:16: expected lock-version = \"1.0\", found \"2.0\"");
    list_case_fault("pylock.toml", PYLOCK, "pylock.toml:1:1: expected an array as packages, found nothing");
    list_case_fault("pylock.toml", PYLOCK "packages = 1",
                    "pylock.toml:3:12: expected an array as packages, found 1");
    list_case_fault("pylock.toml", PYLOCK "packages = [\n 1]",
                    "pylock.toml:4:2: expected a table in this array, found 1");
    list_case_fault("pylock.toml", PYLOCK "[[packages]]\n",
                    "pylock.toml:3:1: expected the name of a project as name, found nothing");
    list_case_fault("pylock.toml", PYLOCK "[[packages]]\nname = '-'",
                    "pylock.toml:4:8: expected the name of a project as name, found \"-\"");
    list_case_fault("pylock.toml", PYLOCK "[[packages]]\nname = 'a'\nversion = 'x y'",
                    "pylock.toml:5:11: expected a version of PEP 440, found \"x y\"");
    list_case_fault("pylock.toml", PYLOCK "[[packages]]\nname = 'a'\nmarker = \"python_version < \"",
                    "pylock.toml:5:10: in character 18 of this marker: expected a marker variable, such as "
                    "python_version, or a quoted string, found the end");
    list_case_fault("pylock.toml", PYLOCK "[[packages]]\nname = 'a'\nmarker = true",
                    "pylock.toml:3:1: expected a marker as a string, found true or false");
    list_case_fault(
        "pylock.toml", PYLOCK "[[packages]]\nname = 'a'\n",
        "pylock.toml:3:1: expected wheels, sdist, archive, vcs or directory of a package, found nothing");
}

static void pylock_file_faults(void **state)
{
    (void)state;
#define WITH(sdist) PYLOCK "[[packages]]\nname = 'a'\nsdist = " sdist
    list_case_fault("pylock.toml", WITH("[]"), "pylock.toml:5:9: expected a table as sdist, found an array");
    list_case_fault("pylock.toml", WITH("{}"),
                    "pylock.toml:5:9: expected url or path of a file, found nothing");
    list_case_fault(
        "pylock.toml", WITH("{url = 'https://h/'}"),
        "pylock.toml:5:9: expected the name of a file after the last \"/\" of its URL or path, found none");
    list_case_fault(
        "pylock.toml", WITH("{url = 'https://h/a%2Fb'}"),
        "pylock.toml:5:9: expected the name of a file after the last \"/\" of its URL or path, found none");
    list_case_fault("pylock.toml", WITH("{path = 'a.zip'}"),
                    "pylock.toml:5:9: expected a table of at least one hash as hashes, found nothing");
    list_case_fault("pylock.toml", WITH("{path = 'a.zip', hashes = {sha256 = '12'}}"),
                    "pylock.toml:5:45: expected all hex digits of a sha256, found \"12\"");
    list_case_fault("pylock.toml", WITH("{path = 'a.zip', size = -1}"),
                    "pylock.toml:5:33: expected a number of bytes as size, found -1");
}

static void pylock_keep_going(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;
    static const char text[] = PYLOCK PACKAGE("a", "") "[[packages]]\nname = 'b'\n" PACKAGE("c", "");

    wants_init(&wants);
    LIST_CASE_WRITE("pylock.toml", text);
    assert_int_equal(list_read("pylock.toml", LIST_FORMAT_BY_NAME, true, &wants, &error), 0);
    list_case_packages(&wants, "a - (pylock.toml:3) | c - (pylock.toml:9)");
    assert_int_equal(wants.faults.count, 1);
    list_case_select(&wants, &list_case_linux, "a - c -");
}

static void pylock_deep(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add_text(&text, "a = ");
    for (int i = 0; i < 100000; i++)
        buf_add_char(&text, '[');
    list_case_fault("pylock.toml", text.data, "pylock.toml:1:69: nests deeper than 64 levels");
}

/* ---- poetry.lock ---- */

#define POETRY(version) "[metadata]\nlock-version = \"" version "\"\npython-versions = \"^3.8\"\n"
#define FILES(name) "files = [{file = \"" name "-1.0-py3-none-any.whl\", hash = \"sha256:" A64 "\"}]\n"

static void poetry_new(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(
        "poetry.lock",
        "[[package]]\nname = \"a\"\nversion = \"1.0\"\n" FILES(
            "a") "groups = [\"main\"]\npython-versions = \"^3.8\"\n"
                 "[[package]]\nname = \"b\"\nversion = \"1.0\"\n" FILES(
                     "b") "markers = \"sys_platform == \\\"win32\\\" or extra == \\\"x\\\" and os_name == "
                          "'nt'\"\n"
                          "[[package]]\nname = \"c\"\nversion = \"1.0\"\ngroups = [\"main\", "
                          "\"dev\"]\n" FILES(
                              "c") "markers = {main = \"os_name == 'nt'\", dev = \"os_name == 'java'\"}\n"
                                   "[[package]]\nname = \"d\"\nversion = \"1.0\"\ngroups = [\"main\", "
                                   "\"dev\"]\n" FILES(
                                       "d") "markers = {main = \"os_name == 'java'\"}\n" POETRY("2.1"),
        &wants);
    list_case_select(&wants, &list_case_linux, "a 1.0 d 1.0");
    list_case_select(&wants, &list_case_windows, "a 1.0 b 1.0 c 1.0 d 1.0");
    assert_string_equal(wants.packages[0].files[0].filename, "a-1.0-py3-none-any.whl");
    assert_int_equal(wants.packages[0].files[0].hashes[0].kind, HASH_SHA256);
    assert_int_equal(wants.packages[0].files[0].size_bytes, -1);
}

static void poetry_old(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(
        "poetry.lock",
        "[[package]]\nname = \"a\"\nversion = \"1.0\"\noptional = true\npython-versions = \">=3.10\"\n"
        "[[package]]\nname = \"a\"\nversion = \"0.9\"\npython-versions = \"*\"\n"
        "[package.dependencies]\nb = {version = \"*\", markers = \"os_name == 'java'\"}\n"
        "[[package]]\nname = \"b\"\nversion = \"2\"\npython-versions = \">=2.7, !=3.0.*\"\n" POETRY(
            "1.1") "[metadata.files]\na = [\n{file = \"a-1.0.tar.gz\", hash = \"sha256:" A64 "\"},\n"
                   "{file = \"a-0.9-py3-none-any.whl\", hash = \"sha256:" A64 "\"}]\nb = []\n",
        &wants);
    /* Who wants b is not known, so it may be the project. */
    list_case_select(&wants, &list_case_linux, "a 1.0 a 0.9 b 2");
    list_case_select(&wants, &list_case_windows, "a 0.9 b 2");
    assert_int_equal(wants.packages[0].file_count, 1);
    assert_string_equal(wants.packages[0].files[0].filename, "a-1.0.tar.gz");
    assert_int_equal(wants.packages[1].file_count, 1);
    assert_string_equal(wants.packages[1].files[0].filename, "a-0.9-py3-none-any.whl");
}

static void poetry_sources(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(
        "poetry.lock",
        "[[package]]\nname = \"a\"\nversion = \"1.0\"\n" FILES(
            "a") "[package.source]\ntype = \"legacy\"\nurl = \"https://h/simple\"\nreference = \"x\"\n"
                 "[[package]]\nname = \"b\"\nversion = \"1.0\"\nfiles = []\n[package.source]\ntype = "
                 "\"git\"\n"
                 "[[package]]\nname = \"c\"\nversion = \"1.0\"\n" FILES(
                     "c") "[package.source]\ntype = \"url\"\nurl = \"https://h/c.whl\"\n" POETRY("2.0"),
        &wants);
    list_case_packages(&wants, "a 1.0 (poetry.lock:1) | c 1.0 (poetry.lock:15)");
    assert_null(wants.packages[0].files[0].url);
    assert_string_equal(wants.packages[1].files[0].url, "https://h/c.whl");
    list_case_strings(
        &wants.notes,
        "poetry.lock:9: skipped b, which comes from a source of type \"git\", not from an index");
}

static void poetry_faults(void **state)
{
    (void)state;
    list_case_fault("poetry.lock", "",
                    "poetry.lock:1:1: expected a table [metadata], as poetry.lock has it, found "
                    "nothing");
    list_case_fault("poetry.lock", "[metadata]\nlock-version = \"3.0\"",
                    "poetry.lock:2:16: expected a lock-version of 1 or 2, found \"3.0\"");
    list_case_fault("poetry.lock", "[[package]]\nname = 'a'\n" POETRY("2.1"),
                    "poetry.lock:1:1: expected a version of PEP 440, found nothing");
    list_case_fault(
        "poetry.lock",
        "[[package]]\nname = 'a'\nversion = '1'\nfiles = [{file = 'a', hash = 'x'}]\n" POETRY("2.1"),
        "poetry.lock:4:30: expected a hash such as \"sha256:\" and its hex digits, found \"x\"");
    list_case_fault("poetry.lock",
                    "[[package]]\nname = 'a'\nversion = '1'\nfiles = [{hash = 'x'}]\n" POETRY("2.1"),
                    "poetry.lock:4:10: expected the name of a file as file, found nothing");
    list_case_fault("poetry.lock",
                    "[[package]]\nname = 'a'\nversion = '1'\nmarkers = {main = 'x'}\n" POETRY("2.1"),
                    "poetry.lock:4:19: in character 1 of this marker: expected a marker variable, such as "
                    "python_version, or a quoted string, found \"x\"");
}

/* ---- Pipfile.lock ---- */

static void pipfile_packages(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read("Pipfile.lock",
                   "{\"_meta\": {\"pipfile-spec\": 6}, \"default\": {"
                   "\"Flask_X\": {\"hashes\": [\"sha256:" A64 "\", \"sha3_256:00\"], \"version\": \"==2.0\"},"
                   "\"win\": {\"markers\": \"sys_platform == 'win32'\", \"version\": \"==1\"},"
                   "\"here\": {\"path\": \".\", \"editable\": true},"
                   "\"repo\": {\"git\": \"https://h/r\", \"ref\": \"0\"}},"
                   "\"develop\": {\"pytest\": {\"version\": \"===8\"}}, \"docs\": {\"sphinx\": {\"version\": "
                   "\"== 7\"}}}",
                   &wants);
    list_case_packages(
        &wants, "flask-x 2.0 (Pipfile.lock) | win 1 (Pipfile.lock) | pytest 8 (Pipfile.lock) | sphinx 7 "
                "(Pipfile.lock)");
    assert_int_equal(wants.packages[0].hash_count, 1);
    assert_int_equal(wants.packages[0].hashes[0].kind, HASH_SHA256);
    assert_int_equal(wants.packages[0].file_count, 0);
    list_case_strings(&wants.notes,
                      "Pipfile.lock: skipped default.here, which comes from \"path\", not from an index | "
                      "Pipfile.lock: skipped default.repo, which comes from \"git\", not from an index");
    list_case_select(&wants, &list_case_linux, "flask-x 2.0 pytest 8 sphinx 7");
    list_case_select(&wants, &list_case_windows, "flask-x 2.0 win 1 pytest 8 sphinx 7");
}

static void pipfile_hostile_category(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read("Pipfile.lock", "{\"default\": {}, \"\\u001b[2J\": {\"here\": {\"path\": \".\"}}}",
                   &wants);
    list_case_strings(&wants.notes,
                      "Pipfile.lock: skipped ?[2J.here, which comes from \"path\", not from an index");
}

static void pipfile_json_faults(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF deep = BUF_INIT;

    list_case_fault("Pipfile.lock", "{\n  \"a\": x}",
                    "Pipfile.lock:2:8: expected JSON, found an error: invalid token");
    list_case_fault("Pipfile.lock", "[]",
                    "Pipfile.lock:1:1: expected an object with \"default\", as Pipfile.lock has it, "
                    "found none");
    list_case_fault("Pipfile.lock", "{\"a\": 1,\n \"a\": 2}",
                    "Pipfile.lock:2:4: expected JSON, found an error: duplicate object key");
    for (int i = 0; i < 1000; i++)
        buf_add_char(&deep, '[');
    list_case_fault(
        "Pipfile.lock", deep.data,
        "Pipfile.lock:1:1: expected a Pipfile.lock of a usual size, found one that nests deeper than 64 "
        "levels");
}

static void pipfile_value_faults(void **state)
{
    (void)state;
#define DEFAULT(text) "{\"default\": {" text "}}"
    list_case_fault("Pipfile.lock", DEFAULT("\"-\": {}"),
                    "Pipfile.lock: default.-: expected the name of a project, found something else");
    list_case_fault("Pipfile.lock", DEFAULT("\"a\": 1"),
                    "Pipfile.lock: default.a: expected an object, found something else");
    list_case_fault("Pipfile.lock", DEFAULT("\"a\": {}"),
                    "Pipfile.lock: default.a.version: expected a string such as \"==1.0\", found none");
    list_case_fault(
        "Pipfile.lock", DEFAULT("\"a\": {\"version\": \"*\"}"),
        "Pipfile.lock: default.a.version: expected \"==\" and a version of PEP 440, found something else");
    list_case_fault(
        "Pipfile.lock", DEFAULT("\"a\": {\"version\": \"==1\", \"hashes\": [\"sha256:1\"]}"),
        "Pipfile.lock: default.a.hashes: expected all hex digits of each hash, found another number of them");
    list_case_fault(
        "Pipfile.lock", DEFAULT("\"a\": {\"version\": \"==1\", \"hashes\": [1]}"),
        "Pipfile.lock: default.a.hashes: expected strings of a kind, \":\" and hex digits, found something "
        "else");
    list_case_fault(
        "Pipfile.lock", DEFAULT("\"a\": {\"version\": \"==1\", \"markers\": \"x\"}"),
        "Pipfile.lock: default.a.markers: column 1: expected a marker variable, such as python_version, or a "
        "quoted string, found \"x\"");
    list_case_fault("Pipfile.lock", "{\"default\": {}, \"develop\": 1}",
                    "Pipfile.lock: develop: expected an object of packages, found something else");
}

static void locks_several(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    list_case_read("pylock.toml", PYLOCK PACKAGE("a", ""), &wants);
    LIST_CASE_WRITE("Pipfile.lock", DEFAULT("\"b\": {\"version\": \"==1\"}"));
    assert_int_equal(list_read("Pipfile.lock", LIST_FORMAT_BY_NAME, false, &wants, &error), 0);
    assert_int_equal(wants.packages[0].lock, 0);
    assert_int_equal(wants.packages[1].lock, 1);
    list_case_select(&wants, &list_case_linux, "a - b 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pylock_packages),
        cmocka_unit_test(pylock_skipped),
        cmocka_unit_test(pylock_markers),
        cmocka_unit_test(pylock_for_others),
        cmocka_unit_test(pylock_marker_without_meaning),
        cmocka_unit_test(pylock_faults),
        cmocka_unit_test(pylock_file_faults),
        cmocka_unit_test(pylock_keep_going),
        cmocka_unit_test(pylock_deep),
        cmocka_unit_test(poetry_new),
        cmocka_unit_test(poetry_old),
        cmocka_unit_test(poetry_sources),
        cmocka_unit_test(poetry_faults),
        cmocka_unit_test(pipfile_packages),
        cmocka_unit_test(pipfile_hostile_category),
        cmocka_unit_test(pipfile_json_faults),
        cmocka_unit_test(pipfile_value_faults),
        cmocka_unit_test(locks_several),
    };

    return cmocka_run_group_tests(tests, list_case_setup, list_case_teardown);
}
