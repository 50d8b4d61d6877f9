/* Pages of imported files put together with what is held. A held page's files must keep their paths, links and everything
 * that was told of them. */
#include "store_fixture.h"

#include "formats/python/page.h"
#include "storage/catalog/page_merge.h"

#define HELD_URL "https://pypi.example.org/simple/sample/"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OFFICIAL "packages/aa/bb/111111111111111111111111111111111111111111111111111111111111/"

static const char imported_page[] =
    "{\"meta\":{\"api-version\":\"1.1\"},\"name\":\"sample\",\"versions\":[\"2.0\",\"1.0\"],\"files\":["
    "{\"filename\":\"sample-2.0.tar.gz\",\"url\":\"http://imported.invalid/" OFFICIAL "sample-2.0.tar.gz\","
    "\"hashes\":{\"sha256\":\"" A64 "\"},\"size\":5,\"requires-python\":\">=3.6\"},"
    "{\"filename\":\"sample-1.0.tar.gz\",\"url\":\"http://imported.invalid/" OFFICIAL "sample-1.0.tar.gz\","
    "\"hashes\":{\"sha256\":\"" A64 "\"},\"size\":6}]}";

static const char held_json[] =
    "{\"meta\":{\"api-version\":\"1.1\"},\"name\":\"sample\",\"versions\":[\"1.0\",\"1.5\"],\"files\":["
    "{\"filename\":\"sample-1.0.tar.gz\",\"url\":\"../../else/sample-1.0.tar.gz\",\"hashes\":{},\"size\":7,"
    "\"upload-time\":\"2024-01-02T03:04:05Z\",\"yanked\":\"broken\"},"
    "{\"filename\":\"sample-1.5-py3-none-any.whl\",\"url\":\"/x/sample-1.5-py3-none-any.whl\",\"size\":8,"
    "\"hashes\":{\"sha256\":\"" A64 "\"},\"core-metadata\":{\"sha256\":\"" A64 "\"}}]}";

static const char held_html[] = "<a href=\"../../else/sample-1.0.tar.gz\">sample-1.0.tar.gz</a>";

static void put_held(const char *text, const char *type)
{
    char *CLEANUP_FREE attributes = xasprintf("u1\n" HELD_URL "\n%s\n\"etag\"\n\n", type);
    const struct entry entry = {
        .space = "page", .key = "sample", .confirmed_at_s = 1000, .attributes = attributes};

    assert_int_equal(blob_put(store, text, strlen(text), &entry, 1, NULL, NULL), 0);
    store_flush(store);
}

static int put_imported(const char *text)
{
    struct buf CLEANUP_BUF attributes = BUF_INIT;
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF merged = BUF_INIT;

    page_imported_attributes("sample", &attributes);
    buf_add_text(&body, text);
    const struct entry entry = {.space = "page", .key = "sample", .attributes = attributes.data};
    assert_true(page_entry_imported(&entry));
    int result = page_merge_imported(store, &entry, &body, &merged);
    const struct buf *page = result > 0 ? &merged : &body;
    if (result >= 0)
        assert_int_equal(blob_put(store, page->data, page->len, &entry, 1, NULL, NULL), 0);
    store_flush(store);
    return result;
}

/* What is held now, read as the server reads it: attributes are lines of upstream, URL and type. */
static struct page *read_page(void)
{
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct page *page = NULL;
    struct entry_read read;

    assert_int_equal(entry_get(store, "page", "sample", &read), 0);
    assert_true(page_entry_imported(&read.entry));
    assert_int_equal(read.entry.confirmed_at_s, 0);
    assert_int_equal(blob_read(store, &read.entry.digest, 1 << 20, &body), 0);
    entry_release(&read);
    assert_int_equal(page_parse(body.data, body.len, "application/vnd.pypi.simple.v1+json",
                                "http://imported.invalid/simple/sample/", "sample", &page, &error),
                     0);
    return page;
}

static struct page *parse_held(const char *text, const char *type)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct page *page = NULL;

    assert_int_equal(page_parse(text, strlen(text), type, HELD_URL, "sample", &page, &error), 0);
    return page;
}

static void assert_same_file(const struct page_file *a, const struct page_file *b)
{
    assert_string_equal(a->filename, b->filename);
    assert_string_equal(a->url, b->url);
    assert_string_equal(a->path, b->path);
    assert_int_equal(a->hash_count, b->hash_count);
    assert_int_equal(a->size_bytes, b->size_bytes);
    assert_int_equal(a->yanked, b->yanked);
    assert_int_equal(a->metadata, b->metadata);
    if (a->yanked_reason)
        assert_string_equal(a->yanked_reason, b->yanked_reason);
    if (a->upload_time)
        assert_string_equal(a->upload_time, b->upload_time);
}

static void page_merge_nothing_held(void **state)
{
    (void)state;
    assert_int_equal(put_imported(imported_page), 0);
    struct page *page = read_page();
    assert_int_equal(page->file_count, 2);
    assert_string_equal(page->files[0].path, "/" OFFICIAL "sample-2.0.tar.gz");
    assert_string_equal(page->files[0].requires_python, ">=3.6");
    page_free(page);
}

static void page_merge_keeps_what_is_held(void **state)
{
    (void)state;
    put_held(held_json, "application/vnd.pypi.simple.v1+json");
    assert_int_equal(put_imported(imported_page), 1);
    struct page *before = parse_held(held_json, "application/vnd.pypi.simple.v1+json");
    struct page *page = read_page();
    assert_int_equal(page->file_count, 3);
    assert_same_file(&page->files[0], &before->files[0]);
    assert_same_file(&page->files[1], &before->files[1]);
    assert_string_equal(page->files[2].filename, "sample-2.0.tar.gz");
    assert_int_equal(page->versions.count, 3);
    assert_string_equal(page->versions.items[0], "1.0");
    assert_string_equal(page->versions.items[1], "1.5");
    assert_string_equal(page->versions.items[2], "2.0");
    page_free(before);
    page_free(page);
}

static void page_merge_again_changes_nothing(void **state)
{
    (void)state;
    put_held(held_json, "application/vnd.pypi.simple.v1+json");
    assert_int_equal(put_imported(imported_page), 1);
    struct page *once = read_page();
    assert_int_equal(put_imported(imported_page), 1);
    struct page *twice = read_page();
    assert_int_equal(twice->file_count, once->file_count);
    for (size_t i = 0; i < once->file_count; i++)
        assert_same_file(&once->files[i], &twice->files[i]);
    page_free(once);
    page_free(twice);
}

static void page_merge_html_page(void **state)
{
    (void)state;
    put_held(held_html, "text/html");
    assert_int_equal(put_imported(imported_page), 1);
    struct page *before = parse_held(held_html, "text/html");
    struct page *page = read_page();
    assert_int_equal(page->file_count, 2);
    assert_same_file(&page->files[0], &before->files[0]);
    assert_int_equal(page->versions.count, 0);
    page_free(before);
    page_free(page);
}

static void page_merge_refuses_what_is_no_page(void **state)
{
    struct entry_read read;
    (void)state;
    assert_int_equal(put_imported("{\"name\":\"another\",\"files\":[]}"), -EBADMSG);
    assert_int_equal(put_imported("nonsense"), -EBADMSG);
    assert_int_equal(entry_get(store, "page", "sample", &read), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(page_merge_nothing_held),
        STORE_TEST(page_merge_keeps_what_is_held),
        STORE_TEST(page_merge_again_changes_nothing),
        STORE_TEST(page_merge_html_page),
        STORE_TEST(page_merge_refuses_what_is_no_page),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
