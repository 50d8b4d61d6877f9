/* URLs: RFC 3986 section 5.4 and what index pages have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/url.h"

static void check(const char *base, const char *reference, const char *expected)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    int result = url_resolve(base, reference, strlen(reference), &out);

    assert_int_equal(result, expected ? 0 : -1);
    assert_string_equal(out.data, expected ? expected : "");
}

static void url_resolve_rfc3986(void **state)
{
    (void)state;
    /* Sections 5.4.1 and 5.4.2; fragments are dropped, "g:h" is no http URL. */
    static const char *const cases[][2] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g:h", NULL},
        {"http:g", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        check("http://a/b/c/d;p?q", cases[i][0], cases[i][1]);
}

static void url_resolve_index_links(void **state)
{
    (void)state;
    const char *base = "https://mirror.example/pypi/web/simple/foo/";

    check(base, "../../packages/aa/bb/x.whl#sha256=00",
          "https://mirror.example/pypi/web/packages/aa/bb/x.whl");
    check(base, "HTTPS://Files.example:8443/x.whl", "https://Files.example:8443/x.whl");
    check(base, "//cdn.example/x.whl", "https://cdn.example/x.whl");
    check(base, " \n/x.whl\t", "https://mirror.example/x.whl");
    check(base, "a b+c%2B\xc3\xa9.whl", "https://mirror.example/pypi/web/simple/foo/a%20b+c%2B%C3%A9.whl");
    check("https://mirror.example", "x.whl", "https://mirror.example/x.whl");
    check("https://mirror.example?q", "", "https://mirror.example/?q");
    check("http://[::1]:8080/simple/", "x", "http://[::1]:8080/simple/x");
}

static void url_resolve_refuses(void **state)
{
    (void)state;
    const char *base = "https://mirror.example/simple/";

    check(base, "javascript:alert(1)", NULL);
    check(base, "mailto:admin@mirror.example", NULL);
    check(base, "file:///etc/passwd", NULL);
    check(base, "ftp://mirror.example/x", NULL);
    check(base, "https://", NULL);
    check(base, "https:///x", NULL);
    check(base, "https://a b/x", NULL);
    check(base, "https://a:0/", NULL);
    check(base, "https://a:65536/", NULL);
    check(base, "https://a:8o/", NULL);
    check(base,
          "https://us\xff"
          "er@a/",
          NULL);
    check(base, "https://us er@a/", NULL);
    check(base, "https://[::1/", NULL);
    check(base, "https://[::1]x/", NULL);
    check(base, "//", NULL);
    check(base, "x\ny", NULL);
    check("no base", "x", NULL);
}

static void url_resolve_length_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF reference = BUF_INIT;

    for (int i = 0; i < URL_MAX_BYTES; i++)
        buf_add_char(&reference, 'x');
    check("https://a/", reference.data, NULL);
    buf_add_char(&reference, 'x');
    check("https://a/", reference.data, NULL);
}

static void url_split_parts(void **state)
{
    (void)state;
    struct url url;
    const char *text = "http://user:p%40ss@Mirror.example:8080/a/b?c=d#e";

    assert_int_equal(url_split(text, strlen(text), &url), 0);
    assert_false(url.https);
    assert_int_equal(url.port, 8080);
    assert_memory_equal(url.host.text, "Mirror.example", url.host.len);
    assert_int_equal(url.host.len, 14);
    assert_int_equal(url.authority.len, strlen("user:p%40ss@Mirror.example:8080"));
    assert_int_equal(url.path.len, 4);
    assert_memory_equal(url.query.text, "c=d", 3);
    assert_int_equal(url.query.len, 3);

    text = "https://[2001:db8::1]";
    assert_int_equal(url_split(text, strlen(text), &url), 0);
    assert_int_equal(url.port, 443);
    assert_memory_equal(url.host.text, "2001:db8::1", 11);
    assert_int_equal(url.host.len, 11);
    assert_int_equal(url.path.len, 0);
    assert_null(url.query.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_resolve_rfc3986), cmocka_unit_test(url_resolve_index_links),
        cmocka_unit_test(url_resolve_refuses), cmocka_unit_test(url_resolve_length_limit),
        cmocka_unit_test(url_split_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
