#include "tests/unit/store_fixture.h"

#include "base/config.h"
#include "base/digest_set.h"
#include "storage/catalog/holding.h"
#include "storage/catalog/prefetch_record.h"
#include "storage/upkeep.h"

static const struct config config;

/* ---- names ---- */

static const char *printed(const char *text)
{
    static char out[400];
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    struct buf CLEANUP_BUF whole = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (holding_parse(&config, text, &holding, &error) == 0)
        holding_print(&holding, &whole);
    snprintf(out, sizeof(out), "%s", error.len ? error.data : whole.data);
    return out;
}

static void holding_names_are_printed_whole(void **state)
{
    (void)state;
    assert_string_equal(printed("pypi:Flask"), "pypi:flask");
    assert_string_equal(printed("pypi:flask==v3.0"), "pypi:flask==3.0");
    assert_string_equal(printed("pypi:flask >= 2, < 3"), "pypi:flask>=2,<3");
    assert_string_equal(printed("pypi:flask==3.*"), "pypi:flask==3.*");
    assert_string_equal(printed("pypi:pytz==2004d.x"), "pypi:pytz==2004d.x");
    assert_string_equal(printed("docker:ghcr.io/owner/app:1"), "docker:ghcr.io/owner/app:1");
    assert_string_equal(printed("prefetch:nightly"), "prefetch:nightly");
}

static void holding_names_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"flask", "is not of the form pypi:PROJECT, docker:IMAGE or prefetch:LIST"},
        {"pypi:", "names no project"},
        {"pypi:==1", "names no project"},
        {"pypi:flask==", "lacks the version"},
        {"pypi:flask>=", "means no versions"},
        {"pypi:flask>=x", "means no versions"},
        {"pypi:flask==1,<", "means no versions"},
        {"prefetch:", "names no list"},
        {"prefetch:a b", "names no list"},
        {"prefetch:../x", "names no list"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(strstr(printed(bad[i][0]), bad[i][1]));
}

/* ---- versions ---- */

static bool chosen(const char *choice, const char *version)
{
    struct version_choice versions;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(version_choice_parse(choice, &versions, &error), 0);
    bool has = version_choice_has(&versions, version);
    version_choice_release(&versions);
    return has;
}

static void versions_go_by_pep_440(void **state)
{
    (void)state;
    assert_true(chosen("", "anything"));
    assert_true(chosen("==1.0", "1.0.0"));
    assert_true(chosen("==1.0.0", "1"));
    assert_true(chosen("==1.0-beta.1", "1.0b1"));
    assert_true(chosen("==1.0", "1.0+cu118"));
    assert_false(chosen("==1.0", "1.0.1"));
    assert_false(chosen("==1.0", "1.0rc1"));
    assert_true(chosen("==3.*", "3.1rc1"));
    assert_false(chosen("==3.*", "4.0"));
    assert_true(chosen(">=2,<3", "2.9.post1"));
    assert_false(chosen(">=2,<3", "3.0rc1"));
    assert_false(chosen(">=2", "not-a-version"));
}

static void versions_of_old_are_compared_as_text(void **state)
{
    (void)state;
    assert_true(chosen("==2004x-d", "2004X_d"));
    assert_false(chosen("==2004x", "2004xd"));
}

/* ---- lists ---- */

static int recorded;

static void note_done(void *arg, int error)
{
    (void)arg;
    recorded = error ? error : 1;
}

static void record(const char *list, const struct digest *digests, size_t count)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    prefetch_record_add(&text, &(struct prefetch_need){.space = "page", .key = "app"});
    for (size_t i = 0; i < count; i++)
        prefetch_record_add(
            &text, &(struct prefetch_need){
                       .space = "file", .key = "/packages/a b", .has_digest = true, .digest = digests[i]});
    recorded = 0;
    assert_int_equal(prefetch_record_put(store, list, &text, note_done, NULL), 0);
    store_flush(store);
    assert_int_equal(recorded, 1);
}

static void collect(const char *name, struct digest_set *out)
{
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(holding_parse(&config, name, &holding, &error), 0);
    holding_collect(store, &holding, out);
}

static void list_record_is_text(void **state)
{
    (void)state;
    struct digest digests[2] = {{{0xff, 1}}, {{0x0a, 2}}};
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct entry_read read;

    record("nightly", digests, 2);
    assert_int_equal(entry_get(store, "prefetch", "nightly", &read), 0);
    assert_string_equal(read.entry.scope, "");
    assert_int_equal(blob_peek(store, &read.entry.digest, 1000, &text), 0);
    entry_release(&read);
    assert_string_equal(
        text.data, "- page app\n"
                   "ff01000000000000000000000000000000000000000000000000000000000000 file /packages/a b\n"
                   "0a02000000000000000000000000000000000000000000000000000000000000 file /packages/a b\n");
}

static int take_need(void *arg, const struct prefetch_need *need)
{
    buf_printf(arg, "%d %s %s;", need->has_digest ? need->digest.bytes[0] : -1, need->space, need->key);
    return need->has_digest;
}

static void list_record_is_read(void **state)
{
    (void)state;
    struct digest digests[2] = {{{0xff, 1}}, {{0x0a, 2}}};
    struct buf CLEANUP_BUF text = BUF_INIT;

    assert_int_equal(prefetch_record_each(store, "nightly", take_need, &text), -ENOENT);
    record("nightly", digests, 2);
    assert_int_equal(prefetch_record_each(store, "nightly", take_need, &text), 1);
    assert_string_equal(text.data, "-1 page app;255 file /packages/a b;");
}

static void list_holds_its_record_and_what_it_needs(void **state)
{
    (void)state;
    struct digest digests[2] = {{{1}}, {{2}}};
    struct digest_set *CLEANUP_DIGEST_SET all = digest_set_new();
    struct digest_set *CLEANUP_DIGEST_SET none = digest_set_new();

    record("nightly", digests, 2);
    collect("prefetch:nightly", all);
    assert_int_equal(digest_set_count(all), 3);
    assert_true(digest_set_has(all, &digests[0]) && digest_set_has(all, &digests[1]));
    collect("prefetch:weekly", none);
    assert_int_equal(digest_set_count(none), 0);
}

static void list_holds_pages_as_they_are_now(void **state)
{
    (void)state;
    const struct entry entry = {.space = "page", .key = "app", .scope = "", .attributes = ""};
    struct digest_set *CLEANUP_DIGEST_SET all = digest_set_new();
    struct digest page;

    record("nightly", NULL, 0);
    assert_int_equal(put_blob_with("newer", 5, &entry, 1, &page), 0);
    collect("prefetch:nightly", all);
    assert_int_equal(digest_set_count(all), 2);
    assert_true(digest_set_has(all, &page));
}

static void list_recorded_again_is_replaced(void **state)
{
    (void)state;
    struct digest digests[3] = {{{1}}, {{2}}, {{3}}};
    struct digest_set *CLEANUP_DIGEST_SET all = digest_set_new();

    record("nightly", digests, 2);
    record("nightly", digests + 2, 1);
    collect("prefetch:nightly", all);
    assert_int_equal(digest_set_count(all), 2);
    assert_true(digest_set_has(all, &digests[2]));
}

static void list_that_needs_nothing(void **state)
{
    (void)state;
    struct digest_set *CLEANUP_DIGEST_SET all = digest_set_new();

    record("nightly", NULL, 0);
    collect("prefetch:nightly", all);
    assert_int_equal(digest_set_count(all), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holding_names_are_printed_whole),
        cmocka_unit_test(holding_names_that_are_none),
        cmocka_unit_test(versions_go_by_pep_440),
        cmocka_unit_test(versions_of_old_are_compared_as_text),
        STORE_TEST(list_record_is_text),
        STORE_TEST(list_record_is_read),
        STORE_TEST(list_holds_its_record_and_what_it_needs),
        STORE_TEST(list_holds_pages_as_they_are_now),
        STORE_TEST(list_recorded_again_is_replaced),
        STORE_TEST(list_that_needs_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
