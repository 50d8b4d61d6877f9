/* Who looks before a fetch ends and joins the table of fills after it begins another fill of the same thing: nothing is
 * fetched once more. There is no fetcher here, so to ask an upstream would be the end of the test. */
#include "tests/unit/store_fixture.h"

#include "base/arena.h"
#include "proxy/core/absence.h"
#include "proxy/core/blob_fill.h"
#include "proxy/core/candidate_list.h"
#include "proxy/document/document_fill.h"

static struct proxy proxy;
static struct site site;

static int set_up(void **state)
{
    int error = setup(state);

    shared_init(&site.shared, NULL);
    proxy = (struct proxy){.store = store, .fills = fills_new(), .memcache = memcache_new(1 << 20)};
    return error;
}

static int tear_down(void **state)
{
    fills_free(proxy.fills);
    memcache_free(proxy.memcache);
    return remove_folder_of_test(state);
}

#define LATE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static void assert_nothing_runs(const char *key)
{
    assert_null(fill_find(proxy.fills, key));
}

/* ---- blobs ---- */

static struct fill *join(const char *key, const struct digest *stored)
{
    struct fetch_candidate nowhere = {.url = "http://127.0.0.1:1/"};
    const struct candidate_list candidates = {.items = &nowhere, .count = 1};
    const struct blob_fill_options options = {
        .label = "a",
        .candidates = &candidates,
        .expected_bytes = -1,
        .max_bytes = 5,
        .space = "file",
        .key = key,
        .scope = "",
        .stored = stored,
    };

    return blob_fill_join(&proxy, "file:a", &options);
}

static void assert_is_there(struct fill *fill)
{
    char got[5];

    assert_int_equal(fill->state, FILL_DONE);
    assert_int_equal(fill->stream.total_bytes, 5);
    struct stream_reader reader = {.total_bytes = 5, .end = 5, .generation = fill->stream.generation};
    int64_t available;
    lock_acquire(&fill->lock);
    assert_int_equal(stream_check_locked(&fill->stream, &reader, &available), READER_GO);
    lock_release(&fill->lock);
    assert_int_equal(available, 5);
    assert_int_equal(backing_read(fill->stream.current, 0, got, 5), 0);
    assert_memory_equal(got, "bytes", 5);
    assert_nothing_runs("file:a");
    shared_unref(&fill->shared);
}

static void blob_is_taken_from_the_store(void **state)
{
    (void)state;
    const struct entry entry = {.space = "file", .key = "a", .scope = "", .attributes = ""};
    struct digest digest;

    assert_int_equal(put_blob_with("bytes", 5, &entry, 1, &digest), 0);
    assert_is_there(join("a", NULL));
    assert_is_there(join("the same, for another image", &digest));
}

/* ---- documents ---- */

static struct document_times times(const struct site *of, const char *key)
{
    (void)of, (void)key;
    return (struct document_times){.ttl_s = 600, .stale_ttl_s = 600, .negative_ttl_s = 60};
}

static const struct document_kind kind = {.space = "page", .times = times};

static struct document *keep_document(int64_t age_s)
{
    struct origin origin = ORIGIN_INIT;
    struct document *document = document_new(&kind, "a", &origin, NULL, 1, clock_wall_s() - age_s, 600);

    document_keep(&proxy, document);
    return document;
}

static struct fill *fetch_document(struct document *old)
{
    bool created;
    struct fill *fill = fill_join(proxy.fills, "fetch:page/a", &created);

    assert_true(created);
    document_fetch(&proxy, &site, fill, &kind, "a", old);
    assert_nothing_runs("fetch:page/a");
    return fill;
}

static void document_that_came_meanwhile_is_the_product(void **state)
{
    (void)state;
    struct document *document = keep_document(600);
    struct fill *fill = fetch_document(NULL);

    assert_int_equal(fill->state, FILL_DONE);
    assert_ptr_equal(fill->product, document);
    shared_unref(&fill->shared);
    document_unref(document);
}

static void document_that_was_refreshed_meanwhile_is_the_product(void **state)
{
    (void)state;
    struct document *old = keep_document(900);
    struct document *document = keep_document(0);
    struct fill *fill = fetch_document(old);

    assert_ptr_equal(fill->product, document);
    shared_unref(&fill->shared);
    document_unref(document);
    document_unref(old);
}

static void document_that_was_found_nowhere_meanwhile_is_absent(void **state)
{
    (void)state;
    absence_remember(&proxy, "absent:page/a", FETCH_NOT_FOUND, 60);
    struct fill *fill = fetch_document(NULL);

    assert_int_equal(fill->state, FILL_FAILED);
    assert_int_equal(fill->outcome, FETCH_NOT_FOUND);
    assert_null(fill->product);
    shared_unref(&fill->shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LATE_TEST(blob_is_taken_from_the_store),
        LATE_TEST(document_that_came_meanwhile_is_the_product),
        LATE_TEST(document_that_was_refreshed_meanwhile_is_the_product),
        LATE_TEST(document_that_was_found_nowhere_meanwhile_is_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
