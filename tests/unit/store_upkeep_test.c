#include "tests/unit/store_fixture.h"
#include "tests/unit/support/test_clock.h"

#include "base/digest_set.h"
#include "storage/upkeep.h"

static void pass_time(void)
{
    store_flush(store);
    test_clock_pass(100, 0);
}

static void put_entry(const char *space, const char *key, const char *scope, const struct digest *digest)
{
    struct entry entry = {.space = space, .key = key, .scope = scope, .has_digest = digest};

    if (digest)
        entry.digest = *digest;
    entry_put(store, &entry);
    store_flush(store);
}

/* What visits see, as text: "a b ". */
static struct buf seen = BUF_INIT;

static const char *take_seen(void)
{
    static char text[4096];

    snprintf(text, sizeof(text), "%s", seen.data);
    buf_release(&seen);
    return text;
}

static int see_entry(void *arg, const struct entry *entry)
{
    (void)arg;
    buf_printf(&seen, "%s/%s ", entry->space, entry->key);
    return 0;
}

static int see_size(void *arg, const struct blob_row *row)
{
    (void)arg;
    buf_printf(&seen, "%d ", (int)row->size_bytes);
    return 0;
}

static int see_sum(void *arg, const struct entry_sum *sum)
{
    (void)arg;
    buf_printf(&seen, "%s,%s:%d,%d,%d ", sum->space, sum->scope, (int)sum->entries, (int)sum->blobs,
               (int)sum->bytes);
    return 0;
}

/* ---- looking ---- */

static void walk_by_use_begins_with_the_oldest(void **state)
{
    (void)state;
    struct digest digests[3];

    for (int i = 0; i < 3; i++) {
        digests[i] = put_numbered(i, 100 + (size_t)i);
        pass_time();
    }
    blob_touch(store, &digests[0]);
    assert_int_equal(blob_walk_by_use(store, see_size, NULL), 0);
    assert_string_equal(take_seen(), "100 101 102 ");
    store_save_uses(store);
    assert_int_equal(blob_walk_by_use(store, see_size, NULL), 0);
    assert_string_equal(take_seen(), "101 102 100 ");
}

static int count_down(void *arg, const struct blob_row *row)
{
    int *left = arg;

    (void)row;
    return --*left == 0 ? 42 : 0;
}

static void walks_take_pages_and_can_be_ended(void **state)
{
    (void)state;
    int left = 600;

    for (int i = 0; i < 600; i++) {
        char *CLEANUP_FREE key = xasprintf("%03d", i);
        struct digest digest;
        struct blob_writer *writer = begin_blob(key, 3);
        struct entry entry = {.space = "s", .key = key};
        digest_of(key, 3, &digest);
        blob_commit(store, &writer, &digest, 3, &entry, 1, NULL, NULL);
    }
    store_flush(store);
    assert_int_equal(blob_walk_by_use(store, count_down, &left), 42);
    assert_int_equal(left, 0);
    left = 10;
    assert_int_equal(blob_walk_by_use(store, count_down, &left), 42);
    assert_int_equal(entry_walk(store, "s", "596", see_entry, NULL), 0);
    assert_string_equal(take_seen(), "s/597 s/598 s/599 ");
    assert_int_equal(entry_walk(store, "s", "", see_entry, NULL), 0);
    assert_int_equal(seen.len, 600 * strlen("s/000 "));
    buf_release(&seen);
    assert_int_equal(entry_walk(store, "t", "", see_entry, NULL), 0);
    assert_string_equal(take_seen(), "");
}

static int count_digest(void *count, const struct digest *digest)
{
    (void)digest;
    ++*(int *)count;
    return 0;
}

static void walk_finds_rows_and_files(void **state)
{
    (void)state;
    int count = 0;
    struct digest gone = put_text("gone");
    struct digest stray;

    put_text("both");
    char *CLEANUP_FREE gone_path = blob_path(&gone);
    assert_int_equal(unlink(gone_path), 0);
    digest_of("stray", 5, &stray);
    char *CLEANUP_FREE stray_path = blob_path(&stray);
    write_file(stray_path, "stray", 5);
    assert_int_equal(blob_walk(store, count_digest, &count), 0);
    assert_int_equal(count, 3);
}

static void entries_of_a_blob(void **state)
{
    (void)state;
    struct digest one = put_text("one");
    struct digest two = put_text("two");

    put_entry("s", "b", "", &one);
    put_entry("s", "a", "", &one);
    put_entry("r", "c", "", &one);
    put_entry("s", "d", "", &two);
    put_entry("s", "e", "", NULL);
    assert_int_equal(entry_list_naming(store, &one, see_entry, NULL), 0);
    assert_string_equal(take_seen(), "r/c s/a s/b ");
}

static void sums_count_shared_blobs_once(void **state)
{
    (void)state;
    struct digest small = put_numbered(1, 100);
    struct digest large = put_numbered(2, 1000);
    struct digest absent = {.bytes = {1}};

    put_entry("file", "a", "x", &small);
    put_entry("file", "b", "x", &small);
    put_entry("file", "c", "y", &small);
    put_entry("file", "d", "y", &large);
    put_entry("file", "e", "z", &absent);
    put_entry("page", "f", "", NULL);
    assert_int_equal(entry_sum_spaces(store, see_sum, NULL), 0);
    assert_string_equal(take_seen(), "file,:5,2,1100 page,:1,0,0 ");
    assert_int_equal(entry_sum_scopes(store, "file", -1, see_sum, NULL), 0);
    assert_string_equal(take_seen(), "file,y:2,2,1100 file,x:2,1,100 file,z:1,0,0 ");
    assert_int_equal(entry_sum_scopes(store, "file", 1, see_sum, NULL), 0);
    assert_string_equal(take_seen(), "file,y:2,2,1100 ");
}

static void looking_is_no_use(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF data = BUF_INIT;
    struct digest digest = put_text("text");
    struct digest absent = {.bytes = {1}};
    struct blob_row row;

    assert_int_equal(blob_look(store, &digest, &row), 0);
    int64_t used_at_s = row.used_at_s;
    assert_int_equal(row.size_bytes, 4);
    pass_time();
    assert_int_equal(blob_peek(store, &digest, 10, &data), 0);
    assert_string_equal(data.data, "text");
    assert_int_equal(blob_peek(store, &digest, 3, &data), -EFBIG);
    store_save_uses(store);
    assert_int_equal(blob_look(store, &digest, &row), 0);
    assert_int_equal(row.used_at_s, used_at_s);
    assert_int_equal(blob_read(store, &digest, 10, &data), 0);
    store_save_uses(store);
    assert_int_equal(blob_look(store, &digest, &row), 0);
    assert_int_equal(row.used_at_s, used_at_s + 100);
    assert_int_equal(blob_look(store, &absent, &row), -ENOENT);
    assert_int_equal(blob_peek(store, &absent, 10, &data), -ENOENT);
}

/* ---- removing ---- */

static void remove_entry_takes_its_blob_when_it_is_the_last(void **state)
{
    (void)state;
    struct digest digest = put_text("text");
    struct removed removed;

    put_entry("s", "a", "", &digest);
    put_entry("s", "b", "", &digest);
    assert_int_equal(entry_remove(store, "s", "a", &removed), 0);
    assert_false(removed.blob);
    assert_figures(1, 4, 1);
    assert_int_equal(entry_remove(store, "s", "b", &removed), 0);
    assert_true(removed.blob);
    assert_int_equal(removed.bytes, 4);
    assert_false(blob_exists(store, &digest));
    assert_figures(0, 0, 0);
    assert_int_equal(entry_remove(store, "s", "b", &removed), -ENOENT);
}

static void remove_entry_of_no_blob(void **state)
{
    (void)state;
    struct digest absent = {.bytes = {1}};
    struct removed removed;

    put_entry("s", "none", "", NULL);
    put_entry("s", "absent", "", &absent);
    assert_int_equal(entry_remove(store, "s", "none", &removed), 0);
    assert_int_equal(entry_remove(store, "s", "absent", &removed), 0);
    assert_false(removed.blob);
    assert_figures(0, 0, 0);
}

static void remove_entry_from_under_a_reader(void **state)
{
    (void)state;
    struct digest digest = put_text("text");
    struct removed removed;
    struct blob blob;
    char data[5] = "";

    put_entry("s", "a", "", &digest);
    assert_int_equal(blob_open(store, &digest, &blob), 0);
    assert_int_equal(entry_remove(store, "s", "a", &removed), 0);
    assert_int_equal(pread(blob.fd, data, 4, 0), 4);
    assert_string_equal(data, "text");
    blob_close(store, &blob);
    assert_int_equal(blob_open(store, &digest, &blob), -ENOENT);
}

static void remove_entry_stays_when_the_disk_refuses(void **state)
{
    (void)state;
    struct digest digest = put_text("text");
    struct removed removed;
    struct entry_read read;

    put_entry("s", "a", "", &digest);
    set_fault("unlinkat", "blobs", EROFS);
    assert_int_equal(entry_remove(store, "s", "a", &removed), -EROFS);
    clear_fault();
    assert_int_equal(entry_get(store, "s", "a", &read), 0);
    entry_release(&read);
    assert_figures(1, 4, 1);
    assert_blob_is(&digest, "text");
}

/* A commit of the same bytes that was asked for a moment before is done first, and its caller finds them. */
static void remove_waits_for_commits(void **state)
{
    (void)state;
    struct digest digest;
    struct outcome outcome = {0};
    struct removed removed;
    struct blob_writer *writer = begin_blob("text", 4);
    struct entry entry = {.space = "s", .key = "a"};

    digest_of("text", 4, &digest);
    blob_commit(store, &writer, &digest, 4, &entry, 1, note_outcome, &outcome);
    assert_int_equal(entry_remove(store, "s", "a", &removed), 0);
    assert_int_equal(outcome.calls, 1);
    assert_int_equal(outcome.error, 0);
    assert_true(removed.blob);
    assert_figures(0, 0, 0);
}

static void remove_blob_by_age(void **state)
{
    (void)state;
    struct digest digest = put_text("text");
    struct digest absent = {.bytes = {1}};
    struct removed removed;
    struct blob blob;
    int64_t now_s = clock_wall_s();

    put_entry("s", "a", "", &digest);
    assert_int_equal(blob_remove(store, &digest, now_s - 1, &removed), -EBUSY);
    assert_int_equal(blob_remove(store, &absent, now_s, &removed), -ENOENT);
    pass_time();
    assert_int_equal(blob_open(store, &digest, &blob), 0);
    assert_int_equal(blob_remove(store, &digest, now_s, &removed), -EBUSY);
    blob_close(store, &blob);
    assert_int_equal(blob_remove(store, &digest, now_s, &removed), -EBUSY); /* used since */
    store_save_uses(store);
    assert_int_equal(blob_remove(store, &digest, now_s, &removed), -EBUSY);
    assert_int_equal(blob_remove(store, &digest, now_s + 100, &removed), 0);
    assert_true(removed.blob);
    assert_int_equal(removed.bytes, 4);
    assert_figures(0, 0, 0);
}

static void remove_blobs_as_one(void **state)
{
    (void)state;
    struct digest digests[3] = {put_text("one"), {.bytes = {1}}, put_text("other")};
    struct removed removed[3];
    struct blob blob;
    int64_t now_s = clock_wall_s();

    put_entry("s", "a", "", &digests[0]);
    assert_int_equal(blob_open(store, &digests[2], &blob), 0);
    store_save_uses(store);
    assert_int_equal(blobs_remove(store, digests, 3, now_s + 100, removed), -EBUSY);
    assert_false(removed[0].blob);
    blob_close(store, &blob);
    assert_int_equal(blobs_remove(store, digests, 3, now_s - 1, removed), -EBUSY);
    assert_figures(2, 8, 1);
    assert_int_equal(blobs_remove(store, digests, 3, now_s + 100, removed), 0);
    assert_true(removed[0].blob && !removed[1].blob && removed[2].blob);
    assert_int_equal(removed[2].bytes, 5);
    assert_figures(0, 0, 0);
}

/* ---- evicting ---- */

static struct digest spared_digest;

static void spare_one(void *arg, struct store *the_store, struct digest_set *out)
{
    (void)arg;
    (void)the_store;
    digest_set_add(out, &spared_digest);
}

static void reopen_with(struct store_options options)
{
    struct buf CLEANUP_BUF error = BUF_INIT;

    options.path = store_path;
    store_close(&store);
    assert_int_equal(store_open(&options, &store, &error), 0);
}

static void put_four(struct digest digests[4])
{
    for (int i = 0; i < 4; i++) {
        digests[i] = put_numbered(i, 1000);
        pass_time();
    }
}

static void assert_held(const struct digest *digests, const char *expected)
{
    char held[5] = "";

    for (int i = 0; i < 4; i++)
        held[i] = blob_exists(store, &digests[i]) ? 'x' : '-';
    assert_string_equal(held, expected);
}

static int64_t preview(int64_t max_size_bytes, int64_t min_free_bytes, int64_t keep_s)
{
    const struct store_options options = {
        .max_size_bytes = max_size_bytes, .min_free_bytes = min_free_bytes, .keep_s = keep_s};

    return store_evict_preview(store, &options, see_size, NULL);
}

static void evict_keeps_what_was_used_lately(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests); /* used 400, 300, 200 and 100 seconds ago */
    assert_int_equal(preview(1000, 0, 250), 1000);
    assert_string_equal(take_seen(), "1000 1000 ");
    store_set_keep(store, 250);
    store_set_limits(store, 1000, 0);
    assert_int_equal(store_evict(store, false), 1000);
    assert_held(digests, "--xx");
    test_clock_pass(100, 0);
    assert_int_equal(store_evict(store, false), 0);
    assert_held(digests, "---x");
}

static void evict_keeps_nothing_on_a_full_disk(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    fake_disk_bytes = 10000; /* of which 6000 are free */
    assert_int_equal(preview(NO_LIMIT, 8500, 3600), 0);
    assert_string_equal(take_seen(), "1000 1000 1000 ");
    store_set_keep(store, 3600);
    store_set_limits(store, 1, 8500); /* the disk asks for three of them, max_size in vain for all */
    assert_int_equal(store_evict(store, false), 999);
    assert_held(digests, "---x");
}

static void evict_spares_what_it_is_told_to(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    spared_digest = digests[1];
    reopen_with((struct store_options){.max_size_bytes = NO_LIMIT, .spare = spare_one});
    assert_int_equal(preview(2000, 0, 0), 0);
    assert_string_equal(take_seen(), "1000 1000 ");
    store_set_limits(store, 2000, 0);
    assert_int_equal(store_evict(store, false), 0);
    assert_held(digests, "-x-x");
    store_set_limits(store, 1, 0);
    assert_int_equal(store_evict(store, false), 999);
    assert_held(digests, "-x--");
    struct store_figures figures;
    store_get_figures(store, &figures);
    assert_int_equal(figures.evicted_blobs, 3);
    assert_int_equal(figures.evicted_bytes, 3000);
}

static struct digest group[2];

/* The two of the group go together; [1] has to wait for [0] of it when `group_waits`. */
static bool group_waits;
static void *begin_groups(struct store *of)
{
    return of;
}

static void end_groups(void *of)
{
    assert_ptr_equal(of, store);
}

static bool add_group(void *of, const struct digest *digest, int64_t used_at_s, struct digest_set *out)
{
    (void)of, (void)used_at_s;
    if (!digest_equal(digest, &group[0]) && !digest_equal(digest, &group[1]))
        return true;
    digest_set_add(out, &group[0]);
    digest_set_add(out, &group[1]);
    return !(group_waits && digest_equal(digest, &group[0]));
}

static const struct store_units groups = {{"part", "whole"}, begin_groups, end_groups, add_group};

static void reopen_with_group(const struct digest *digests)
{
    group[0] = digests[0];
    group[1] = digests[3];
    put_entry("part", "0", "", &group[0]);
    put_entry("part", "1", "", &group[1]);
    reopen_with((struct store_options){.max_size_bytes = NO_LIMIT, .units = &groups});
}

static void evict_takes_together_what_belongs_together(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    group_waits = false;
    reopen_with_group(digests);
    assert_int_equal(preview(3999, 0, 0), 0);
    assert_string_equal(take_seen(), "1000 1000 ");
    store_set_limits(store, 3999, 0);
    assert_int_equal(store_evict(store, false), 0);
    assert_held(digests, "-xx-");
    struct store_figures figures;
    store_get_figures(store, &figures);
    assert_int_equal(figures.evicted_blobs, 2);
    assert_int_equal(figures.bytes, 2000);
}

static void evict_leaves_together_what_is_in_use_in_part(void **state)
{
    (void)state;
    struct digest digests[4];
    struct blob blob;

    put_four(digests);
    group_waits = false;
    reopen_with_group(digests);
    assert_int_equal(blob_open(store, &digests[3], &blob), 0);
    assert_int_equal(preview(3999, 0, 0), 0);
    assert_string_equal(take_seen(), "1000 ");
    store_set_limits(store, 3999, 0);
    assert_int_equal(store_evict(store, false), 0);
    assert_held(digests, "x-xx");
    blob_close(store, &blob);
}

static void evict_passes_what_has_to_wait(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    group_waits = true;
    reopen_with_group(digests);
    store_set_limits(store, 2000, 0);
    assert_int_equal(store_evict(store, false), 0);
    assert_held(digests, "x--x");
}

/* Many steps, and what is asked for meanwhile does not wait for their end. */
static void evict_takes_rests(void **state)
{
    (void)state;
    struct digest digests[300];
    struct removed removed;

    for (int i = 0; i < 300; i++)
        digests[i] = put_numbered(i, 10);
    put_entry("s", "a", "", &digests[299]);
    store_set_limits(store, 1, 0);
    int result = entry_remove(store, "s", "a", &removed);
    assert_true(result == 0 || result == -ENOENT);
    assert_int_equal(store_evict(store, true), 0);
    assert_figures(0, 0, 0);
}

static void evict_at_open_spares(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    spared_digest = digests[0];
    reopen_with((struct store_options){.max_size_bytes = 1000, .spare = spare_one});
    store_flush(store);
    assert_held(digests, "x---");
}

static void preview_passes_what_is_in_use(void **state)
{
    (void)state;
    struct digest digests[4];
    struct blob blob;

    put_four(digests);
    put_numbered(9, 50);
    assert_int_equal(blob_open(store, &digests[0], &blob), 0);
    assert_int_equal(preview(1, 0, 0), 999);
    assert_string_equal(take_seen(), "1000 1000 1000 50 ");
    blob_close(store, &blob);
    assert_held(digests, "xxxx");
}

/* ---- verifying ---- */

static struct blob_verdict verify_with(const struct digest *digest, bool hash, bool repair)
{
    const struct blob_check check = {.hash = hash, .repair = repair};
    struct blob_verdict verdict;

    assert_int_equal(blob_verify(store, digest, &check, &verdict), 0);
    return verdict;
}

static enum blob_fault fault_of(const struct digest *digest)
{
    return verify_with(digest, true, false).fault;
}

static void damage(const struct digest *digest, const char *text)
{
    char *CLEANUP_FREE path = blob_path(digest);

    write_file(path, text, strlen(text));
}

static void verify_finds_nothing_wrong(void **state)
{
    (void)state;
    struct digest digest = put_text("text");
    struct digest absent = {.bytes = {1}};
    struct blob_verdict verdict = verify_with(&digest, true, true);

    assert_int_equal(verdict.fault, BLOB_SOUND);
    assert_int_equal(verdict.size_bytes, 4);
    assert_false(verdict.repaired);
    assert_int_equal(fault_of(&absent), BLOB_NOT_HELD);
    assert_figures(1, 4, 0);
}

static void verify_wrong_bytes(void **state)
{
    (void)state;
    struct digest digest = put_text("text");

    put_entry("s", "a", "", &digest);
    damage(&digest, "tEXt");
    assert_int_equal(verify_with(&digest, false, true).fault, BLOB_SOUND); /* nobody has read it */
    assert_int_equal(fault_of(&digest), BLOB_WRONG_BYTES);
    assert_figures(1, 4, 1);
    struct blob_verdict verdict = verify_with(&digest, true, true);
    assert_true(verdict.repaired && verdict.removed);
    assert_int_equal(fault_of(&digest), BLOB_NOT_HELD);
    assert_figures(0, 0, 0);
}

static void verify_wrong_size(void **state)
{
    (void)state;
    struct digest digest = put_text("text");

    damage(&digest, "tex");
    assert_int_equal(verify_with(&digest, false, false).fault, BLOB_WRONG_SIZE);
    struct blob_verdict verdict = verify_with(&digest, false, true);
    assert_true(verdict.repaired && verdict.removed);
    assert_false(blob_exists(store, &digest));
    assert_figures(0, 0, 0);
}

static void verify_wrong_row(void **state)
{
    (void)state;
    struct digest digest = put_text("text");

    run_sql("UPDATE blob SET size = 7");
    struct blob_verdict verdict = verify_with(&digest, false, true);
    assert_int_equal(verdict.fault, BLOB_WRONG_SIZE);
    assert_true(verdict.repaired && !verdict.removed);
    assert_blob_is(&digest, "text");
    assert_int_equal(query_sql("SELECT size FROM blob"), 4);
}

static void verify_no_file(void **state)
{
    (void)state;
    struct digest digest = put_text("text");
    char *CLEANUP_FREE path = blob_path(&digest);

    put_entry("s", "a", "", &digest);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fault_of(&digest), BLOB_WITHOUT_FILE);
    struct blob_verdict verdict = verify_with(&digest, false, true);
    assert_true(verdict.repaired && verdict.removed);
    assert_figures(0, 0, 0);
}

static void verify_no_row(void **state)
{
    (void)state;
    struct digest right;
    struct digest wrong;

    digest_of("right", 5, &right);
    digest_of("wrong", 5, &wrong);
    damage(&right, "right");
    damage(&wrong, "bytes");
    assert_int_equal(fault_of(&right), BLOB_WITHOUT_ROW);
    assert_int_equal(fault_of(&wrong), BLOB_WITHOUT_ROW);
    assert_figures(0, 0, 0);
    struct blob_verdict verdict = verify_with(&right, false, true);
    assert_true(verdict.repaired && !verdict.removed);
    verdict = verify_with(&wrong, false, true);
    assert_true(verdict.repaired && verdict.removed);
    assert_blob_is(&right, "right");
    assert_false(blob_exists(store, &wrong));
    assert_figures(1, 5, 0);
}

static void verify_repair_from_under_a_reader(void **state)
{
    (void)state;
    struct digest digest = put_text("text");
    struct blob blob;

    assert_int_equal(blob_open(store, &digest, &blob), 0);
    damage(&digest, "tEXt");
    assert_true(verify_with(&digest, true, true).removed);
    blob_close(store, &blob);
    put_text("text");
    assert_int_equal(fault_of(&digest), BLOB_SOUND);
    assert_blob_is(&digest, "text");
}

static void verify_repair_on_a_disk_that_refuses(void **state)
{
    (void)state;
    struct digest digest = put_text("text");
    const struct blob_check check = {.hash = true, .repair = true};
    struct blob_verdict verdict;

    damage(&digest, "tEXt");
    set_fault("unlinkat", "blobs", EROFS);
    assert_int_equal(blob_verify(store, &digest, &check, &verdict), -EROFS);
    clear_fault();
    assert_false(verdict.repaired);
    assert_figures(1, 4, 0);
    assert_int_equal(fault_of(&digest), BLOB_WRONG_BYTES);
}

static int end_at_once(void *bytes, size_t len)
{
    *(size_t *)bytes += len;
    return -1;
}

static void verify_can_be_ended(void **state)
{
    (void)state;
    size_t bytes = 0;
    struct digest digest = put_numbered(1, 1 << 20);
    const struct blob_check check = {.hash = true, .repair = true, .pace = end_at_once, .arg = &bytes};
    struct blob_verdict verdict;

    assert_int_equal(blob_verify(store, &digest, &check, &verdict), -ECANCELED);
    assert_true(bytes > 0 && bytes < 1 << 20);
    assert_true(blob_exists(store, &digest));
}

/* What was read is another file than what is there when the store thread looks: nothing is done to it. */
static int replace_file(void *arg, size_t len)
{
    const struct digest *digest = arg;
    char *CLEANUP_FREE path = blob_path(digest);

    (void)len;
    assert_int_equal(unlink(path), 0);
    damage(digest, "text");
    return 0;
}

static void verify_leaves_a_file_that_came_meanwhile(void **state)
{
    (void)state;
    struct digest digest = put_text("text");
    const struct blob_check check = {.hash = true, .repair = true, .pace = replace_file, .arg = &digest};
    struct blob_verdict verdict;
    char *CLEANUP_FREE path = blob_path(&digest);

    damage(&digest, "tEXt");
    int CLEANUP_CLOSE held = open(path, O_RDONLY); /* or the new file could get the number of the old */
    assert_true(held >= 0);
    assert_int_equal(blob_verify(store, &digest, &check, &verdict), 0);
    assert_int_equal(verdict.fault, BLOB_SOUND);
    assert_blob_is(&digest, "text");
}

static void store_at_a_path(void **state)
{
    (void)state;
    char *CLEANUP_FREE nowhere = path_of("nowhere");

    assert_true(store_exists(store_path));
    assert_false(store_exists(nowhere));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(walk_by_use_begins_with_the_oldest),
        STORE_TEST(walks_take_pages_and_can_be_ended),
        STORE_TEST(walk_finds_rows_and_files),
        STORE_TEST(entries_of_a_blob),
        STORE_TEST(sums_count_shared_blobs_once),
        STORE_TEST(looking_is_no_use),
        STORE_TEST(remove_entry_takes_its_blob_when_it_is_the_last),
        STORE_TEST(remove_entry_of_no_blob),
        STORE_TEST(remove_entry_from_under_a_reader),
        STORE_TEST(remove_entry_stays_when_the_disk_refuses),
        STORE_TEST(remove_waits_for_commits),
        STORE_TEST(remove_blob_by_age),
        STORE_TEST(remove_blobs_as_one),
        STORE_TEST(evict_keeps_what_was_used_lately),
        STORE_TEST(evict_keeps_nothing_on_a_full_disk),
        STORE_TEST(evict_spares_what_it_is_told_to),
        STORE_TEST(evict_takes_together_what_belongs_together),
        STORE_TEST(evict_leaves_together_what_is_in_use_in_part),
        STORE_TEST(evict_passes_what_has_to_wait),
        STORE_TEST(evict_takes_rests),
        STORE_TEST(evict_at_open_spares),
        STORE_TEST(preview_passes_what_is_in_use),
        STORE_TEST(verify_finds_nothing_wrong),
        STORE_TEST(verify_wrong_bytes),
        STORE_TEST(verify_wrong_size),
        STORE_TEST(verify_wrong_row),
        STORE_TEST(verify_no_file),
        STORE_TEST(verify_no_row),
        STORE_TEST(verify_repair_from_under_a_reader),
        STORE_TEST(verify_repair_on_a_disk_that_refuses),
        STORE_TEST(verify_can_be_ended),
        STORE_TEST(verify_leaves_a_file_that_came_meanwhile),
        STORE_TEST(store_at_a_path),
    };

    test_clock_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
