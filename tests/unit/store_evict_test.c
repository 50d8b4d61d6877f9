#include "tests/unit/store_fixture.h"
#include "tests/unit/support/skip_because.h"
#include "tests/unit/support/test_clock.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

/* ---- a wall clock that the tests move ---- */

/* The store's threads read the clock only while they serve a call, never while the test moves it. */
static void pass_time(void)
{
    store_flush(store);
    test_clock_pass(100, 0);
}

static void use_blob(const struct digest *digest)
{
    struct blob blob;

    assert_int_equal(blob_open(store, digest, &blob), 0);
    blob_close(store, &blob);
}

static void set_limits(int64_t max_size_bytes, int64_t min_free_bytes)
{
    store_set_limits(store, max_size_bytes, min_free_bytes);
    store_flush(store);
}

static void assert_kept(const struct digest *digests, size_t count, const char *expected)
{
    char kept[16] = "";

    CHECK(count < sizeof(kept));
    for (size_t i = 0; i < count; i++)
        kept[i] = blob_exists(store, &digests[i]) ? 'x' : '-';
    assert_string_equal(kept, expected);
}

static void put_four(struct digest digests[4])
{
    for (int i = 0; i < 4; i++) {
        digests[i] = put_numbered(i, 1000);
        pass_time();
    }
}

/* ---- what goes first ---- */

static void evict_takes_the_oldest(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    set_limits(4000, 0);
    assert_kept(digests, 4, "xxxx");
    set_limits(2000, 0);
    assert_kept(digests, 4, "--xx");
    assert_figures(2, 2000, 0);
    set_limits(1999, 0);
    assert_kept(digests, 4, "---x");
}

static void evict_goes_by_use(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    use_blob(&digests[0]);
    pass_time();
    use_blob(&digests[2]);
    set_limits(2000, 0);
    assert_kept(digests, 4, "x-x-");
}

/* A layer that nobody reads any more, but whose image is in use. */
static void evict_goes_by_touch(void **state)
{
    (void)state;
    struct digest digests[4];
    struct digest missing = {.bytes = {1}};

    put_four(digests);
    blob_touch(store, &digests[0]);
    blob_touch(store, &missing);
    set_limits(2000, 0);
    assert_kept(digests, 4, "x--x");
}

static void evict_remembers_uses_over_a_restart(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    use_blob(&digests[0]);
    reopen_store();
    set_limits(1000, 0);
    assert_kept(digests, 4, "x---");
}

static void evict_makes_room_for_a_commit(void **state)
{
    (void)state;
    struct digest digests[4];

    set_limits(3000, 0);
    put_four(digests);
    assert_kept(digests, 4, "-xxx");
    assert_figures(3, 3000, 0);
}

static void evict_at_open(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    store_close(&store);
    open_store_with(1000, 0);
    store_flush(store);
    assert_kept(digests, 4, "---x");
}

static void evict_spares_what_is_being_read(void **state)
{
    (void)state;
    struct digest digests[4];
    struct blob blobs[2];

    put_four(digests);
    assert_int_equal(blob_open(store, &digests[0], &blobs[0]), 0);
    assert_int_equal(blob_open(store, &digests[0], &blobs[1]), 0);
    set_limits(0, 0);
    assert_kept(digests, 4, "x---");
    blob_close(store, &blobs[0]);
    store_flush(store);
    assert_kept(digests, 4, "x---");
    blob_close(store, &blobs[1]);
    store_flush(store);
    assert_kept(digests, 4, "----");
    assert_figures(0, 0, 0);
}

static void evict_takes_the_entries_along(void **state)
{
    (void)state;
    struct entry entries[2] = {{.space = "file", .key = "a"}, {.space = "file", .key = "b"}};
    struct entry alone = {.space = "page", .key = "a"};
    struct entry_read read;
    struct digest digest;

    assert_int_equal(put_blob_with("blob", 4, entries, 2, &digest), 0);
    entry_put(store, &alone);
    set_limits(3, 0);
    assert_int_equal(entry_get(store, "file", "a", &read), -ENOENT);
    assert_int_equal(entry_get(store, "file", "b", &read), -ENOENT);
    assert_int_equal(entry_get(store, "page", "a", &read), 0);
    entry_release(&read);
    assert_figures(0, 0, 1);
}

static void evict_tells_which_entries_went(void **state)
{
    (void)state;
    struct entry entries[2] = {{.space = "file", .key = "a"}, {.space = "file", .key = "b"}};
    struct digest digest;

    assert_int_equal(put_blob_with("blob", 4, entries, 2, &digest), 0);
    assert_false(entry_was_evicted(store, "file", "a"));
    set_limits(3, 0);
    assert_true(entry_was_evicted(store, "file", "a"));
    assert_true(entry_was_evicted(store, "file", "b"));
    assert_false(entry_was_evicted(store, "page", "a"));
    assert_false(entry_was_evicted(store, "file", "c"));
    /* It is held again, and then goes because somebody says so. */
    set_limits(NO_LIMIT, 0);
    assert_int_equal(put_blob_with("blob", 4, entries, 1, &digest), 0);
    entry_delete(store, "file", "a");
    store_flush(store);
    assert_false(entry_was_evicted(store, "file", "a"));
    assert_true(entry_was_evicted(store, "file", "b"));
}

/* The caller may open the blob in done(), before eviction looks. */
static void open_in_done(void *arg, int error)
{
    struct blob *blob = arg;
    struct digest digest = blob->digest;

    assert_int_equal(error, 0);
    assert_int_equal(blob_open(store, &digest, blob), 0);
}

static void evict_leaves_time_to_open_a_new_blob(void **state)
{
    (void)state;
    struct blob_writer *writer = begin_blob("fresh", 5);
    struct blob blob = {.fd = -1};

    digest_of("fresh", 5, &blob.digest);
    fake_disk_bytes = 0;
    store_set_limits(store, NO_LIMIT, 1 << 20); /* can never be reached: everything not in use goes */
    blob_commit(store, &writer, &blob.digest, 5, NULL, 0, open_in_done, &blob);
    store_flush(store);
    assert_true(blob_exists(store, &blob.digest));
    blob_close(store, &blob);
    store_flush(store);
    assert_false(blob_exists(store, &blob.digest));
}

/* ---- how much ---- */

static void evict_keeps_the_books(void **state)
{
    (void)state;
    int64_t evicted = counter_get(COUNTER_STORE_EVICTED);

    for (int i = 0; i < 60; i++)
        put_numbered(i, 100 + (size_t)i * 7);
    set_limits(9000, 0);
    struct store_figures figures;
    store_get_figures(store, &figures);
    assert_true(figures.bytes <= 9000 && figures.bytes > 9000 - 600);
    assert_int_equal(counter_get(COUNTER_STORE_EVICTED) - evicted, 60 - figures.blobs);
    assert_int_equal(counter_get(COUNTER_STORE_BLOBS), figures.blobs);
    assert_int_equal(counter_get(COUNTER_STORE_BYTES), figures.bytes);
    store_close(&store);
    assert_int_equal(query_sql("SELECT count(*) FROM blob"), figures.blobs);
    assert_int_equal(query_sql("SELECT sum(size) FROM blob"), figures.bytes);
    assert_int_equal(query_sql("SELECT blobs FROM state"), figures.blobs);
    assert_int_equal(query_sql("SELECT bytes FROM state"), figures.bytes);
}

static void evict_until_enough_is_free(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    fake_disk_bytes = 10000; /* of which 6000 are free */
    set_limits(NO_LIMIT, 6000);
    assert_kept(digests, 4, "xxxx");
    set_limits(NO_LIMIT, 7500);
    assert_kept(digests, 4, "--xx");
}

static void evict_counts_growing_files(void **state)
{
    (void)state;
    struct digest digests[4];
    char data[1500] = "";

    put_four(digests);
    struct blob_writer *writer = begin_blob(data, sizeof(data));
    set_limits(4000, 0);
    assert_kept(digests, 4, "--xx");
    blob_abort(&writer);
    store_flush(store);
    set_limits(2000, 0);
    assert_kept(digests, 4, "--xx");
}

static void count_done(void *arg, int error)
{
    _Atomic int *count = arg;

    assert_int_equal(error, 0);
    atomic_fetch_add(count, 1);
}

/* More than one step's worth, with commits between the steps. */
static void evict_many_with_commits_between(void **state)
{
    (void)state;
    _Atomic int done = 0;
    int64_t commits = counter_get(COUNTER_STORE_COMMITS);
    struct rlimit files;

    /* A blob that waits to be committed is an open file; users other than root begin with 1,024. */
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 1500; i++) {
            int number = pass * 1500 + i;
            struct blob_writer *writer = begin_blob(&number, sizeof(number));
            struct digest digest;
            digest_of(&number, sizeof(number), &digest);
            blob_commit(store, &writer, &digest, sizeof(number), NULL, 0, count_done, &done);
        }
        if (pass == 0)
            pass_time();
        store_set_limits(store, 1500 * (int64_t)sizeof(int), 0);
    }
    store_flush(store);
    assert_int_equal(done, 3000);
    assert_int_equal(counter_get(COUNTER_STORE_COMMITS) - commits, 3000);
    assert_figures(1500, 1500 * (int64_t)sizeof(int), 0);
    int number = 2999;
    struct digest digest;
    digest_of(&number, sizeof(number), &digest);
    assert_true(blob_exists(store, &digest));
}

/* ---- no room ---- */

static void begin_refuses_what_can_never_fit(void **state)
{
    (void)state;
    struct digest digests[4];
    struct blob_writer *writer;

    put_four(digests);
    set_limits(5000, 0);
    assert_int_equal(blob_begin(store, 5001, &writer), -ENOSPC);
    assert_null(writer);
    store_flush(store);
    assert_kept(digests, 4, "xxxx");
    assert_int_equal(count_parts(), 0);
}

static void begin_asks_for_room(void **state)
{
    (void)state;
    struct digest digests[4];
    struct blob_writer *writer;
    int64_t errors = counter_get(COUNTER_STORE_ERRORS);

    put_four(digests);
    fake_disk_bytes = 5000; /* of which 1000 are free */
    assert_int_equal(blob_begin(store, 4000, &writer), -ENOSPC);
    assert_int_equal(counter_get(COUNTER_STORE_ERRORS) - errors, 1);
    store_flush(store);
    assert_kept(digests, 4, "---x");
    assert_int_equal(blob_begin(store, 4000, &writer), 0);
    blob_abort(&writer);
}

static void begin_evicts_nothing_in_vain(void **state)
{
    (void)state;
    struct digest digests[4];
    struct blob_writer *writer;

    put_four(digests);
    fake_disk_bytes = 5000;
    assert_int_equal(blob_begin(store, 5001, &writer), -ENOSPC);
    store_flush(store);
    assert_kept(digests, 4, "xxxx");
}

static void write_refuses_to_outgrow_the_store(void **state)
{
    (void)state;
    struct blob_writer *writer;

    set_limits(10, 0);
    assert_int_equal(blob_begin(store, -1, &writer), 0);
    assert_int_equal(blob_write(writer, 0, "0123456789", 10), 0);
    assert_int_equal(blob_write(writer, 10, "0", 1), -ENOSPC);
    blob_abort(&writer);
}

static void commit_refuses_what_outgrew_the_store(void **state)
{
    (void)state;
    struct blob_writer *writer = begin_blob("0123456789", 10);
    struct outcome outcome = {0};
    struct digest digest;

    digest_of("0123456789", 10, &digest);
    set_limits(9, 0);
    blob_commit(store, &writer, &digest, 10, NULL, 0, note_outcome, &outcome);
    store_flush(store);
    assert_int_equal(outcome.error, -ENOSPC);
    assert_figures(0, 0, 0);
}

static void write_tells_of_a_full_disk(void **state)
{
    (void)state;
    struct digest digests[4];
    struct blob_writer *writer;

    put_four(digests);
    fake_disk_bytes = 4000;
    assert_int_equal(blob_begin(store, -1, &writer), 0);
    set_fault("pwrite", ".part", ENOSPC);
    assert_int_equal(blob_write(writer, 0, "x", 1), -ENOSPC);
    clear_fault();
    store_flush(store);
    assert_figures(0, 0, 0); /* a step's worth has gone, which is all of so small a store */
    assert_int_equal(blob_write(writer, 0, "x", 1), 0);
    blob_abort(&writer);
}

/* ---- commits that fail, and the next that does not ---- */

static void fail_commit(const char *call, const char *path_part, int error)
{
    struct entry entry = {.space = "s", .key = "k"};
    struct entry_read read;
    struct digest digest;
    int64_t errors = counter_get(COUNTER_STORE_ERRORS);

    put_text("before");
    set_fault(call, path_part, error);
    assert_int_equal(put_blob_with("victim", 6, &entry, 1, &digest), -error);
    assert_true(fault.hits > 0);
    assert_int_equal(counter_get(COUNTER_STORE_ERRORS) - errors, 1);
    clear_fault();
    assert_false(blob_exists(store, &digest));
    assert_int_equal(entry_get(store, "s", "k", &read), -ENOENT);
    assert_int_equal(count_parts(), 0);
    assert_figures(1, 6, 0);
    assert_int_equal(put_blob_with("victim", 6, &entry, 1, &digest), 0);
    assert_blob_is(&digest, "victim");
    assert_figures(2, 12, 1);
}

static void commit_fails_when_the_bytes_find_no_space(void **state)
{
    (void)state;
    fail_commit("fdatasync", ".part", ENOSPC);
}

static void commit_fails_when_the_rename_is_refused(void **state)
{
    (void)state;
    fail_commit("renameat", "/", EROFS);
}

static void commit_fails_when_the_folder_cannot_be_synced(void **state)
{
    (void)state;
    fail_commit("fsync", "/blobs/sha256/", EIO);
}

static void commit_fails_when_the_index_finds_no_space(void **state)
{
    (void)state;
    fail_commit("pwrite", "index.db-wal", ENOSPC);
}

static void commit_fails_alone(void **state)
{
    (void)state;
    struct outcome outcomes[2] = {{0}};
    struct blob_writer *writers[2] = {begin_blob("good", 4), begin_blob("bad!", 4)};
    struct digest digests[2];

    digest_of("good", 4, &digests[0]);
    digest_of("bad!", 4, &digests[1]);
    char *CLEANUP_FREE path = blob_path(&digests[1]);
    set_fault("renameat", strrchr(path, '/') + 1, ENOSPC);
    for (int i = 0; i < 2; i++)
        blob_commit(store, &writers[i], &digests[i], 4, NULL, 0, note_outcome, &outcomes[i]);
    store_flush(store);
    assert_int_equal(outcomes[0].error, 0);
    assert_int_equal(outcomes[1].error, -ENOSPC);
    assert_figures(1, 4, 0);
}

/* A file that could not be taken back is found at the next start. */
static void commit_that_cannot_be_undone_is_reconciled(void **state)
{
    (void)state;
    struct blob_writer *writer = begin_blob("stuck", 5);
    struct outcome outcome = {0};
    struct digest digest;

    digest_of("stuck", 5, &digest);
    char *CLEANUP_FREE path = blob_path(&digest);
    run_sql("CREATE TRIGGER refuse BEFORE INSERT ON blob BEGIN SELECT RAISE(ABORT, 'refused'); END");
    set_fault("unlinkat", strrchr(path, '/') + 1, EROFS);
    blob_commit(store, &writer, &digest, 5, NULL, 0, note_outcome, &outcome);
    store_flush(store);
    assert_true(outcome.error < 0);
    assert_true(blob_exists(store, &digest));
    assert_figures(0, 0, 0);
    clear_fault();
    run_sql("DROP TRIGGER refuse");
    reopen_store();
    assert_figures(1, 5, 0);
}

static void evict_survives_a_disk_that_refuses(void **state)
{
    (void)state;
    struct digest digests[4];

    put_four(digests);
    set_fault("unlinkat", "/", EROFS);
    set_limits(2000, 0);
    assert_kept(digests, 4, "xxxx");
    assert_figures(4, 4000, 0);
    clear_fault();
    store_flush(store);
    assert_kept(digests, 4, "--xx");
}

/* ---- a real small disk ---- */

/* Runs in a child with mounts of its own. */
static void use_small_disk(void)
{
    struct store_figures figures;
    char *CLEANUP_FREE data = xcalloc(1, 300000);
    int refused = 0;

    CHECK(mount("none", store_path, "tmpfs", 0, "size=2m") == 0);
    open_store();
    for (int i = 0; i < 20; i++) {
        struct blob_writer *writer;
        struct digest digest;
        memcpy(data, &i, sizeof(i));
        digest_of(data, 300000, &digest);
        int error = blob_begin(store, -1, &writer);
        if (!error)
            error = blob_write(writer, 0, data, 300000);
        if (error) {
            CHECK(error == -ENOSPC);
            refused++;
            blob_abort(&writer);
        } else {
            blob_commit(store, &writer, &digest, 300000, NULL, 0, NULL, NULL);
        }
        store_flush(store);
    }
    store_get_figures(store, &figures);
    CHECK(refused > 0 && figures.blobs > 0);
    store_close(&store);
    CHECK(mount("none", store_path, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
    assert_open_fails(store_path, "Read-only file system");
    CHECK(mount("none", store_path, NULL, MS_REMOUNT, "size=2m") == 0);
    open_store();
    store_close(&store);
}

static bool tell(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool told = fd >= 0 && write(fd, text, strlen(text)) > 0;

    if (fd >= 0)
        close(fd);
    return told;
}

/* Mounts of its own. Who is not root becomes it in a user namespace: whoever is not mapped there can make no file. */
static bool may_mount(void)
{
    char users[32], groups[32];
    bool root = geteuid() == 0;

    snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
    return unshare(root ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           (root || (tell("/proc/self/setgroups", "deny") && tell("/proc/self/gid_map", groups) &&
                     tell("/proc/self/uid_map", users))) &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void store_lives_on_a_disk_that_is_full(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (!may_mount())
            _exit(77);
        use_small_disk();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        SKIP_BECAUSE("no mounts"); /* the injected faults above cover the same ways */
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(evict_takes_the_oldest),
        STORE_TEST(evict_goes_by_use),
        STORE_TEST(evict_goes_by_touch),
        STORE_TEST(evict_remembers_uses_over_a_restart),
        STORE_TEST(evict_makes_room_for_a_commit),
        STORE_TEST(evict_at_open),
        STORE_TEST(evict_spares_what_is_being_read),
        STORE_TEST(evict_takes_the_entries_along),
        STORE_TEST(evict_tells_which_entries_went),
        STORE_TEST(evict_leaves_time_to_open_a_new_blob),
        STORE_TEST(evict_keeps_the_books),
        STORE_TEST(evict_until_enough_is_free),
        STORE_TEST(evict_counts_growing_files),
        STORE_TEST(evict_many_with_commits_between),
        STORE_TEST(begin_refuses_what_can_never_fit),
        STORE_TEST(begin_asks_for_room),
        STORE_TEST(begin_evicts_nothing_in_vain),
        STORE_TEST(write_refuses_to_outgrow_the_store),
        STORE_TEST(commit_refuses_what_outgrew_the_store),
        STORE_TEST(write_tells_of_a_full_disk),
        STORE_TEST(commit_fails_when_the_bytes_find_no_space),
        STORE_TEST(commit_fails_when_the_rename_is_refused),
        STORE_TEST(commit_fails_when_the_folder_cannot_be_synced),
        STORE_TEST(commit_fails_when_the_index_finds_no_space),
        STORE_TEST(commit_fails_alone),
        STORE_TEST(commit_that_cannot_be_undone_is_reconciled),
        STORE_TEST(evict_survives_a_disk_that_refuses),
        FOLDER_TEST(store_lives_on_a_disk_that_is_full),
    };

    test_clock_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
