/* requirements.txt. What pip itself says of thousands of such files is asked in tests/feature/test_lists.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/support/list_case.h"

#define NAME "requirements.txt"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void print(const struct list_requirement *items, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_add_text(out, i ? " | " : "");
        requirement_print(&items[i].requirement, out);
        buf_printf(out, " (%s)", items[i].origin);
    }
}

static void check_wants(const struct wants *wants, const char *requirements, const char *constraints)
{
    struct buf CLEANUP_BUF found = BUF_INIT;
    struct buf CLEANUP_BUF bounds = BUF_INIT;

    print(wants->requirements, wants->requirement_count, &found);
    print(wants->constraints, wants->constraint_count, &bounds);
    assert_string_equal(found.data, requirements);
    assert_string_equal(bounds.data, constraints);
}

static void check(const char *text, const char *requirements)
{
    struct wants CLEANUP_WANTS wants;

    list_case_read(NAME, text, &wants);
    check_wants(&wants, requirements, "");
}

static void check_notes(const char *text, const char *notes)
{
    struct wants CLEANUP_WANTS wants;

    list_case_read(NAME, text, &wants);
    assert_int_equal(wants.requirement_count, 0);
    list_case_strings(&wants.notes, notes);
}

static void requirements_lines(void **state)
{
    (void)state;
    check("flask\nidna>=3\n", "flask (requirements.txt:1) | idna>=3 (requirements.txt:2)");
    check("flask", "flask (requirements.txt:1)");
    check("\r\nflask\r\nidna\r\n", "flask (requirements.txt:2) | idna (requirements.txt:3)");
    check("a[x, Y] (>=1) ; python_version < '3'", "a[x,y]>=1 ; python_version < \"3\" (requirements.txt:1)");
    check("", "");
}

static void requirements_comments(void **state)
{
    (void)state;
    check("# all\nflask # this\n  #idna\nidna\t#x", "flask (requirements.txt:2) | idna (requirements.txt:4)");
    /* An ideographic space is whitespace, too. */
    check("flask\xe3\x80\x80# \xe6\xb3\xa8\xe9\x87\x8a\n", "flask (requirements.txt:1)");
    check("flask; os_name == 'a#b'", "flask ; os_name == \"a#b\" (requirements.txt:1)");
}

static void requirements_continued(void **state)
{
    (void)state;
    check("flask \\\n  >=1, \\\n  <3\nidna", "flask>=1,<3 (requirements.txt:1) | idna (requirements.txt:4)");
    check("flask\\\n# comment\\\nidna", "flask (requirements.txt:1) | idna (requirements.txt:3)");
    check("flask\\", "flask (requirements.txt:1)");
}

static void requirements_hashes(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;
    char hex[2 * HASH_MAX_BYTES + 1];

    list_case_read(NAME,
                   "a==1 \\\n  --hash=sha256:" A64 " \\\n  --hash sha384:" B64
                   "cccccccccccccccccccccccccccccccc\nb==2\n",
                   &wants);
    check_wants(&wants, "a==1 (requirements.txt:1) | b==2 (requirements.txt:4)", "");
    assert_true(wants.require_hashes);
    assert_int_equal(wants.requirements[0].hash_count, 2);
    assert_int_equal(wants.requirements[1].hash_count, 0);
    assert_int_equal(wants.requirements[0].hashes[0].kind, HASH_SHA256);
    checksum_hex(&wants.requirements[0].hashes[0], hex);
    assert_string_equal(hex, A64);
    assert_int_equal(wants.requirements[0].hashes[1].kind, HASH_SHA384);
}

static void requirements_include(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    assert_int_equal(mkdir("sub", 0700), 0);
    LIST_CASE_WRITE("sub/inner.txt", "idna\n-c bounds.txt\n--requirement ../last.txt");
    LIST_CASE_WRITE("sub/bounds.txt", "werkzeug<3\n-r more.txt");
    LIST_CASE_WRITE("sub/more.txt", "more");
    LIST_CASE_WRITE("last.txt", "last");
    list_case_read(NAME, "-rsub/inner.txt\nflask", &wants);
    check_wants(&wants,
                "idna (sub/inner.txt:1) | more (sub/more.txt:1) | last (sub/../last.txt:1) | flask "
                "(requirements.txt:2)",
                "werkzeug<3 (sub/bounds.txt:1)");
}

static void requirements_include_once(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    assert_true(mkdir("loop", 0700) == 0);
    LIST_CASE_WRITE("loop/other.txt", "other\n-r ../loop/other.txt\n-r ../requirements.txt\n-c other.txt");
    list_case_read(NAME, "-r loop/other.txt\n-r ./loop/../loop/other.txt\nflask", &wants);
    check_wants(&wants, "other (loop/other.txt:1) | flask (requirements.txt:3)", "other (loop/other.txt:1)");
}

static void requirements_include_depth(void **state)
{
    (void)state;
    char name[32];
    char text[64];

    for (int i = 1; i < 20; i++) {
        snprintf(name, sizeof(name), "deep%d.txt", i);
        snprintf(text, sizeof(text), "-r deep%d.txt", i + 1);
        list_case_write(name, text, strlen(text));
    }
    list_case_fault(NAME, "-r deep1.txt",
                    "deep15.txt:1:1: expected lists nested at most 16 deep, and at most 1000 of them, "
                    "found more");
}

static void requirements_include_count(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;
    char name[32];

    for (int i = 1; i <= 1000; i++) {
        snprintf(name, sizeof(name), "many%d.txt", i);
        list_case_write(name, "", 0);
        buf_printf(&text, "-r %s\n", name);
    }
    list_case_fault(NAME, text.data,
                    "requirements.txt:1000:1: expected lists nested at most 16 deep, and at most 1000 of "
                    "them, found more");
}

static void requirements_include_faults(void **state)
{
    (void)state;
    list_case_fault(
        NAME, "flask\n  -r gone.txt",
        "requirements.txt:2:3: expected a file that can be read, found \"gone.txt\": No such file or "
        "directory");
    list_case_fault(
        NAME, "-r /dev/zero",
        "requirements.txt:1:1: expected a file that can be read, found \"/dev/zero\": not a regular file");
    list_case_fault(NAME, "-c https://h/c.txt",
                    "requirements.txt:1:1: expected the path of a file, found a URL; fetch that list first");
    LIST_CASE_WRITE("bad.txt", "\nflask >== 1");
    list_case_fault(NAME, "-r bad.txt", "bad.txt:2:9: expected a version after \">=\", found \"=\"");
}

static void requirements_options(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(NAME, "--pre\n--only-binary numpy,Sci_Py\n--no-bin=numpy\n--require-hashes\n", &wants);
    assert_true(wants.prereleases);
    assert_true(wants.require_hashes);
    list_case_strings(&wants.only_binary, "sci-py");
    list_case_strings(&wants.no_binary, "numpy");
    assert_int_equal(wants.notes.count, 0);
}

static void requirements_formats(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(NAME, "--no-binary a,b\n--only-binary=:all:,c\nd --no-binary :none:,e\n", &wants);
    list_case_strings(&wants.only_binary, ":all:");
    list_case_strings(&wants.no_binary, "e");
}

static void requirements_ignored_options(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;

    list_case_read(NAME,
                   "-i https://user:secret@h/simple --extra-index-url=x\n-f wheels "
                   "stray\n--prefer-binary\nflask --pre\n",
                   &wants);
    check_wants(&wants, "flask (requirements.txt:4)", "");
    assert_false(wants.prereleases);
    list_case_strings(
        &wants.notes,
        "requirements.txt:1: ignored --index-url: files come from the upstreams in mirror.conf | "
        "requirements.txt:1: ignored --extra-index-url: files come from the upstreams in mirror.conf | "
        "requirements.txt:2: ignored \"stray\" after the options, as pip does | "
        "requirements.txt:2: ignored --find-links: files come from the upstreams in mirror.conf | "
        "requirements.txt:3: ignored --prefer-binary: it has no meaning here | "
        "requirements.txt:4: ignored --pre: it has no effect beside a requirement");
}

static void requirements_skipped(void **state)
{
    (void)state;
    assert_true(mkdir("project", 0700) == 0);
    check_notes("-e ./project",
                "requirements.txt:1: skipped the editable \"./project\", which does not come from an index");
    check_notes("git+https://u:p@h/r.git@v1#egg=x",
                "requirements.txt:1: skipped the URL \"git+https://****@h/r.git@v1#egg=x\", which does not "
                "come from an index");
    check_notes("https://h/x-1-py3-none-any.whl",
                "requirements.txt:1: skipped the URL \"https://h/x-1-py3-none-any.whl\", which does not come "
                "from an index");
    check_notes("x @ https://h/x.zip", "requirements.txt:1: skipped the requirement by URL \"x @ "
                                       "https://h/x.zip\", which does not come from an index");
    check_notes("./x[a] ; os_name == 'nt'", "requirements.txt:1: skipped the path \"./x[a] ; os_name == "
                                            "'nt'\", which does not come from an index");
    check_notes("x-1.0.tar.gz",
                "requirements.txt:1: skipped the path \"x-1.0.tar.gz\", which does not come from an index");
    check_notes("../requirements/project/..\n",
                "requirements.txt:1: skipped the path \"../requirements/project/..\", "
                "which does not come from an index");
}

static void requirements_variables(void **state)
{
    (void)state;
    assert_int_equal(setenv("LIST_VERSION", "1.5", 1), 0);
    unsetenv("LIST_UNSET");
    check("flask==${LIST_VERSION}", "flask==1.5 (requirements.txt:1)");
    list_case_fault(NAME, "flask==${LIST_UNSET}",
                    "requirements.txt:1:8: expected a version after \"==\", found \"${LIST_UNSET}\"");
    list_case_fault(NAME, "flask==${LIST_VERSION} x",
                    "requirements.txt:1:24: expected \",\", \";\" or the end after a specifier, found \"x\"");
}

static void requirements_encodings(void **state)
{
    (void)state;
    static const char wide[] = "\xff\xfe"
                               "f\0l\0a\0s\0k\0\r\0\n\0";
    static const char gbk[] = "# -*- coding: gbk -*-\nflask # \xd7\xa2\n";
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    check("\xef\xbb\xbf"
          "flask",
          "flask (requirements.txt:1)");
    check(gbk, "flask (requirements.txt:2)");
    LIST_CASE_WRITE(NAME, wide);
    wants_init(&wants);
    assert_int_equal(list_read(NAME, LIST_FORMAT_BY_NAME, false, &wants, &error), 0);
    check_wants(&wants, "flask (requirements.txt:1)", "");
    list_case_fault(
        NAME, "# coding=nonesuch\nflask",
        "requirements.txt:1:1: expected text in the encoding that is named here, \"nonesuch\", found none");
    list_case_fault(NAME, "ok\n\xe6\xb3\xa8 \xff",
                    "requirements.txt:2:3: expected UTF-8, found the byte 0xff");
}

static void requirements_faults(void **state)
{
    (void)state;
    list_case_fault(NAME, "ok\n  flask=1",
                    "requirements.txt:2:8: expected one of ~= == != <= >= < > ===, \"@\", \"[\", "
                    "\";\" or the end, found \"=1\"");
    list_case_fault(NAME, "flask ; python_versio",
                    "requirements.txt:1:9: expected a marker variable, such as "
                    "python_version, or a quoted string, found \"python_versio\"");
    list_case_fault(NAME, "a/b==1",
                    "requirements.txt:1:2: expected one of ~= == != <= >= < > ===, \"@\", \"[\", \";\" or "
                    "the end, found \"/b==1\"");
    list_case_fault_n(NAME, "ok\nfl\0ask", 9, "requirements.txt:2:3: expected text, found the byte 0x00");
}

static void requirements_continued_faults(void **state)
{
    (void)state;
    list_case_fault(NAME, "flask \\\n   >=1, \\\n  <x",
                    "requirements.txt:3:4: expected a version after \"<\", found \"x\"");
    list_case_fault(
        NAME, "ok\nflask==1 \\\n    --hash=md5:0 \\\n    --hash=sha256:" A64,
        "requirements.txt:3:5: expected sha256:, sha384: or sha512: and hex digits after --hash, found "
        "\"md5:0\"");
}

static void requirements_option_faults(void **state)
{
    (void)state;
    list_case_fault(NAME, "--nonesuch",
                    "requirements.txt:1:1: expected an option that pip knows, found \"--nonesuch\"");
    list_case_fault(NAME, "flask -z",
                    "requirements.txt:1:7: expected an option that pip knows, found \"-z\"");
    list_case_fault(
        NAME, "--no x",
        "requirements.txt:1:1: expected more letters of an option, since several begin like this, "
        "found \"--no\"");
    list_case_fault(NAME, "--pre=1", "requirements.txt:1:1: expected no value after --pre, found one");
    list_case_fault(NAME, "--pre -r",
                    "requirements.txt:1:7: expected a value after --requirement, found the end of the line");
    list_case_fault(NAME, "-r 'x",
                    "requirements.txt:1:4: expected a closing ' after this one, found the end of the "
                    "line");
    list_case_fault(NAME, "a --hash=sha256:12",
                    "requirements.txt:1:3: expected all hex digits of a sha256, found 2 characters");
    list_case_fault(NAME, "--only-binary --pre",
                    "requirements.txt:1:1: expected projects after --only-binary, found an "
                    "option");
}

static void requirements_keep_going(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants_init(&wants);
    LIST_CASE_WRITE(NAME, "a\n=b\nc\n-q\nd");
    assert_int_equal(list_read(NAME, LIST_FORMAT_BY_NAME, true, &wants, &error), 0);
    check_wants(&wants, "a (requirements.txt:1) | c (requirements.txt:3) | d (requirements.txt:5)", "");
    assert_int_equal(wants.faults.count, 2);
    assert_int_equal(error.len, 0);
}

static void requirements_too_many_faults(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct wants CLEANUP_WANTS wants;

    for (int i = 0; i < 2000; i++)
        buf_add_text(&text, "-q\n");
    wants_init(&wants);
    list_case_write(NAME, text.data, text.len);
    assert_int_equal(list_read(NAME, LIST_FORMAT_BY_NAME, true, &wants, &error), -1);
    assert_string_equal(error.data, "requirements.txt:1001:1: expected an option that pip knows, found "
                                    "\"-q\"; reading ends here, since there are too many faults");
}

static void requirements_long_line(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add_text(&text, "ok\n");
    for (int i = 0; i < 300000; i++)
        buf_add_text(&text, "x\\\ny");
    buf_reserve(&text, 1100000);
    while (text.len < 2100000)
        buf_add_char(&text, 'z');
    list_case_fault(NAME, text.data,
                    "requirements.txt:2:1: expected a line of at most 1048576 bytes, found more");
}

static void requirements_unreadable(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants_init(&wants);
    assert_int_equal(list_read("none\x1b.txt", LIST_FORMAT_REQUIREMENTS, true, &wants, &error), -1);
    assert_string_equal(error.data, "none?.txt: cannot read this list: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requirements_lines),
        cmocka_unit_test(requirements_comments),
        cmocka_unit_test(requirements_continued),
        cmocka_unit_test(requirements_hashes),
        cmocka_unit_test(requirements_include),
        cmocka_unit_test(requirements_include_once),
        cmocka_unit_test(requirements_include_depth),
        cmocka_unit_test(requirements_include_count),
        cmocka_unit_test(requirements_include_faults),
        cmocka_unit_test(requirements_options),
        cmocka_unit_test(requirements_formats),
        cmocka_unit_test(requirements_ignored_options),
        cmocka_unit_test(requirements_skipped),
        cmocka_unit_test(requirements_variables),
        cmocka_unit_test(requirements_encodings),
        cmocka_unit_test(requirements_faults),
        cmocka_unit_test(requirements_continued_faults),
        cmocka_unit_test(requirements_option_faults),
        cmocka_unit_test(requirements_keep_going),
        cmocka_unit_test(requirements_too_many_faults),
        cmocka_unit_test(requirements_long_line),
        cmocka_unit_test(requirements_unreadable),
    };

    return cmocka_run_group_tests(tests, list_case_setup, list_case_teardown);
}
