#include "tests/unit/store_fixture.h"

#include "storage/upkeep.h"

#include <glob.h>
#include <pthread.h>

#include "storage/schema.h"
#include "tests/unit/support/sanitized.h"

/* ---- the store is whole: every file hashes to its name and has its row, every row has its file ---- */

static int64_t checked_blobs;

static int check_blob_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
    struct digest named;
    struct digest real;

    if (type != FTW_F)
        return 0;
    char *CLEANUP_FREE data = xmalloc((size_t)st->st_size + 1);
    int CLEANUP_CLOSE fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, data, (size_t)st->st_size + 1), st->st_size);
    digest_of(data, (size_t)st->st_size, &real);
    char *CLEANUP_FREE hex = xasprintf("%.2s%s", path + where->base - 3, path + where->base);
    assert_int_equal(digest_parse(hex, strlen(hex), &named), 0);
    assert_true(digest_equal(&named, &real));
    char *CLEANUP_FREE sql = xasprintf("SELECT coalesce(max(size), -1) FROM blob WHERE digest = x'%s'", hex);
    assert_int_equal(query_sql(sql), st->st_size);
    checked_blobs++;
    return 0;
}

/* Of a closed store. */
static void assert_whole(void)
{
    char *CLEANUP_FREE blobs = path_of("blobs/sha256");

    assert_int_equal(count_parts(), 0);
    checked_blobs = 0;
    assert_int_equal(nftw(blobs, check_blob_file, 16, FTW_PHYS), 0);
    assert_int_equal(query_sql("SELECT count(*) FROM blob"), checked_blobs);
    assert_int_equal(query_sql("SELECT blobs FROM state"), checked_blobs);
    assert_int_equal(query_sql("SELECT bytes = (SELECT coalesce(sum(size), 0) FROM blob) FROM state"), 1);
    assert_int_equal(query_sql("SELECT entries = (SELECT count(*) FROM entry) FROM state"), 1);
    assert_int_equal(query_sql("SELECT count(*) FROM entry WHERE digest IS NOT NULL "
                               "AND digest NOT IN (SELECT digest FROM blob)"),
                     0);
    assert_int_equal(query_sql("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
                     0);
}

/* ---- processes that die ---- */

/* Runs `live` in a child that writes to the pipe what it has been promised. Returns the pipe's other end. */
static int start_child(void (*live)(int promises), pid_t *child)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    *child = fork();
    if (*child == 0) {
        close(ends[0]);
        live(ends[1]);
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

/* Returns true if it ended by itself, false if it was killed. */
static bool wait_for_child(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
        assert_int_equal(WEXITSTATUS(status), 0);
        return true;
    }
    assert_int_equal(WTERMSIG(status), SIGKILL);
    return false;
}

/* Opens the store again and asks for every blob that was promised. */
static void assert_kept_promises(int promises)
{
    struct digest digest;

    open_store();
    while (read(promises, &digest, sizeof(digest)) == (ssize_t)sizeof(digest))
        assert_true(blob_exists(store, &digest));
    store_close(&store);
    assert_whole();
}

struct promise {
    struct digest digest;
    int fd;
    _Atomic int done;
};

static void keep_promise(void *arg, int error)
{
    struct promise *promise = arg;

    CHECK(error == 0);
    CHECK(write(promise->fd, &promise->digest, sizeof(promise->digest)) == sizeof(promise->digest));
    atomic_store(&promise->done, 1);
}

static void commit_with_promise(struct promise *promise, int promises, const char *text)
{
    struct blob_writer *writer = begin_blob(text, strlen(text));
    struct entry entry = {.space = "file", .key = text, .scope = "crash"};

    promise->fd = promises;
    digest_of(text, strlen(text), &promise->digest);
    blob_commit(store, &writer, &promise->digest, (int64_t)strlen(text), &entry, 1, keep_promise, promise);
}

/* Every kind of change once: alone, in a group, evicting, entries, closing. */
static void live_once(int promises)
{
    struct promise group[10] = {{.fd = 0}};
    struct entry entry = {.space = "page", .key = "a", .attributes = "text"};

    open_store();
    put_numbered(1, 5000);
    put_numbered(2, 5000);
    entry_put(store, &entry);
    store_set_limits(store, 1000, 0);
    store_flush(store);
    commit_with_promise(&group[0], promises, "alone");
    store_flush(store);
    entry_delete(store, "page", "a");
    for (int i = 1; i < 10; i++) {
        char *CLEANUP_FREE text = xasprintf("group %d", i);
        commit_with_promise(&group[i], promises, text);
    }
    struct blob_writer *writer = begin_blob("never", 5);
    blob_abort(&writer);
    store_close(&store);
}

static int crash_at;

static void live_until_crash(int promises)
{
    atomic_store(&calls_until_crash, crash_at);
    live_once(promises);
}

static void crash_at_every_point_loses_nothing_promised(void **state)
{
    bool ended = false;

    (void)state;
    for (crash_at = 0; !ended; crash_at += STEP_IF_SANITIZED(5)) {
        pid_t child;
        int CLEANUP_CLOSE promises = start_child(live_until_crash, &child);
        ended = wait_for_child(child);
        assert_kept_promises(promises);
        remove_folder_of_test(NULL);
        assert_int_equal(mkdir(store_path, 0755), 0);
    }
    assert_true(crash_at > 50);
}

/* ---- a keeper that dies ---- */

static int mend_one(void *arg, const struct digest *digest)
{
    const struct blob_check check = {.hash = true, .repair = true};
    struct blob_verdict verdict;

    (void)arg;
    return blob_verify(store, digest, &check, &verdict);
}

/* Every kind of fault, and removals, between promises that must be kept. */
static void mend_until_crash(int promises)
{
    struct promise kept[2] = {{.fd = 0}};
    struct removed removed;
    struct digest digests[4];

    open_store();
    for (int i = 0; i < 4; i++)
        digests[i] = put_numbered(i, 5000);
    struct digest stray = {{7}};
    char *CLEANUP_FREE flipped = blob_path(&digests[0]);
    char *CLEANUP_FREE short_one = blob_path(&digests[1]);
    char *CLEANUP_FREE gone = blob_path(&digests[2]);
    char *CLEANUP_FREE unknown = blob_path(&stray);
    write_file(flipped, "wrong", 5);
    CHECK(truncate(flipped, 5000) == 0 && truncate(short_one, 10) == 0 && unlink(gone) == 0);
    write_file(unknown, "stray", 5);
    atomic_store(&calls_until_crash, crash_at);
    commit_with_promise(&kept[0], promises, "kept");
    CHECK(blob_walk(store, mend_one, NULL) == 0);
    CHECK(entry_remove(store, "file", "none", &removed) == -ENOENT);
    CHECK(blob_remove(store, &digests[3], INT64_MAX, &removed) == 0);
    commit_with_promise(&kept[1], promises, "kept too");
    store_close(&store);
}

static void crash_while_mending_loses_nothing_promised(void **state)
{
    bool ended = false;

    (void)state;
    for (crash_at = 0; !ended; crash_at += STEP_IF_SANITIZED(5)) {
        pid_t child;
        int CLEANUP_CLOSE promises = start_child(mend_until_crash, &child);
        ended = wait_for_child(child);
        open_store();
        assert_int_equal(blob_walk(store, mend_one, NULL), 0);
        store_close(&store);
        assert_kept_promises(promises);
        remove_folder_of_test(NULL);
        assert_int_equal(mkdir(store_path, 0755), 0);
    }
    assert_true(crash_at > 10);
}

static void *commit_for_ever(void *arg)
{
    int promises = *(int *)arg;

    for (int i = 0;; i++) {
        struct promise promise = {.fd = promises};
        char *CLEANUP_FREE text = xasprintf("%ld %p %d", (long)getpid(), (void *)&promise, i);
        commit_with_promise(&promise, promises, text);
        store_flush(store);
        CHECK(atomic_load(&promise.done));
    }
    return NULL;
}

static void live_for_ever(int promises)
{
    pthread_t threads[3];

    open_store_with(3000, 0); /* evicts all the time */
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, commit_for_ever, &promises) == 0);
    pthread_join(threads[0], NULL);
}

/* The moment is given by how much the child has done, not by time. */
static void kill_in_the_middle_leaves_a_whole_store(void **state)
{
    struct digest digest;
    unsigned moment = 12345;

    (void)state;
    for (int run = 0; run < 20; run++) {
        pid_t child;
        int CLEANUP_CLOSE promises = start_child(live_for_ever, &child);
        moment = moment * 1103515245 + 12345;
        for (unsigned i = 0; i <= moment / 65536 % 150; i++)
            assert_int_equal(read(promises, &digest, sizeof(digest)), sizeof(digest));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_false(wait_for_child(child));
        open_store();
        store_close(&store);
        assert_whole();
        assert_true(checked_blobs > 0);
    }
}

/* ---- a power cut: the index falls back to an earlier moment, the blobs do not ---- */

static void copy_file(const char *from, const char *to)
{
    char *CLEANUP_FREE data = xmalloc(1 << 22);
    int CLEANUP_CLOSE in = open(from, O_RDONLY);
    ssize_t len = read(in, data, 1 << 22);

    assert_true(len >= 0 && len < 1 << 22);
    write_file(to, data, (size_t)len);
}

static void live_until_power_cut(int promises)
{
    char *CLEANUP_FREE index = path_of("index.db");
    char *CLEANUP_FREE log = path_of("index.db-wal");
    char *CLEANUP_FREE old_index = path_of("old.db");
    char *CLEANUP_FREE old_log = path_of("old.db-wal");
    struct promise promises_made[2];

    open_store();
    commit_with_promise(&promises_made[0], promises, "early");
    store_flush(store);
    copy_file(index, old_index);
    copy_file(log, old_log);
    commit_with_promise(&promises_made[1], promises, "late");
    store_flush(store);
    kill(getpid(), SIGKILL);
}

static void power_cut_keeps_blobs_whose_rows_are_lost(void **state)
{
    pid_t child;

    (void)state;
    int CLEANUP_CLOSE promises = start_child(live_until_power_cut, &child);
    assert_false(wait_for_child(child));
    char *CLEANUP_FREE index = path_of("index.db");
    char *CLEANUP_FREE log = path_of("index.db-wal");
    char *CLEANUP_FREE shared = path_of("index.db-shm");
    char *CLEANUP_FREE old_index = path_of("old.db");
    char *CLEANUP_FREE old_log = path_of("old.db-wal");
    assert_int_equal(rename(old_index, index) | rename(old_log, log) | unlink(shared), 0);
    assert_kept_promises(promises);
    assert_int_equal(checked_blobs, 2);
}

/* If the mark "not clean" could be lost with the rows after it, nobody would look for the blobs. */
static void open_waits_for_the_mark_to_be_durable(void **state)
{
    (void)state;
    store_close(&store);
    set_fault("fdatasync", "index.db-wal", EIO);
    assert_open_fails(store_path, "bring up to date the index");
    assert_true(fault.hits > 0);
}

static void clean_start_looks_at_no_folder(void **state)
{
    (void)state;
    struct digest digest;

    store_close(&store);
    digest_of("stray", 5, &digest);
    char *CLEANUP_FREE path = blob_path(&digest);
    write_file(path, "stray", 5);
    open_store();
    assert_figures(0, 0, 0);
    store_close(&store);
    run_sql("UPDATE state SET clean = 0");
    open_store();
    assert_figures(1, 5, 0);
}

static void unclean_start_drops_rows_without_files(void **state)
{
    (void)state;
    struct entry entry = {.space = "s", .key = "k"};
    struct digest digest;

    assert_int_equal(put_blob_with("gone", 4, &entry, 1, &digest), 0);
    put_text("stays");
    store_close(&store);
    char *CLEANUP_FREE path = blob_path(&digest);
    assert_int_equal(unlink(path), 0);
    run_sql("UPDATE state SET clean = 0, blobs = 77, bytes = 77, entries = 77");
    open_store();
    assert_figures(1, 5, 0);
}

/* ---- lost and broken indexes ---- */

static void put_three(struct digest digests[3])
{
    digests[0] = put_text("one");
    digests[1] = put_text("two");
    digests[2] = put_text("three");
}

static void assert_rebuilt(const struct digest digests[3])
{
    assert_figures(3, 11, 0);
    assert_blob_is(&digests[0], "one");
    assert_blob_is(&digests[1], "two");
    assert_blob_is(&digests[2], "three");
    store_close(&store);
    assert_whole();
}

static int count_corrupt_copies(void)
{
    char *CLEANUP_FREE pattern = path_of("index.db.corrupt-*");
    glob_t found;
    int count = glob(pattern, 0, NULL, &found) == 0 ? (int)found.gl_pathc : 0;

    globfree(&found);
    return count;
}

static void lost_index_is_rebuilt(void **state)
{
    (void)state;
    struct digest digests[3];

    put_three(digests);
    store_close(&store);
    char *CLEANUP_FREE index = path_of("index.db");
    assert_int_equal(unlink(index), 0);
    open_store();
    assert_rebuilt(digests);
    assert_int_equal(count_corrupt_copies(), 0);
}

static void rebuild_ignores_what_is_no_blob(void **state)
{
    (void)state;
    struct digest digests[3];

    put_three(digests);
    store_close(&store);
    char *CLEANUP_FREE index = path_of("index.db");
    char *CLEANUP_FREE note = path_of("blobs/sha256/ab/README");
    char *CLEANUP_FREE upper =
        path_of("blobs/sha256/ab/ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFAB");
    char *CLEANUP_FREE folder =
        path_of("blobs/sha256/ab/abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefab");
    write_file(note, "x", 1);
    write_file(upper, "x", 1);
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(unlink(index), 0);
    open_store();
    assert_figures(3, 11, 0);
    assert_int_equal(access(note, F_OK) | access(upper, F_OK) | access(folder, F_OK), 0);
}

static void empty_index_file_is_rebuilt(void **state)
{
    (void)state;
    struct digest digests[3];

    put_three(digests);
    store_close(&store);
    char *CLEANUP_FREE index = path_of("index.db");
    write_file(index, "", 0);
    open_store();
    assert_rebuilt(digests);
}

static void garbage_index_is_moved_aside(void **state)
{
    (void)state;
    struct digest digests[3];
    char garbage[5000];

    put_three(digests);
    store_close(&store);
    char *CLEANUP_FREE index = path_of("index.db");
    memset(garbage, 0x55, sizeof(garbage));
    write_file(index, garbage, sizeof(garbage));
    open_store();
    assert_rebuilt(digests);
    assert_int_equal(count_corrupt_copies(), 1);
}

static void index_of_another_program_is_moved_aside(void **state)
{
    (void)state;
    struct digest digests[3];

    put_three(digests);
    store_close(&store);
    run_sql("DROP TABLE state; DROP TABLE blob; DROP TABLE entry; CREATE TABLE other (a);"
            "PRAGMA user_version = 0");
    open_store();
    assert_rebuilt(digests);
    assert_int_equal(count_corrupt_copies(), 1);
}

static void index_without_its_tables_is_moved_aside(void **state)
{
    (void)state;
    struct digest digests[3];

    put_three(digests);
    store_close(&store);
    run_sql("DROP TABLE blob");
    open_store();
    assert_rebuilt(digests);
    assert_int_equal(count_corrupt_copies(), 1);
}

/* Overwrites the first page of a table or index. */
static void damage_page_of(const char *name)
{
    char *CLEANUP_FREE sql = xasprintf("SELECT rootpage FROM sqlite_schema WHERE name = '%s'", name);
    char *CLEANUP_FREE path = path_of("index.db");
    int64_t page = query_sql(sql);
    char garbage[4096];
    int CLEANUP_CLOSE fd = open(path, O_WRONLY);

    memset(garbage, 0x55, sizeof(garbage));
    assert_int_equal(pwrite(fd, garbage, sizeof(garbage), (page - 1) * 4096), sizeof(garbage));
}

static void damage_is_found_after_an_unclean_stop(void **state)
{
    (void)state;
    struct digest digests[3];

    put_three(digests);
    store_close(&store);
    run_sql("UPDATE state SET clean = 0");
    damage_page_of("blob_by_use");
    open_store();
    assert_rebuilt(digests);
    assert_int_equal(count_corrupt_copies(), 1);
}

/* After an orderly stop nobody checks; what somebody runs into is mended at the next start. */
static void damage_that_a_reader_finds_is_mended_at_the_next_start(void **state)
{
    (void)state;
    struct entry_read read;
    struct digest digests[3];

    put_three(digests);
    store_close(&store);
    damage_page_of("entry");
    open_store();
    assert_int_equal(entry_get(store, "s", "k", &read), -EIO);
    assert_blob_is(&digests[0], "one");
    reopen_store();
    assert_int_equal(count_corrupt_copies(), 1);
    assert_int_equal(entry_get(store, "s", "k", &read), -ENOENT);
    assert_rebuilt(digests);
}

static void damage_that_the_writer_finds_is_mended_at_the_next_start(void **state)
{
    (void)state;
    struct entry entry = {.space = "s", .key = "k"};
    struct digest digests[3];

    put_three(digests);
    store_close(&store);
    damage_page_of("entry");
    open_store();
    entry_put(store, &entry);
    reopen_store();
    assert_int_equal(count_corrupt_copies(), 1);
    assert_rebuilt(digests);
}

static void newer_index_is_refused(void **state)
{
    (void)state;
    store_close(&store);
    run_sql("PRAGMA user_version = 99");
    assert_open_fails(store_path,
                      "newer version of this program (format 99, this one knows 1); install that version");
    assert_int_equal(count_corrupt_copies(), 0);
    assert_int_equal(query_sql("SELECT count(*) FROM state"), 1);
}

/* ---- leftovers ---- */

static void leftovers_are_swept(void **state)
{
    (void)state;
    char *CLEANUP_FREE part = path_of("tmp/17.part");
    char *CLEANUP_FREE other = path_of("tmp/README");

    store_close(&store);
    write_file(part, "half", 4);
    write_file(other, "x", 1);
    open_store();
    assert_int_equal(count_parts(), 0);
    assert_int_equal(access(other, F_OK), 0);
}

/* ---- migrations ---- */

static const char *const old_steps[] = {"CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7)"};
static const char *const new_steps[] = {"CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7)",
                                        "ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 8",
                                        "UPDATE t SET a = a + b"};
static const char *const bad_steps[] = {"CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7)",
                                        "UPDATE t SET a = 1; UPDATE t SET no_such_column = 1"};

static sqlite3 *open_migrated(const char *path, const char *const *steps, size_t count, int expected)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    sqlite3 *db;
    bool fresh;

    assert_int_equal(schema_open_writer(path, &db, &fresh, &error), SCHEMA_OK);
    assert_int_equal(schema_migrate(db, path, steps, count, &error), expected);
    return db;
}

static void migration_keeps_the_rows_and_a_copy(void **state)
{
    (void)state;
    char *CLEANUP_FREE path = path_of("index.db");
    char *CLEANUP_FREE copy = path_of("index.db.before-3");

    sqlite3_close(open_migrated(path, old_steps, 1, SCHEMA_OK));
    assert_int_equal(access(copy, F_OK), -1);
    sqlite3_close(open_migrated(path, new_steps, 3, SCHEMA_OK));
    assert_int_equal(query_sql("SELECT a FROM t"), 15);
    assert_int_equal(query_sql("PRAGMA user_version"), 3);
    assert_int_equal(rename(copy, path), 0);
    assert_int_equal(query_sql("SELECT a FROM t"), 7);
    assert_int_equal(query_sql("PRAGMA user_version"), 1);
}

static void migration_that_fails_changes_nothing(void **state)
{
    (void)state;
    char *CLEANUP_FREE path = path_of("index.db");

    sqlite3_close(open_migrated(path, old_steps, 1, SCHEMA_OK));
    sqlite3_close(open_migrated(path, bad_steps, 2, SCHEMA_FAILED));
    assert_int_equal(query_sql("SELECT a FROM t"), 7);
    assert_int_equal(query_sql("PRAGMA user_version"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(crash_at_every_point_loses_nothing_promised),
        FOLDER_TEST(crash_while_mending_loses_nothing_promised),
        FOLDER_TEST(kill_in_the_middle_leaves_a_whole_store),
        FOLDER_TEST(power_cut_keeps_blobs_whose_rows_are_lost),
        STORE_TEST(open_waits_for_the_mark_to_be_durable),
        STORE_TEST(clean_start_looks_at_no_folder),
        STORE_TEST(unclean_start_drops_rows_without_files),
        STORE_TEST(lost_index_is_rebuilt),
        STORE_TEST(rebuild_ignores_what_is_no_blob),
        STORE_TEST(empty_index_file_is_rebuilt),
        STORE_TEST(garbage_index_is_moved_aside),
        STORE_TEST(index_of_another_program_is_moved_aside),
        STORE_TEST(index_without_its_tables_is_moved_aside),
        STORE_TEST(damage_is_found_after_an_unclean_stop),
        STORE_TEST(damage_that_a_reader_finds_is_mended_at_the_next_start),
        STORE_TEST(damage_that_the_writer_finds_is_mended_at_the_next_start),
        STORE_TEST(newer_index_is_refused),
        STORE_TEST(leftovers_are_swept),
        FOLDER_TEST(migration_keeps_the_rows_and_a_copy),
        FOLDER_TEST(migration_that_fails_changes_nothing),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
