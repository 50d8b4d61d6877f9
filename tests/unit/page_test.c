/* Project pages and the root list, as upstreams write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/python/page.h"
#include "formats/python/page_list.h"

#define BASE "https://mirror.example/pypi/simple/foo/"
#define HEX60 "b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f"
#define OFFICIAL "/packages/0a/1b/" HEX60 "/"
#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER256 "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MD5 "00112233445566778899aabbccddeeff"
#define HTML(body) \
    "<!DOCTYPE html><html><head><title>Links for foo</title></head><body>" body "</body></html>"
#define JSON(members) "{\"meta\":{\"api-version\":\"1.1\"},\"name\":\"foo\"," members "}"
#define FILE_JSON(members) JSON("\"files\":[{\"filename\":\"foo-1.zip\",\"url\":\"foo-1.zip\"," members "}]")

static struct page *parse(const char *body)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct page *page = NULL;

    if (page_parse(body, strlen(body), NULL, BASE, "foo", &page, &error) < 0)
        fail_msg("%s", error.data);
    return page;
}

static void check_refused_bytes(const char *body, size_t len, const char *about)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct page *page = NULL;

    assert_int_equal(page_parse(body, len, NULL, BASE, "foo", &page, &error), -1);
    assert_null(page);
    if (!strstr(error.data, about))
        fail_msg("\"%s\" does not speak of \"%s\"", error.data, about);
}

static void check_refused(const char *body, const char *about)
{
    check_refused_bytes(body, strlen(body), about);
}

/* The only file of a page. */
static const struct page_file *only(const struct page *page)
{
    assert_int_equal(page->file_count, 1);
    return &page->files[0];
}

static void check_hash(const struct page_file *file, enum hash_kind kind, const char *hex)
{
    char actual[2 * HASH_MAX_BYTES + 1] = "";
    const struct checksum *sum = page_file_hash(file, kind);

    if (sum)
        checksum_hex(sum, actual);
    assert_string_equal(actual, hex);
}

/* ---- HTML ---- */

static void page_html_official_link(void **state)
{
    (void)state;
    struct page *page =
        parse(HTML("<a href=\"../../packages/0a/1b/" HEX60 "/foo-1.0.tar.gz#sha256=" SHA256
                   "\" data-requires-python=\"&gt;=3.8,&lt;4\" data-dist-info-metadata=\"sha256=" OTHER256
                   "\" data-gpg-sig=\"true\" data-provenance=\"/integrity/foo\">foo-1.0.tar.gz</a>"));
    const struct page_file *file = only(page);

    assert_string_equal(page->project, "foo");
    assert_string_equal(file->filename, "foo-1.0.tar.gz");
    assert_string_equal(file->url, "https://mirror.example/pypi" OFFICIAL "foo-1.0.tar.gz");
    assert_string_equal(file->path, OFFICIAL "foo-1.0.tar.gz");
    check_hash(file, HASH_SHA256, SHA256);
    assert_string_equal(file->requires_python, ">=3.8,<4");
    assert_int_equal(file->metadata, METADATA_HASHED);
    assert_int_equal(file->metadata_sha256.bytes[0], 0xff);
    assert_int_equal(file->gpg_sig, 1);
    assert_string_equal(file->provenance, "https://mirror.example/integrity/foo");
    assert_false(file->yanked);
    assert_int_equal(file->size_bytes, -1);
    assert_null(file->upload_time);
    assert_string_equal(page->files_base, "https://mirror.example/pypi/packages/");
    page_free(page);
}

static void page_html_entities_then_percent(void **state)
{
    (void)state;
    struct page *page = parse(HTML("<a href='" OFFICIAL "foo-1%212%2Bl&#46;1&amp;x%26amp%3B.zip'>x</a>"));

    assert_string_equal(only(page)->filename, "foo-1!2+l.1&x&amp;.zip");
    assert_string_equal(only(page)->path, OFFICIAL "foo-1!2+l.1&x&amp;.zip");
    assert_non_null(page_find(page, OFFICIAL "foo-1!2+l.1&x&amp;.zip"));
    assert_string_equal(only(page)->url, "https://mirror.example" OFFICIAL "foo-1%212%2Bl.1&x%26amp%3B.zip");
    page_free(page);
}

static void page_html_plus_escaped_or_not(void **state)
{
    (void)state;
    struct page *page =
        parse(HTML("<a href='" OFFICIAL "foo-1+l.zip'>x</a><a href='" OFFICIAL "foo-1%2bl.zip'>x</a>"));

    assert_int_equal(page->file_count, 2);
    assert_string_equal(page->files[0].path, page->files[1].path);
    /* Of two equal paths the first of the page is found. */
    assert_ptr_equal(page_find(page, OFFICIAL "foo-1+l.zip"), &page->files[0]);
    page_free(page);
}

static void page_html_hash_fragments(void **state)
{
    (void)state;
    struct page *page =
        parse(HTML("<a href='foo-1.zip#egg=foo&amp;md5=" MD5 "&sha256=" SHA256 "&whirlpool=00'>1</a>"
                   "<a href='foo-2.zip#sha256=12'>2</a><a href='foo-3.zip'>3</a>"
                   "<a href='foo-4.zip#sha1=" MD5 "00112233'>4</a>"
                   "<a href='foo-5.zip#blake2b=" SHA256 SHA256 "'>5</a>"));

    assert_int_equal(page->file_count, 5);
    assert_int_equal(page->files[0].hash_count, 2);
    check_hash(&page->files[0], HASH_MD5, MD5);
    check_hash(&page->files[0], HASH_SHA256, SHA256);
    assert_int_equal(page->files[1].hash_count, 0);
    assert_int_equal(page->files[2].hash_count, 0);
    check_hash(&page->files[3], HASH_SHA1, MD5 "00112233");
    check_hash(&page->files[4], HASH_BLAKE2B, SHA256 SHA256);
    page_free(page);
}

static void page_html_yanked(void **state)
{
    (void)state;
    struct page *page =
        parse(HTML("<a href=foo-1.zip data-yanked>1</a><a href=foo-2.zip data-yanked=''>2</a>"
                   "<a href=foo-3.zip data-yanked='bad &quot;build&quot;'>3</a><a href=foo-4.zip>4</a>"));

    assert_true(page->files[0].yanked);
    assert_null(page->files[0].yanked_reason);
    assert_true(page->files[1].yanked);
    assert_null(page->files[1].yanked_reason);
    assert_true(page->files[2].yanked);
    assert_string_equal(page->files[2].yanked_reason, "bad \"build\"");
    assert_false(page->files[3].yanked);
    page_free(page);
}

static void page_html_core_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *attributes;
        enum page_metadata expected;
    } cases[] = {
        {"", METADATA_NO},
        {"data-core-metadata=''", METADATA_YES},
        {"data-core-metadata", METADATA_YES},
        {"data-core-metadata='true'", METADATA_YES},
        {"data-core-metadata='false'", METADATA_NO},
        {"data-core-metadata='sha256=" SHA256 "'", METADATA_HASHED},
        {"data-core-metadata='sha256=12'", METADATA_YES},
        {"data-core-metadata='md5=" MD5 "'", METADATA_YES},
        {"data-dist-info-metadata='true'", METADATA_YES},
        {"data-core-metadata='true' data-dist-info-metadata='sha256=" SHA256 "'", METADATA_YES},
        {"data-dist-info-metadata='true' data-core-metadata='sha256=" SHA256 "'", METADATA_HASHED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct buf CLEANUP_BUF body = BUF_INIT;
        buf_printf(&body, HTML("<a href='foo-1-py3-none-any.whl' %s>x</a>"), cases[i].attributes);
        struct page *page = parse(body.data);
        assert_int_equal(only(page)->metadata, cases[i].expected);
        page_free(page);
    }
}

static void page_html_base(void **state)
{
    (void)state;
    struct page *page =
        parse("<html><head><base href='https://cdn.example/x/'><base href='https://other.example/'>"
              "<title>Links for Foo</title></head><a href='y/foo-1.zip'>x</a>");

    assert_string_equal(only(page)->url, "https://cdn.example/x/y/foo-1.zip");
    page_free(page);
    page = parse("<base target=_blank><base href='../b/'><a href='foo-1.zip'>x</a>");
    assert_string_equal(only(page)->url, "https://mirror.example/pypi/simple/b/foo-1.zip");
    page_free(page);
}

static void page_html_drops_other_links(void **state)
{
    (void)state;
    struct page *page =
        parse(HTML("<a href='javascript:void(0)//foo-9.zip'>x</a><a href='mailto:a@b.example'>m</a>"
                   "<a name=top>no link</a><a href='../'>up</a><a href='x%2Ffoo-1.zip'>x</a>"
                   "<a href='foo-1.zip%00'>x</a><a href='foo%zz.zip'>x</a><a href=foo-1.zip>ok</a>"));

    assert_string_equal(only(page)->filename, "foo-1.zip");
    assert_int_equal(page->dropped, 6);
    page_free(page);
}

static void page_html_not_utf8(void **state)
{
    (void)state;
    struct page *page =
        parse(HTML("<a href='foo-\xe9-1.zip'>x</a><a href='foo-\xc3\xa9-2.zip'>x</a>"
                   "<a href='foo-%e9-3.zip'>x</a><a href='foo-4.zip' data-yanked='caf\xe9'>x</a>"));

    assert_int_equal(page->file_count, 2);
    assert_int_equal(page->dropped, 2);
    assert_string_equal(page->files[0].filename, "foo-\xc3\xa9-2.zip");
    assert_string_equal(page->files[0].url, BASE "foo-%C3%A9-2.zip");
    assert_true(page->files[1].yanked);
    assert_null(page->files[1].yanked_reason);
    page_free(page);
}

static void page_html_meta(void **state)
{
    (void)state;
    struct page *page = parse("<meta name='pypi:repository-version' content='1.4'>"
                              "<meta name='pypi:project-status' content='quarantined'>"
                              "<meta name='pypi:project-status-reason' content='malware &lt;3'>"
                              "<meta name='pypi:tracks' content='https://up.example/simple/foo/'>"
                              "<meta name='pypi:tracks' content='javascript:x'>"
                              "<meta name='pypi:alternate-locations' content='https://a.example/foo/'>"
                              "<meta name='pypi:alternate-locations' content='https://b.example/foo/'>");

    assert_int_equal(page->file_count, 0);
    assert_string_equal(page->status, "quarantined");
    assert_string_equal(page->status_reason, "malware <3");
    assert_int_equal(page->tracks.count, 1);
    assert_string_equal(page->tracks.items[0], "https://up.example/simple/foo/");
    assert_int_equal(page->alternate_locations.count, 2);
    assert_string_equal(page->alternate_locations.items[1], "https://b.example/foo/");
    page_free(page);
}

static void page_html_empty_needs_a_mark(void **state)
{
    (void)state;
    page_free(parse(HTML("")));
    page_free(parse("<h1>\n Links for Foo </h1>"));
    page_free(parse("<meta name=pypi:repository-version content=1.0>"));
    check_refused("<html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1></html>",
                  "not a project page");
    check_refused("", "not a project page");
    check_refused("plain words", "not a project page");
}

static void page_html_captive_portal(void **state)
{
    (void)state;
    check_refused("<html><title>Welcome to the hotel</title><a href='/login'>Log in</a></html>",
                  "package file");
    check_refused("<a href='https://portal.example/login.html'>Log in</a>", "package file");
    check_refused(HTML("<a href='../'>up</a>"), "package file");
}

static void page_html_other_project(void **state)
{
    (void)state;
    check_refused("<title>Links for bar</title><a href=bar-1.zip>x</a>", "\"bar\"");
}

static void page_html_unknown_version(void **state)
{
    (void)state;
    check_refused("<meta name='pypi:repository-version' content='2.0'><a href=foo-1.zip>x</a>", "version 2");
}

/* ---- paths ---- */

static void page_path_without_official_layout(void **state)
{
    (void)state;
    struct page *page = parse(HTML("<a href='https://files.example/foo-1.zip?x=1#sha256=" SHA256 "'>x</a>"
                                   "<a href='https://files.example/foo-2.zip'>x</a>"));

    assert_string_equal(page->files[0].path, "/packages/sha256/" SHA256 "/foo/foo-1.zip");
    assert_string_equal(page->files[0].url, "https://files.example/foo-1.zip?x=1");
    /* printf %s 'https://files.example/foo-2.zip' | sha256sum */
    assert_string_equal(page->files[1].path,
                        "/packages/url/"
                        "ff9e43255599592bc152cacd4352b1b19a8f2ccc54599818a2ffcdd10b16af50"
                        "/foo/foo-2.zip");
    assert_null(page->files_base);
    page_free(page);
}

static void page_path_filename_differs_from_url(void **state)
{
    (void)state;
    struct page *page = parse(JSON("\"files\":[{\"filename\":\"foo-1.zip\",\"url\":\"" OFFICIAL
                                   "foo-2.zip\",\"hashes\":{\"sha256\":\"" SHA256 "\"}}]"));

    assert_string_equal(only(page)->path, "/packages/sha256/" SHA256 "/foo/foo-1.zip");
    assert_null(page->files_base);
    page_free(page);
}

static void page_find_among_many(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF body = BUF_INIT;

    for (int i = 0; i < 500; i++)
        buf_printf(&body, "<a href='/packages/%02x/1b/" HEX60 "/foo-%d.zip'>x</a>\n", i * 7 % 256, i);
    struct page *page = parse(body.data);
    assert_int_equal(page->file_count, 500);
    for (int i = 0; i < 500; i++) {
        assert_ptr_equal(page_find(page, page->files[i].path), &page->files[i]);
        if (i)
            assert_true(strcmp(page->files[page->by_path[i - 1]].path, page->files[page->by_path[i]].path) <
                        0);
    }
    assert_null(page_find(page, "/packages/"));
    assert_null(page_find(page, "/packagez"));
    page_free(page);
}

/* ---- JSON ---- */

static void page_json_whole(void **state)
{
    (void)state;
    struct page *page =
        parse("{\"meta\":{\"api-version\":\"1.4\",\"_last-serial\":9,\"tracks\":[\"https://up.example/foo/"
              "\",3,\"no url\"]},"
              "\"name\":\"Foo\",\"project-status\":{\"status\":\"archived\",\"reason\":\"done\"},"
              "\"alternate-locations\":[\"https://a.example/foo/\"],\"versions\":[\"1.0\",\"2.0\"],"
              "\"files\":[{\"filename\":\"foo-1-py3-none-any.whl\",\"url\":\"https://files.example" OFFICIAL
              "foo-1-py3-none-any.whl\",\"hashes\":{\"sha256\":\"" SHA256 "\",\"md5\":\"" MD5
              "\",\"new\":\"00\"},\"size\":1234,\"upload-time\":\"2024-02-29T01:02:03.456789Z\","
              "\"requires-python\":\">=3.8\",\"yanked\":\"broken\",\"core-metadata\":{\"sha256\":\"" OTHER256
              "\"},\"provenance\":\"https://p.example/x\",\"gpg-sig\":false,\"later\":{\"a\":[1,{}]}}]}");
    const struct page_file *file = only(page);

    assert_string_equal(page->project, "Foo");
    assert_string_equal(page->status, "archived");
    assert_string_equal(page->status_reason, "done");
    assert_int_equal(page->tracks.count, 1);
    assert_string_equal(page->alternate_locations.items[0], "https://a.example/foo/");
    assert_int_equal(page->versions.count, 2);
    assert_string_equal(page->versions.items[1], "2.0");
    assert_string_equal(page->files_base, "https://files.example/packages/");
    assert_string_equal(file->path, OFFICIAL "foo-1-py3-none-any.whl");
    assert_int_equal(file->hash_count, 2);
    check_hash(file, HASH_SHA256, SHA256);
    check_hash(file, HASH_MD5, MD5);
    assert_int_equal(file->size_bytes, 1234);
    assert_string_equal(file->upload_time, "2024-02-29T01:02:03.456789Z");
    assert_string_equal(file->requires_python, ">=3.8");
    assert_true(file->yanked);
    assert_string_equal(file->yanked_reason, "broken");
    assert_int_equal(file->metadata, METADATA_HASHED);
    assert_int_equal(file->metadata_sha256.bytes[0], 0xff);
    assert_string_equal(file->provenance, "https://p.example/x");
    assert_int_equal(file->gpg_sig, 0);
    page_free(page);
}

static void page_json_yanked(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool yanked;
        const char *reason;
    } cases[] = {
        {"true", true, NULL},  {"false", false, NULL}, {"\"why\"", true, "why"},
        {"\"\"", false, NULL}, {"null", false, NULL},  {"1", false, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct buf CLEANUP_BUF body = BUF_INIT;
        buf_printf(&body, FILE_JSON("\"yanked\":%s"), cases[i].value);
        struct page *page = parse(body.data);
        assert_int_equal(only(page)->yanked, cases[i].yanked);
        if (cases[i].reason)
            assert_string_equal(only(page)->yanked_reason, cases[i].reason);
        else
            assert_null(only(page)->yanked_reason);
        page_free(page);
    }
}

static void page_json_core_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        enum page_metadata expected;
    } cases[] = {
        {"\"core-metadata\":true", METADATA_YES},
        {"\"core-metadata\":{}", METADATA_YES},
        {"\"core-metadata\":{\"md5\":\"00\"}", METADATA_YES},
        {"\"core-metadata\":{\"sha256\":\"" SHA256 "\"}", METADATA_HASHED},
        {"\"core-metadata\":null", METADATA_NO},
        {"\"dist-info-metadata\":{\"sha256\":\"" SHA256 "\"}", METADATA_HASHED},
        {"\"data-dist-info-metadata\":{\"sha256\":\"" SHA256 "\"}", METADATA_HASHED},
        {"\"core-metadata\":false,\"dist-info-metadata\":{\"sha256\":\"" SHA256 "\"}", METADATA_NO},
        {"\"dist-info-metadata\":{\"sha256\":\"" SHA256 "\"},\"core-metadata\":true", METADATA_YES},
        {"\"dist-info-metadata\":true,\"core-metadata\":{\"sha256\":\"" SHA256 "\"}", METADATA_HASHED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct buf CLEANUP_BUF body = BUF_INIT;
        buf_printf(&body, FILE_JSON("%s"), cases[i].members);
        struct page *page = parse(body.data);
        assert_int_equal(only(page)->metadata, cases[i].expected);
        page_free(page);
    }
}

static void page_json_wrong_types_ignored(void **state)
{
    (void)state;
    struct page *page =
        parse("{\"meta\":7,\"name\":[],\"versions\":{\"a\":\"b\"},\"project-status\":\"active\","
              "\"alternate-locations\":\"x\",\"files\":[null,3,\"x\",[],{},{\"filename\":\"foo-2.zip\"},"
              "{\"url\":\"foo-3.zip\"},{\"filename\":\"foo-1.zip\",\"url\":\"foo-1.zip\",\"size\":1.5,"
              "\"hashes\":[\"sha256\"],\"upload-time\":\"yesterday\",\"requires-python\":null,"
              "\"gpg-sig\":\"yes\",\"provenance\":\"javascript:x\",\"yanked\":{}}]}");
    const struct page_file *file = only(page);

    assert_int_equal(page->dropped, 3);
    assert_int_equal(page->versions.count, 0);
    assert_null(page->status);
    assert_int_equal(file->size_bytes, -1);
    assert_int_equal(file->hash_count, 0);
    assert_null(file->upload_time);
    assert_null(file->requires_python);
    assert_int_equal(file->gpg_sig, -1);
    assert_null(file->provenance);
    assert_false(file->yanked);
    page_free(page);
}

static void page_json_upload_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool kept;
    } cases[] = {
        {"2024-12-31T23:59:59Z", true},
        {"2024-12-31T23:59:59.1Z", true},
        {"2024-13-31T23:59:59Z", false},
        {"2024-12-32T23:59:59Z", false},
        {"2024-12-31T24:00:00Z", false},
        {"2024-12-31T23:60:59Z", false},
        {"2024-12-31T23:59:59", false},
        {"2024-12-31T23:59:59.Z", false},
        {"2024-12-31 23:59:59Z", false},
        {"2024-12-31T23:59:59Zx", false},
        {"", false},
        {"2024-12-31T23:59:60Z", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct buf CLEANUP_BUF body = BUF_INIT;
        buf_printf(&body, FILE_JSON("\"upload-time\":\"%s\""), cases[i].text);
        struct page *page = parse(body.data);
        assert_int_equal(only(page)->upload_time != NULL, cases[i].kept);
        page_free(page);
    }
}

static void page_json_last_duplicate_wins(void **state)
{
    (void)state;
    struct page *page =
        parse("{\"files\":[{\"filename\":\"foo-9.zip\",\"url\":\"foo-9.zip\"}],"
              "\"versions\":[\"9\"],\"versions\":[\"1\"],\"files\":[{\"filename\":\"foo-8.zip\","
              "\"url\":\"foo-1.zip\",\"filename\":\"foo-1.zip\",\"size\":1,\"size\":2,"
              "\"hashes\":{\"sha256\":\"" OTHER256 "\",\"sha256\":\"" SHA256 "\"}}]}");

    assert_string_equal(only(page)->filename, "foo-1.zip");
    assert_int_equal(only(page)->size_bytes, 2);
    assert_int_equal(only(page)->hash_count, 1);
    check_hash(only(page), HASH_SHA256, SHA256);
    assert_int_equal(page->versions.count, 1);
    assert_string_equal(page->versions.items[0], "1");
    page_free(page);
}

static void page_json_bad_strings_cost_their_file(void **state)
{
    (void)state;
    struct page *page =
        parse(JSON("\"files\":[{\"filename\":\"foo-\xff.zip\",\"url\":\"a.zip\"},"
                   "{\"filename\":\"foo\\u0000.zip\",\"url\":\"b.zip\"},"
                   "{\"filename\":\"a/b.zip\",\"url\":\"b.zip\"},"
                   "{\"filename\":\"..\",\"url\":\"b.zip\"},"
                   "{\"filename\":\"foo-3.zip\",\"url\":\"file:///etc/passwd\"},"
                   "{\"filename\":\"foo-\\u00e9.zip\",\"url\":\"c.zip\",\"requires-python\":\"\xff\"}]"));

    assert_string_equal(only(page)->filename, "foo-\xc3\xa9.zip");
    assert_null(only(page)->requires_python);
    assert_int_equal(page->dropped, 5);
    page_free(page);
}

static void page_json_empty_project(void **state)
{
    (void)state;
    struct page *page = parse(JSON("\"files\":[]"));

    assert_int_equal(page->file_count, 0);
    page_free(page);
}

static void page_json_refused(void **state)
{
    (void)state;
    check_refused("{}", "list of files");
    check_refused("{\"files\":{}}", "list of files");
    check_refused("{\"error\":\"rate limited\"}", "list of files");
    check_refused("{\"files\":[", "not valid JSON");
    check_refused("{\"files\":[]} trailing", "not valid JSON");
    check_refused("{\"files\":[],}", "not valid JSON");
    check_refused("{\"meta\":{\"api-version\":\"2.0\"},\"files\":[]}", "version 2");
    check_refused("{\"name\":\"bar\",\"files\":[]}", "\"bar\"");
}

static void page_json_nesting_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF body = BUF_INIT;

    for (int depth = 31; depth <= 32; depth++) {
        buf_set(&body, "{\"files\":[],\"x\":");
        for (int i = 0; i < depth; i++)
            buf_add_char(&body, '[');
        for (int i = 0; i < depth; i++)
            buf_add_char(&body, ']');
        buf_add_char(&body, '}');
        if (depth == 31)
            page_free(parse(body.data));
        else
            check_refused(body.data, "deeper");
    }
}

static void page_json_file_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF body = BUF_INIT;

    buf_add_text(&body, "{\"files\":[");
    for (int i = 0; i <= 200000; i++)
        buf_printf(&body, "%s{\"filename\":\"f\",\"url\":\"f\"}", i ? "," : "");
    buf_add_text(&body, "]}");
    check_refused(body.data, "more than 200000 files");
}

static void page_json_string_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF body = BUF_INIT;
    char *reason = malloc(65537);

    memset(reason, 'x', 65536);
    reason[65536] = '\0';
    buf_printf(&body, FILE_JSON("\"yanked\":\"%sx\",\"requires-python\":\"%s\""), reason, reason);
    struct page *page = parse(body.data);
    assert_true(only(page)->yanked);
    assert_null(only(page)->yanked_reason);
    assert_int_equal(strlen(only(page)->requires_python), 65536);
    page_free(page);
    free(reason);
}

/* ---- which of the two ---- */

static void page_sniffed(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF error = BUF_INIT;
    const char *json = "\xef\xbb\xbf \n{\"files\":[]}";
    const char *html = " <a href=foo-1.zip>x</a>";
    struct page *page;

    assert_int_equal(page_parse(json, strlen(json), "application/octet-stream", BASE, "foo", &page, &error),
                     0);
    page_free(page);
    assert_int_equal(page_parse(html, strlen(html), "application/json", BASE, "foo", &page, &error), 0);
    assert_int_equal(page->file_count, 1);
    page_free(page);
    assert_int_equal(page_parse("[]", 2, "application/vnd.pypi.simple.v1+JSON", BASE, "foo", &page, &error),
                     -1);
    assert_non_null(strstr(error.data, "JSON without"));
}

static void page_reads_only_its_bytes(void **state)
{
    (void)state;
    const char *whole = FILE_JSON("\"size\":1");

    for (size_t len = 0; len < strlen(whole); len++) {
        /* On the heap and without a NUL, so that the sanitizer sees a read behind the end. */
        char *copy = malloc(len ? len : 1);
        memcpy(copy, whole, len);
        check_refused_bytes(copy, len, "");
        free(copy);
    }
}

/* ---- the root list ---- */

static void check_list(const char *body, size_t count, const char *first)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct page_list *list = NULL;

    if (page_list_parse(body, strlen(body), NULL, &list, &error) < 0)
        fail_msg("%s", error.data);
    assert_int_equal(list->projects.count, count);
    if (count)
        assert_string_equal(list->projects.items[0], first);
    page_list_free(list);
}

static void check_list_refused(const char *body, const char *about)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct page_list *list = NULL;

    assert_int_equal(page_list_parse(body, strlen(body), NULL, &list, &error), -1);
    assert_null(list);
    assert_non_null(strstr(error.data, about));
}

static void page_list_json(void **state)
{
    (void)state;
    check_list("{\"meta\":{\"api-version\":\"1.1\"},\"projects\":[{\"name\":\"Foo.Bar\",\"_last-serial\":1},"
               "{\"name\":\"b b\"},{\"nom\":\"x\"},{\"name\":null},{\"name\":\"c\"}]}",
               2, "Foo.Bar");
    check_list("{\"projects\":[]}", 0, NULL);
    check_list_refused("{\"files\":[]}", "list of projects");
    check_list_refused("{\"meta\":{\"api-version\":\"2.0\"},\"projects\":[]}", "version 2");
}

static void page_list_html(void **state)
{
    (void)state;
    check_list(
        "<html><head><title>Simple index</title></head><body><a href=\"/simple/foo-bar/\">Foo.Bar</a><br>"
        "<a href=\"baz/\"> baz </a><a href='x/'>y</a><a href='.hidden/'>.hidden</a></body>",
        2, "Foo.Bar");
    check_list(
        "<title>Index of /simple/</title><a href='../'>../</a><a href='foo/'>foo/</a><a href='bar/'>bar/</a>",
        2, "foo");
    check_list("<meta name='pypi:repository-version' content='1.0'>", 0, NULL);
    check_list_refused("<title>Hotel</title><a href='/terms.html'>Terms of use</a>",
                       "not a list of projects");
    check_list_refused("<h1>502</h1>", "not a list of projects");
    check_list_refused("", "not a list of projects");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_html_official_link),
        cmocka_unit_test(page_html_entities_then_percent),
        cmocka_unit_test(page_html_plus_escaped_or_not),
        cmocka_unit_test(page_html_hash_fragments),
        cmocka_unit_test(page_html_yanked),
        cmocka_unit_test(page_html_core_metadata),
        cmocka_unit_test(page_html_base),
        cmocka_unit_test(page_html_drops_other_links),
        cmocka_unit_test(page_html_not_utf8),
        cmocka_unit_test(page_html_meta),
        cmocka_unit_test(page_html_empty_needs_a_mark),
        cmocka_unit_test(page_html_captive_portal),
        cmocka_unit_test(page_html_other_project),
        cmocka_unit_test(page_html_unknown_version),
        cmocka_unit_test(page_path_without_official_layout),
        cmocka_unit_test(page_path_filename_differs_from_url),
        cmocka_unit_test(page_find_among_many),
        cmocka_unit_test(page_json_whole),
        cmocka_unit_test(page_json_yanked),
        cmocka_unit_test(page_json_core_metadata),
        cmocka_unit_test(page_json_wrong_types_ignored),
        cmocka_unit_test(page_json_upload_time),
        cmocka_unit_test(page_json_last_duplicate_wins),
        cmocka_unit_test(page_json_bad_strings_cost_their_file),
        cmocka_unit_test(page_json_empty_project),
        cmocka_unit_test(page_json_refused),
        cmocka_unit_test(page_json_nesting_limit),
        cmocka_unit_test(page_json_file_limit),
        cmocka_unit_test(page_json_string_limit),
        cmocka_unit_test(page_sniffed),
        cmocka_unit_test(page_reads_only_its_bytes),
        cmocka_unit_test(page_list_json),
        cmocka_unit_test(page_list_html),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
