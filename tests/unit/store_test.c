#include "tests/unit/store_fixture.h"

#include <pthread.h>

/* ---- opening ---- */

static void store_open_makes_the_layout(void **state)
{
    (void)state;
    char *CLEANUP_FREE missing = path_of("a/b");
    struct stat st;

    snprintf(store_path + strlen(store_path), sizeof(store_path) - strlen(store_path), "/a/b");
    open_store();
    assert_int_equal(stat(missing, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
    char *CLEANUP_FREE first = path_of("blobs/sha256/00");
    char *CLEANUP_FREE last = path_of("blobs/sha256/ff");
    char *CLEANUP_FREE index = path_of("index.db");
    assert_int_equal(access(first, F_OK) | access(last, F_OK) | access(index, F_OK), 0);
    store_close(&store);
    store_path[strlen(store_path) - strlen("/a/b")] = '\0';
}

static void store_open_names_the_owner_of_a_locked_store(void **state)
{
    (void)state;
    char *CLEANUP_FREE expected = xasprintf("in use by process %d;", (int)getpid());

    assert_open_fails(store_path, expected);
}

static void store_open_after_close_is_fine(void **state)
{
    (void)state;
    reopen_store();
    put_text("again");
}

static void store_open_refuses_a_file(void **state)
{
    (void)state;
    char *CLEANUP_FREE path = path_of("file");

    write_file(path, "x", 1);
    assert_open_fails(path, "Not a directory; something that is not a folder");
    char *CLEANUP_FREE below = path_of("file/store");
    assert_open_fails(below, "Not a directory; something that is not a folder");
}

/* Root may write anywhere, so a child gives that up. */
static void store_open_refuses_an_unwritable_folder(void **state)
{
    (void)state;
    int status;

    assert_int_equal(chmod(store_path, 0555), 0);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && seteuid(65534) < 0)
            _exit(2);
        assert_open_fails(store_path, "Permission denied; let this user write there");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(store_path, 0755), 0);
}

static void store_open_tells_of_a_full_disk(void **state)
{
    (void)state;
    set_fault("pwrite", "index.db", ENOSPC);
    assert_open_fails(store_path, "free some space on that disk");
    assert_true(fault.hits > 0);
    clear_fault();
    open_store();
}

static void store_open_tells_of_a_read_only_disk(void **state)
{
    (void)state;
    set_fault("pwrite", "/lock", EROFS);
    assert_open_fails(store_path, "Read-only file system; mount that file system read-write");
}

/* ---- blobs ---- */

static void blob_commit_makes_it_readable(void **state)
{
    (void)state;
    struct digest digest = put_text("hello");
    struct stat st;
    char *CLEANUP_FREE path = xasprintf(
        "%s/blobs/sha256/2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", store_path);

    assert_blob_is(&digest, "hello");
    assert_true(blob_exists(store, &digest));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(count_parts(), 0);
    assert_figures(1, 5, 0);
    reopen_store();
    assert_blob_is(&digest, "hello");
    assert_figures(1, 5, 0);
}

static void blob_commit_of_an_empty_file(void **state)
{
    (void)state;
    struct digest digest = put_text("");

    assert_blob_is(&digest, "");
    assert_figures(1, 0, 0);
}

static void blob_commit_twice_counts_once(void **state)
{
    (void)state;
    int64_t commits = counter_get(COUNTER_STORE_COMMITS);
    struct digest digest = put_text("twice");

    put_text("twice");
    assert_blob_is(&digest, "twice");
    assert_figures(1, 5, 0);
    assert_int_equal(counter_get(COUNTER_STORE_COMMITS) - commits, 1);
    assert_int_equal(count_parts(), 0);
}

/* Enough at once for the single sync of the file system, twice the same among them. */
static void blob_commit_in_a_group(void **state)
{
    (void)state;
    struct outcome outcomes[40] = {{0}};
    struct digest digests[40];
    int64_t bytes = 0;

    for (int i = 0; i < 40; i++) {
        char *CLEANUP_FREE text = xasprintf("blob %d", i % 39);
        struct blob_writer *writer = begin_blob(text, strlen(text));
        digest_of(text, strlen(text), &digests[i]);
        bytes += i < 39 ? (int64_t)strlen(text) : 0;
        blob_commit(store, &writer, &digests[i], (int64_t)strlen(text), NULL, 0, note_outcome, &outcomes[i]);
    }
    store_flush(store);
    for (int i = 0; i < 40; i++) {
        char *CLEANUP_FREE text = xasprintf("blob %d", i % 39);
        assert_int_equal(outcomes[i].calls, 1);
        assert_int_equal(outcomes[i].error, 0);
        assert_blob_is(&digests[i], text);
    }
    assert_figures(39, bytes, 0);
    assert_int_equal(count_parts(), 0);
}

static void blob_commit_refuses_a_short_file(void **state)
{
    (void)state;
    struct blob_writer *writer = begin_blob("short", 5);
    struct outcome outcome = {0};
    struct digest digest;

    digest_of("shorter", 7, &digest);
    blob_commit(store, &writer, &digest, 7, NULL, 0, note_outcome, &outcome);
    store_flush(store);
    assert_int_equal(outcome.error, -EIO);
    assert_false(blob_exists(store, &digest));
    assert_int_equal(count_parts(), 0);
    assert_figures(0, 0, 0);
}

static void blob_commit_gives_preallocated_space_back(void **state)
{
    (void)state;
    struct blob_writer *writer;
    struct digest digest;
    struct stat st;

    assert_int_equal(blob_begin(store, 8 << 20, &writer), 0);
    assert_int_equal(blob_write(writer, 0, "small", 5), 0);
    digest_of("small", 5, &digest);
    blob_commit(store, &writer, &digest, 5, NULL, 0, NULL, NULL);
    store_flush(store);
    char *CLEANUP_FREE path = blob_path(&digest);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_blocks * 512 < 1 << 20);
}

static void blob_abort_leaves_nothing(void **state)
{
    (void)state;
    struct blob_writer *writer = begin_blob("nothing", 7);

    assert_int_equal(count_parts(), 1);
    blob_abort(&writer);
    assert_null(writer);
    blob_abort(&writer);
    store_flush(store);
    assert_int_equal(count_parts(), 0);
    assert_figures(0, 0, 0);
}

static void blob_writer_fd_reads_the_growing_file(void **state)
{
    (void)state;
    struct blob_writer *writer = begin_blob("growing", 7);
    char data[8] = "";

    int CLEANUP_CLOSE fd = dup(blob_writer_fd(writer));
    assert_int_equal(pread(fd, data, 7, 0), 7);
    assert_string_equal(data, "growing");
    blob_abort(&writer);
    store_flush(store);
    assert_int_equal(pread(fd, data, 7, 0), 7);
}

static void blob_open_of_nothing(void **state)
{
    (void)state;
    struct digest digest = {{1}};
    struct blob blob;

    assert_int_equal(blob_open(store, &digest, &blob), -ENOENT);
    assert_false(blob_exists(store, &digest));
    blob_close(store, &blob);
}

/* Both: the file is gone, or not as long as its row says. */
static void blob_open_drops_the_row_of_a_broken_file(void **state)
{
    (void)state;
    struct digest digests[2];
    struct entry entry = {.space = "page", .key = "k"};
    struct blob blob;

    assert_int_equal(put_blob_with("gone", 4, &entry, 1, &digests[0]), 0);
    entry.key = "l";
    assert_int_equal(put_blob_with("short", 5, &entry, 1, &digests[1]), 0);
    char *CLEANUP_FREE gone = blob_path(&digests[0]);
    char *CLEANUP_FREE cut = blob_path(&digests[1]);
    assert_int_equal(unlink(gone) | truncate(cut, 3), 0);
    assert_figures(2, 9, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(blob_open(store, &digests[i], &blob), -ENOENT);
        store_flush(store);
        assert_false(blob_exists(store, &digests[i]));
    }
    assert_figures(0, 0, 0);
    put_text("short");
    assert_blob_is(&digests[1], "short");
}

static void blob_read_refuses_what_is_too_large(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF data = BUF_INIT;
    struct digest digest = put_text("four");

    assert_int_equal(blob_read(store, &digest, 3, &data), -EFBIG);
    assert_int_equal(blob_read(store, &digest, 4, &data), 0);
    assert_string_equal(data.data, "four");
}

/* ---- entries ---- */

static void put_entry(const char *space, const char *key, const char *scope, const char *attributes)
{
    struct entry entry = {
        .space = space, .key = key, .scope = scope, .attributes = attributes, .confirmed_at_s = 100};

    entry_put(store, &entry);
}

static void entry_put_and_get(void **state)
{
    (void)state;
    struct entry_read read;

    assert_int_equal(entry_get(store, "page", "flask", &read), -ENOENT);
    entry_release(&read);
    put_entry("page", "flask", "pypi", "etag=1");
    store_flush(store);
    assert_int_equal(entry_get(store, "page", "flask", &read), 0);
    assert_string_equal(read.entry.space, "page");
    assert_string_equal(read.entry.key, "flask");
    assert_string_equal(read.entry.scope, "pypi");
    assert_string_equal(read.entry.attributes, "etag=1");
    assert_int_equal(read.entry.confirmed_at_s, 100);
    assert_false(read.entry.has_digest);
    entry_release(&read);
    assert_int_equal(entry_get(store, "file", "flask", &read), -ENOENT);
    assert_figures(0, 0, 1);
}

static void entry_put_replaces(void **state)
{
    (void)state;
    struct digest digest = {{7}};
    struct entry entry = {.space = "s", .key = "k", .has_digest = true, .digest = digest, .size_bytes = 12};
    struct entry_read read;

    put_entry("s", "k", "scope", "old");
    entry_put(store, &entry);
    store_flush(store);
    assert_int_equal(entry_get(store, "s", "k", &read), 0);
    assert_string_equal(read.entry.scope, "");
    assert_string_equal(read.entry.attributes, "");
    assert_true(read.entry.has_digest);
    assert_true(digest_equal(&read.entry.digest, &digest));
    assert_int_equal(read.entry.size_bytes, 12);
    assert_int_equal(read.entry.confirmed_at_s, 0);
    entry_release(&read);
    assert_figures(0, 0, 1);
}

static void entries_put_all_at_once(void **state)
{
    (void)state;
    const struct entry entries[] = {
        {.space = "s", .key = "held", .scope = "", .attributes = "new", .size_bytes = -1},
        {.space = "s", .key = "fresh", .scope = "x", .attributes = "", .size_bytes = -1},
    };
    struct entry_read read;

    put_entry("s", "held", "scope", "old");
    assert_int_equal(entries_put(store, entries, 2), 0);
    assert_int_equal(entry_get(store, "s", "held", &read), 0);
    assert_string_equal(read.entry.attributes, "new");
    entry_release(&read);
    assert_int_equal(entry_get(store, "s", "fresh", &read), 0);
    assert_string_equal(read.entry.scope, "x");
    entry_release(&read);
    assert_figures(0, 0, 2);
    assert_int_equal(entries_put(store, NULL, 0), 0);
}

static void entry_confirm_only_moves_the_time(void **state)
{
    (void)state;
    struct entry_read read;

    put_entry("s", "k", "scope", "attributes");
    entry_confirm(store, "s", "k", 200);
    entry_confirm(store, "s", "unknown", 200);
    store_flush(store);
    assert_int_equal(entry_get(store, "s", "k", &read), 0);
    assert_int_equal(read.entry.confirmed_at_s, 200);
    assert_string_equal(read.entry.attributes, "attributes");
    entry_release(&read);
    assert_int_equal(entry_get(store, "s", "unknown", &read), -ENOENT);
}

static void entry_orders_are_done_in_order(void **state)
{
    (void)state;
    struct entry_read read;

    put_entry("s", "gone", "", "1");
    entry_delete(store, "s", "gone");
    put_entry("s", "kept", "", "1");
    entry_delete(store, "s", "kept");
    put_entry("s", "kept", "", "2");
    entry_confirm(store, "s", "kept", 300);
    entry_delete(store, "s", "never was");
    store_flush(store);
    assert_int_equal(entry_get(store, "s", "gone", &read), -ENOENT);
    assert_int_equal(entry_get(store, "s", "kept", &read), 0);
    assert_string_equal(read.entry.attributes, "2");
    assert_int_equal(read.entry.confirmed_at_s, 300);
    entry_release(&read);
    assert_figures(0, 0, 1);
}

static void entry_comes_with_its_blob(void **state)
{
    (void)state;
    struct entry entries[2] = {{.space = "file", .key = "a", .scope = "p"}, {.space = "file", .key = "b"}};
    struct entry_read read;
    struct digest digest;

    assert_int_equal(put_blob_with("wheel", 5, entries, 2, &digest), 0);
    assert_int_equal(entry_get(store, "file", "b", &read), 0);
    assert_true(read.entry.has_digest);
    assert_true(digest_equal(&read.entry.digest, &digest));
    assert_int_equal(read.entry.size_bytes, 5);
    entry_release(&read);
    assert_figures(1, 5, 2);
}

static void blob_put_stores_bytes_under_their_entries(void **state)
{
    (void)state;
    struct entry entry = {.space = "page", .key = "a"};
    struct buf CLEANUP_BUF back = BUF_INIT;
    struct entry_read read;

    assert_int_equal(blob_put(store, "bytes", 5, &entry, 1, NULL, NULL), 0);
    store_flush(store);
    assert_int_equal(entry_get(store, "page", "a", &read), 0);
    assert_int_equal(blob_read(store, &read.entry.digest, 100, &back), 0);
    assert_string_equal(back.data, "bytes");
    entry_release(&read);
}

static void blob_put_tells_what_the_disk_says(void **state)
{
    (void)state;
    struct entry entry = {.space = "page", .key = "a"};

    set_fault("pwrite", "tmp/", ENOSPC);
    assert_int_equal(blob_put(store, "bytes", 5, &entry, 1, NULL, NULL), -ENOSPC);
    clear_fault();
    assert_figures(0, 0, 0);
}

static int join_keys(void *arg, const struct entry *entry)
{
    struct buf *keys = arg;
    struct entry_read read;

    assert_int_equal(entry_get(store, entry->space, entry->key, &read), 0);
    buf_printf(keys, "%s=%s ", entry->key, read.entry.attributes);
    entry_release(&read);
    return strcmp(entry->key, "stop") == 0;
}

static void entry_list_is_ordered_and_of_one_scope(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF keys = BUF_INIT;

    put_entry("file", "c", "flask", "3");
    put_entry("file", "a", "flask", "1");
    put_entry("file", "b", "flask", "2");
    put_entry("file", "x", "django", "4");
    put_entry("page", "y", "flask", "5");
    store_flush(store);
    assert_int_equal(entry_list(store, "file", "flask", join_keys, &keys), 0);
    assert_string_equal(keys.data, "a=1 b=2 c=3 ");
    buf_reset(&keys);
    assert_int_equal(entry_list(store, "file", "none", join_keys, &keys), 0);
    assert_string_equal(keys.data, "");
}

static int count_entry(void *arg, const struct entry *entry)
{
    (void)entry;
    ++*(int *)arg;
    return 0;
}

/* By the index of scopes, not by a walk through the space, which 20,000 entries make 100 times as long as a look-up. */
static void entry_list_costs_as_much_as_the_scope(void **state)
{
    (void)state;
    enum { MANY = 20000, ROUNDS = 50 };
    struct entry *CLEANUP_FREE entries = xcalloc(MANY, sizeof(*entries));
    char(*keys)[16] = xcalloc(MANY, sizeof(*keys));
    struct entry_read read;
    int found = 0;

    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", i);
        entries[i] =
            (struct entry){.space = "file", .key = keys[i], .scope = i ? "large" : "small", .attributes = ""};
    }
    assert_int_equal(entries_put(store, entries, MANY), 0);
    int64_t begun_us = clock_thread_us();
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(entry_get(store, "file", "1", &read), 0);
        entry_release(&read);
    }
    int64_t got_us = clock_thread_us();
    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(entry_list(store, "file", "small", count_entry, &found), 0);
    int64_t listed_us = clock_thread_us();
    assert_int_equal(found, ROUNDS);
    assert_in_range(listed_us - got_us, 0, 10 * (got_us - begun_us) + 1000);
    free(keys);
}

static int join_scopes(void *arg, const char *scope)
{
    buf_printf(arg, "%s ", scope);
    return ((struct buf *)arg)->len >= 8;
}

static void entry_scopes_are_different_and_ordered(void **state)
{
    (void)state;
    static const char *const scopes[] = {"b/x", "a/x", "b/x", "c/x"};
    struct buf CLEANUP_BUF found = BUF_INIT;

    for (int i = 0; i < 4; i++) {
        char key[] = {(char)('0' + i), '\0'};
        struct entry entry = {.space = "manifest", .key = key, .scope = scopes[i]};
        entry_put(store, &entry);
        entry.space = "other";
        entry.scope = "d/x";
        entry_put(store, &entry);
    }
    store_flush(store);
    assert_int_equal(entry_scopes(store, "manifest", "", join_scopes, &found), 0);
    assert_string_equal(found.data, "a/x b/x "); /* it was told to stop there */
    buf_reset(&found);
    assert_int_equal(entry_scopes(store, "manifest", "a/x", join_scopes, &found), 0);
    assert_string_equal(found.data, "b/x c/x ");
    buf_reset(&found);
    assert_int_equal(entry_scopes(store, "manifest", "c/x", join_scopes, &found), 0);
    assert_string_equal(found.data, "");
}

static void entry_list_stops_when_told(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF keys = BUF_INIT;

    put_entry("file", "a", "s", "");
    put_entry("file", "stop", "s", "");
    put_entry("file", "z", "s", "");
    store_flush(store);
    assert_int_equal(entry_list(store, "file", "s", join_keys, &keys), 0);
    assert_string_equal(keys.data, "a= stop= ");
}

static void entry_survives_a_restart(void **state)
{
    (void)state;
    struct entry_read read;

    put_entry("s", "k", "", "kept");
    reopen_store();
    assert_int_equal(entry_get(store, "s", "k", &read), 0);
    assert_string_equal(read.entry.attributes, "kept");
    entry_release(&read);
}

/* ---- many threads ---- */

struct worker {
    pthread_t thread;
    int number;
};

/* Every thread writes blobs of its own and one that all write, and reads all of them back. */
static void *work(void *arg)
{
    struct worker *worker = arg;

    for (int i = 0; i < 30; i++) {
        char *CLEANUP_FREE own = xasprintf("thread %d blob %d", worker->number, i);
        char *CLEANUP_FREE common = xasprintf("common blob %d", i);
        const char *texts[2] = {own, common};
        for (int t = 0; t < 2; t++) {
            struct entry entry = {.space = "s", .key = texts[t], .scope = "all"};
            struct buf CLEANUP_BUF data = BUF_INIT;
            struct entry_read read;
            struct digest digest;
            assert_int_equal(put_blob_with(texts[t], strlen(texts[t]), &entry, 1, &digest), 0);
            assert_int_equal(blob_read(store, &digest, 100, &data), 0);
            assert_string_equal(data.data, texts[t]);
            assert_int_equal(entry_get(store, "s", texts[t], &read), 0);
            entry_release(&read);
        }
    }
    return NULL;
}

static void store_serves_many_threads(void **state)
{
    (void)state;
    struct worker workers[4];
    struct store_figures figures;

    for (int i = 0; i < 4; i++) {
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(workers[i].thread, NULL);
    store_get_figures(store, &figures);
    assert_int_equal(figures.blobs, 4 * 30 + 30);
    assert_int_equal(figures.entries, 4 * 30 + 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(store_open_makes_the_layout),
        STORE_TEST(store_open_names_the_owner_of_a_locked_store),
        STORE_TEST(store_open_after_close_is_fine),
        FOLDER_TEST(store_open_refuses_a_file),
        FOLDER_TEST(store_open_refuses_an_unwritable_folder),
        FOLDER_TEST(store_open_tells_of_a_full_disk),
        FOLDER_TEST(store_open_tells_of_a_read_only_disk),
        STORE_TEST(blob_commit_makes_it_readable),
        STORE_TEST(blob_commit_of_an_empty_file),
        STORE_TEST(blob_commit_twice_counts_once),
        STORE_TEST(blob_commit_in_a_group),
        STORE_TEST(blob_commit_refuses_a_short_file),
        STORE_TEST(blob_commit_gives_preallocated_space_back),
        STORE_TEST(blob_abort_leaves_nothing),
        STORE_TEST(blob_writer_fd_reads_the_growing_file),
        STORE_TEST(blob_open_of_nothing),
        STORE_TEST(blob_open_drops_the_row_of_a_broken_file),
        STORE_TEST(blob_read_refuses_what_is_too_large),
        STORE_TEST(entry_put_and_get),
        STORE_TEST(entry_put_replaces),
        STORE_TEST(entries_put_all_at_once),
        STORE_TEST(entry_confirm_only_moves_the_time),
        STORE_TEST(entry_orders_are_done_in_order),
        STORE_TEST(entry_comes_with_its_blob),
        STORE_TEST(blob_put_stores_bytes_under_their_entries),
        STORE_TEST(blob_put_tells_what_the_disk_says),
        STORE_TEST(entry_list_is_ordered_and_of_one_scope),
        STORE_TEST(entry_scopes_are_different_and_ordered),
        STORE_TEST(entry_list_costs_as_much_as_the_scope),
        STORE_TEST(entry_list_stops_when_told),
        STORE_TEST(entry_survives_a_restart),
        STORE_TEST(store_serves_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
