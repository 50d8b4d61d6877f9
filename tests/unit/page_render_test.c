/* What clients get to read of a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/python/page.h"
#include "formats/python/page_list.h"
#include "formats/python/page_render.h"

#define BASE "https://mirror.example/simple/foo/"
#define HEX60 "b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f"
#define OFFICIAL "/packages/0a/1b/" HEX60 "/"
#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER256 "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MD5 "00112233445566778899aabbccddeeff"
#define WHEEL "foo-1-py3-none-any.whl"

static struct page *parse(const char *body)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct page *page = NULL;

    if (page_parse(body, strlen(body), NULL, BASE, "foo", &page, &error) < 0)
        fail_msg("%s", error.data);
    return page;
}

static void check_json(const char *source, const struct known_file *known, size_t count, const char *expected)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct page *page = parse(source);

    page_render_json(page, "foo", known, count, &out);
    page_free(page);
    assert_string_equal(out.data, expected);
}

/* `expected` is the part between <head> and the title, and all of the body behind the heading. */
static void check_html(const char *source, const struct known_file *known, size_t count, const char *metas,
                       const char *links)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF expected = BUF_INIT;
    struct page *page = parse(source);

    page_render_html(page, "foo", known, count, &out);
    page_free(page);
    buf_printf(
        &expected,
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n%s<title>Links for foo</title>\n</head>\n"
        "<body>\n<h1>Links for foo</h1>\n%s</body>\n</html>\n",
        metas, links);
    assert_string_equal(out.data, expected.data);
}

static const char everything[] =
    "{\"meta\":{\"api-version\":\"1.4\",\"_last-serial\":9,\"tracks\":[\"https://up.example/foo/\"]},"
    "\"name\":\"Foo\",\"project-status\":{\"status\":\"archived\",\"reason\":\"done & <gone>\"},"
    "\"alternate-locations\":[\"https://a.example/foo/\"],\"versions\":[\"1\"],"
    "\"files\":[{\"filename\":\"" WHEEL "\",\"url\":\"https://files.example" OFFICIAL WHEEL
    "\",\"hashes\":{\"sha256\":\"" SHA256 "\",\"md5\":\"" MD5 "\"},\"size\":12,"
    "\"upload-time\":\"2024-02-29T01:02:03Z\",\"requires-python\":\">=3.8\",\"yanked\":\"a \\\"b\\\"\","
    "\"core-metadata\":{\"sha256\":\"" OTHER256
    "\"},\"provenance\":\"https://p.example/?a=1&b=2\",\"gpg-sig\":false}]}";

static const char bare[] = "{\"files\":[{\"filename\":\"" WHEEL "\",\"url\":\"" OFFICIAL WHEEL "\"}]}";

static struct known_file known_wheel(void)
{
    struct known_file known = {
        .path = OFFICIAL WHEEL, .has_sha256 = true, .size_bytes = 7, .has_metadata = true};

    assert_int_equal(digest_parse(OTHER256, 64, &known.sha256), 0);
    assert_int_equal(digest_parse(SHA256, 64, &known.metadata_sha256), 0);
    return known;
}

static void page_render_json_everything(void **state)
{
    (void)state;
    check_json(
        everything, NULL, 0,
        "{\"meta\":{\"api-version\":\"1.4\",\"tracks\":[\"https://up.example/foo/\"]},\"name\":\"foo\","
        "\"project-status\":{\"status\":\"archived\",\"reason\":\"done & <gone>\"},"
        "\"alternate-locations\":[\"https://a.example/foo/\"],\"versions\":[\"1\"],"
        "\"files\":[{\"filename\":\"" WHEEL "\",\"url\":\"../.." OFFICIAL WHEEL
        "\",\"hashes\":{\"sha256\":\"" SHA256 "\",\"md5\":\"" MD5 "\"},\"size\":12,"
        "\"upload-time\":\"2024-02-29T01:02:03Z\",\"requires-python\":\">=3.8\","
        "\"core-metadata\":{\"sha256\":\"" OTHER256
        "\"},\"yanked\":\"a \\\"b\\\"\",\"provenance\":\"https://p.example/?a=1&b=2\",\"gpg-sig\":false}]}");
}

static void page_render_json_leaves_unknown_out(void **state)
{
    (void)state;
    check_json(bare, NULL, 0,
               "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"foo\",\"files\":[{\"filename\":\"" WHEEL
               "\",\"url\":\"../.." OFFICIAL WHEEL "\",\"hashes\":{}}]}");
    check_json("{\"files\":[]}", NULL, 0,
               "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"foo\",\"files\":[]}");
}

static void page_render_json_true_values(void **state)
{
    (void)state;
    check_json("{\"files\":[{\"filename\":\"" WHEEL "\",\"url\":\"" OFFICIAL WHEEL
               "\",\"yanked\":true,\"core-metadata\":true,\"gpg-sig\":true}]}",
               NULL, 0,
               "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"foo\",\"files\":[{\"filename\":\"" WHEEL
               "\",\"url\":\"../.." OFFICIAL WHEEL "\",\"hashes\":{},\"core-metadata\":true,"
               "\"yanked\":true,\"gpg-sig\":true}]}");
}

static void page_render_json_store_fills_in(void **state)
{
    (void)state;
    struct known_file known = known_wheel();

    check_json(bare, &known, 1,
               "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"foo\",\"files\":[{\"filename\":\"" WHEEL
               "\",\"url\":\"../.." OFFICIAL WHEEL "\",\"hashes\":{\"sha256\":\"" OTHER256
               "\"},\"size\":7,\"core-metadata\":{\"sha256\":\"" SHA256 "\"}}]}");
}

static void page_render_upstream_wins(void **state)
{
    (void)state;
    struct known_file known = known_wheel();
    struct buf CLEANUP_BUF with = BUF_INIT;
    struct buf CLEANUP_BUF without = BUF_INIT;
    struct page *page = parse(everything);

    page_render_json(page, "foo", &known, 1, &with);
    page_render_json(page, "foo", NULL, 0, &without);
    page_free(page);
    assert_string_equal(with.data, without.data);
}

static void page_render_metadata_of_wheels_only(void **state)
{
    (void)state;
    struct known_file known = {
        .path = OFFICIAL "foo-1.tar.gz", .size_bytes = -1, .has_metadata = true, .metadata_sha256 = {{1}}};

    check_json(
        "{\"files\":[{\"filename\":\"foo-1.tar.gz\",\"url\":\"" OFFICIAL "foo-1.tar.gz\"}]}", &known, 1,
        "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"foo\",\"files\":[{\"filename\":\"foo-1.tar.gz\","
        "\"url\":\"../.." OFFICIAL "foo-1.tar.gz\",\"hashes\":{}}]}");
}

static void page_render_matches_known_by_path(void **state)
{
    (void)state;
    struct known_file known[3] = {{.path = "/packages/00/x", .size_bytes = 1},
                                  {.path = OFFICIAL "foo-2.zip", .size_bytes = 2},
                                  {.path = OFFICIAL "foo-4.zip", .size_bytes = 4}};
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct page *page = parse("{\"versions\":[\"1\"],\"files\":["
                              "{\"filename\":\"foo-3.zip\",\"url\":\"" OFFICIAL "foo-3.zip\"},"
                              "{\"filename\":\"foo-2.zip\",\"url\":\"" OFFICIAL "foo-2.zip\"},"
                              "{\"filename\":\"foo-1.zip\",\"url\":\"" OFFICIAL "foo-1.zip\"}]}");

    page_render_json(page, "foo", known, 3, &out);
    page_free(page);
    assert_string_equal(
        out.data,
        "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"foo\",\"versions\":[\"1\"],\"files\":["
        "{\"filename\":\"foo-3.zip\",\"url\":\"../.." OFFICIAL "foo-3.zip\",\"hashes\":{}},"
        "{\"filename\":\"foo-2.zip\",\"url\":\"../.." OFFICIAL "foo-2.zip\",\"hashes\":{},\"size\":2},"
        "{\"filename\":\"foo-1.zip\",\"url\":\"../.." OFFICIAL "foo-1.zip\",\"hashes\":{}}]}");
}

static void page_render_version_promises_sizes(void **state)
{
    (void)state;
    struct known_file known = {.path = OFFICIAL "foo-1.zip", .size_bytes = 5};
    const char *source =
        "{\"versions\":[\"1\"],\"files\":[{\"filename\":\"foo-1.zip\",\"url\":\"" OFFICIAL "foo-1.zip\"}]}";

    check_html(source, NULL, 0, "<meta name=\"pypi:repository-version\" content=\"1.0\">\n",
               "<a href=\"../.." OFFICIAL "foo-1.zip\">foo-1.zip</a><br>\n");
    check_html(source, &known, 1, "<meta name=\"pypi:repository-version\" content=\"1.4\">\n",
               "<a href=\"../.." OFFICIAL "foo-1.zip\">foo-1.zip</a><br>\n");
}

static void page_render_html_everything(void **state)
{
    (void)state;
    check_html(everything, NULL, 0,
               "<meta name=\"pypi:repository-version\" content=\"1.4\">\n"
               "<meta name=\"pypi:project-status\" content=\"archived\">\n"
               "<meta name=\"pypi:project-status-reason\" content=\"done &amp; &lt;gone&gt;\">\n"
               "<meta name=\"pypi:tracks\" content=\"https://up.example/foo/\">\n"
               "<meta name=\"pypi:alternate-locations\" content=\"https://a.example/foo/\">\n",
               "<a href=\"../.." OFFICIAL WHEEL "#sha256=" SHA256
               "\" data-requires-python=\"&gt;=3.8\" data-core-metadata=\"sha256=" OTHER256
               "\" data-dist-info-metadata=\"sha256=" OTHER256
               "\" data-yanked=\"a &quot;b&quot;\" data-gpg-sig=\"false\" "
               "data-provenance=\"https://p.example/?a=1&amp;b=2\">" WHEEL "</a><br>\n");
}

static void page_render_html_best_hash(void **state)
{
    (void)state;
    struct known_file known = {.path = "x", .size_bytes = -1};

    check_html("<a href='" OFFICIAL "foo-1.zip#md5=" MD5 "&sha1=" MD5 "00112233'>x</a>", &known, 1,
               "<meta name=\"pypi:repository-version\" content=\"1.0\">\n",
               "<a href=\"../.." OFFICIAL "foo-1.zip#sha1=" MD5 "00112233\">foo-1.zip</a><br>\n");
    known = known_wheel();
    known.has_metadata = false;
    check_html("<a href='" OFFICIAL WHEEL "#md5=" MD5 "' data-dist-info-metadata=true data-yanked>x</a>",
               &known, 1, "<meta name=\"pypi:repository-version\" content=\"1.0\">\n",
               "<a href=\"../.." OFFICIAL WHEEL "#sha256=" OTHER256 "\" data-core-metadata=\"true\" "
               "data-dist-info-metadata=\"true\" data-yanked=\"\">" WHEEL "</a><br>\n");
}

static void page_render_html_escapes_names(void **state)
{
    (void)state;
    check_html(
        "{\"files\":[{\"filename\":\"foo-1+a'&<b>.zip\",\"url\":\"" OFFICIAL "foo-1+a'%26%3Cb%3E.zip\"}]}",
        NULL, 0, "<meta name=\"pypi:repository-version\" content=\"1.0\">\n",
        "<a href=\"../.." OFFICIAL "foo-1+a&#39;&amp;%3Cb%3E.zip\">foo-1+a&#39;&amp;&lt;b&gt;.zip</a><br>\n");
}

/* A mirror behind a mirror: what we write, we read. */
static void page_render_read_back(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF first = BUF_INIT;
    struct buf CLEANUP_BUF second = BUF_INIT;
    struct page *page = parse(everything);

    page_render_html(page, "foo", NULL, 0, &first);
    page_free(page);
    page = parse(first.data);
    assert_string_equal(page->files[0].path, OFFICIAL WHEEL);
    assert_string_equal(page->files[0].url, "https://mirror.example" OFFICIAL WHEEL);
    assert_string_equal(page->files[0].yanked_reason, "a \"b\"");
    assert_string_equal(page->status_reason, "done & <gone>");
    page_free(page);

    buf_reset(&first);
    page = parse(everything);
    page_render_json(page, "foo", NULL, 0, &first);
    page_free(page);
    page = parse(first.data);
    page_render_json(page, "foo", NULL, 0, &second);
    page_free(page);
    assert_string_equal(first.data, second.data);
}

static void list_render_both(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF json = BUF_INIT;
    struct buf CLEANUP_BUF html = BUF_INIT;
    const char *body = "{\"projects\":[{\"name\":\"Foo.Bar\"},{\"name\":\"baz\"}]}";
    struct page_list *list;

    assert_int_equal(page_list_parse(body, strlen(body), NULL, &list, &error), 0);
    list_render_json(list, &json);
    list_render_html(list, &html);
    page_list_free(list);
    assert_string_equal(json.data, "{\"meta\":{\"api-version\":\"1.0\"},\"projects\":[{\"name\":\"Foo.Bar\"},"
                                   "{\"name\":\"baz\"}]}");
    assert_string_equal(html.data,
                        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"pypi:repository-version\" content=\"1.0\">\n"
                        "<title>Simple index</title>\n</head>\n<body>\n<a href=\"foo-bar/\">Foo.Bar</a>\n"
                        "<a href=\"baz/\">baz</a>\n</body>\n</html>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_render_json_everything),
        cmocka_unit_test(page_render_json_leaves_unknown_out),
        cmocka_unit_test(page_render_json_true_values),
        cmocka_unit_test(page_render_json_store_fills_in),
        cmocka_unit_test(page_render_upstream_wins),
        cmocka_unit_test(page_render_metadata_of_wheels_only),
        cmocka_unit_test(page_render_matches_known_by_path),
        cmocka_unit_test(page_render_version_promises_sizes),
        cmocka_unit_test(page_render_html_everything),
        cmocka_unit_test(page_render_html_best_hash),
        cmocka_unit_test(page_render_html_escapes_names),
        cmocka_unit_test(page_render_read_back),
        cmocka_unit_test(list_render_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
