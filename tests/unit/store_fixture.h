/* What the store's tests share: a folder of their own, blobs in one line, and faults in the system calls that
 * make things durable.
 *
 * Faults: this program's own fdatasync(), renameat(), ... stand before the C library's, for our code and for
 * SQLite. A fault makes one kind of call fail on files whose path contains a text; a crash point kills the
 * process at the n-th call of any kind. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/layout.h"
#include "storage/store.h"

#define NO_LIMIT INT64_MAX

/* ---- faults ---- */

static struct {
    _Atomic int error; /* 0: no fault is set */
    const char *call;
    const char *path_part;
    _Atomic int hits;
} fault;
static _Atomic int calls_until_crash = -1; /* < 0: never */
static _Atomic int64_t fake_disk_bytes =
    -1; /* free space is this less the store's bytes; < 0: the real one */

static inline void set_fault(const char *call, const char *path_part, int error)
{
    fault.call = call;
    fault.path_part = path_part;
    atomic_store(&fault.hits, 0);
    atomic_store(&fault.error, error);
}

static inline void clear_fault(void)
{
    atomic_store(&fault.error, 0);
}

/* Returns true with errno set where the call shall fail. */
static inline bool is_faulty(const char *call, int fd, const char *name)
{
    char link[64];
    char path[PATH_MAX] = "";

    if (atomic_load(&calls_until_crash) >= 0 && atomic_fetch_sub(&calls_until_crash, 1) == 0)
        kill(getpid(), SIGKILL);
    int error = atomic_load(&fault.error);
    if (!error || strcmp(call, fault.call) != 0)
        return false;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path) - 1);
    path[len > 0 ? len : 0] = '\0';
    if (!strstr(path, fault.path_part) && !(name && strstr(name, fault.path_part)))
        return false;
    atomic_fetch_add(&fault.hits, 1);
    errno = error;
    return true;
}

int fdatasync(int fd)
{
    return is_faulty("fdatasync", fd, NULL) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return is_faulty("fsync", fd, NULL) ? -1 : (int)syscall(SYS_fsync, fd);
}

int syncfs(int fd)
{
    return is_faulty("syncfs", fd, NULL) ? -1 : (int)syscall(SYS_syncfs, fd);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return is_faulty("renameat", to_fd, to) ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int unlinkat(int fd, const char *name, int flags)
{
    return is_faulty("unlinkat", fd, name) ? -1 : (int)syscall(SYS_unlinkat, fd, name, flags);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    return is_faulty("pwrite", fd, NULL) ? -1 : syscall(SYS_pwrite64, fd, data, len, offset);
}

int fstatvfs(int fd, struct statvfs *out)
{
    (void)fd;
    *out = (struct statvfs){.f_frsize = 1};
    out->f_bavail = (fsblkcnt_t)(atomic_load(&fake_disk_bytes) < 0
                                     ? INT64_MAX / 2
                                     : atomic_load(&fake_disk_bytes) - counter_get(COUNTER_STORE_BYTES));
    return 0;
}

/* ---- a folder of the test's own ---- */

static char store_path[64];
static struct store *store;

static inline void open_store_with(int64_t max_size_bytes, int64_t min_free_bytes)
{
    struct store_options options = {
        .path = store_path, .max_size_bytes = max_size_bytes, .min_free_bytes = min_free_bytes};
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (store_open(&options, &store, &error) < 0)
        fail_msg("store_open: %s", error.data);
}

static inline void open_store(void)
{
    open_store_with(NO_LIMIT, 0);
}

static inline void reopen_store(void)
{
    store_close(&store);
    open_store();
}

/* Opening must fail; the sentence must contain `expected`. */
static inline void assert_open_fails(const char *path, const char *expected)
{
    struct store_options options = {.path = path, .max_size_bytes = NO_LIMIT};
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct store *refused = NULL;

    assert_true(store_open(&options, &refused, &error) < 0);
    assert_null(refused);
    if (!strstr(error.data, expected))
        fail_msg("'%s' is not in: %s", expected, error.data);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static inline int make_folder_of_test(void **state)
{
    (void)state;
    /* Memory where there is some: thousands of syncs, and no power cut to survive. */
    snprintf(store_path, sizeof(store_path), "%s/yizhan-store-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(store_path) ? 0 : -1;
}

static inline int remove_folder_of_test(void **state)
{
    (void)state;
    clear_fault();
    atomic_store(&fake_disk_bytes, -1);
    store_close(&store);
    return nftw(store_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int setup(void **state)
{
    if (make_folder_of_test(state) < 0)
        return -1;
    open_store();
    return 0;
}

#define STORE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, remove_folder_of_test)
#define FOLDER_TEST(function) \
    cmocka_unit_test_setup_teardown(function, make_folder_of_test, remove_folder_of_test)

static inline char *path_of(const char *name)
{
    return xasprintf("%s/%s", store_path, name);
}

static inline char *blob_path(const struct digest *digest)
{
    char name[LAYOUT_NAME_SIZE];

    layout_blob_name(digest, name);
    return xasprintf("%s/blobs/sha256/%s", store_path, name);
}

static inline void write_file(const char *path, const void *data, size_t len)
{
    int CLEANUP_CLOSE fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
}

static inline int count_parts(void)
{
    char *CLEANUP_FREE tmp = path_of("tmp");
    DIR *folder = opendir(tmp);
    int count = 0;

    assert_non_null(folder);
    for (struct dirent *item; (item = readdir(folder));)
        count += text_ends(item->d_name, ".part");
    closedir(folder);
    return count;
}

/* ---- blobs ---- */

struct outcome {
    int calls;
    int error;
};

static inline void note_outcome(void *arg, int error)
{
    struct outcome *outcome = arg;

    outcome->calls++;
    outcome->error = error;
}

static inline struct blob_writer *begin_blob(const void *data, size_t len)
{
    struct blob_writer *writer;

    assert_int_equal(blob_begin(store, (int64_t)len, &writer), 0);
    assert_int_equal(blob_write(writer, 0, data, len), 0);
    return writer;
}

/* Commits and waits. Returns what done() was told. */
static inline int put_blob_with(const void *data, size_t len, const struct entry *entries, size_t entry_count,
                                struct digest *digest)
{
    struct blob_writer *writer = begin_blob(data, len);
    struct outcome outcome = {0};

    digest_of(data, len, digest);
    blob_commit(store, &writer, digest, (int64_t)len, entries, entry_count, note_outcome, &outcome);
    assert_null(writer);
    store_flush(store);
    assert_int_equal(outcome.calls, 1);
    return outcome.error;
}

static inline struct digest put_text(const char *text)
{
    struct digest digest;

    assert_int_equal(put_blob_with(text, strlen(text), NULL, 0, &digest), 0);
    return digest;
}

/* A blob of `len` bytes that begins with the number and is therefore like no other. */
static inline struct digest put_numbered(int number, size_t len)
{
    char *CLEANUP_FREE data = xcalloc(1, len);
    struct digest digest;

    memcpy(data, &number, sizeof(number));
    assert_int_equal(put_blob_with(data, len, NULL, 0, &digest), 0);
    return digest;
}

static inline void assert_blob_is(const struct digest *digest, const char *text)
{
    struct buf CLEANUP_BUF data = BUF_INIT;

    assert_int_equal(blob_read(store, digest, 1 << 20, &data), 0);
    assert_string_equal(data.data, text);
}

static inline void assert_figures(int64_t blobs, int64_t bytes, int64_t entries)
{
    struct store_figures figures;

    store_get_figures(store, &figures);
    assert_int_equal(figures.blobs, blobs);
    assert_int_equal(figures.bytes, bytes);
    assert_int_equal(figures.entries, entries);
}

/* ---- the index, looked at from outside ---- */

static inline void run_sql(const char *sql)
{
    char *CLEANUP_FREE path = path_of("index.db");
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static inline int64_t query_sql(const char *sql)
{
    char *CLEANUP_FREE path = path_of("index.db");
    sqlite3_stmt *statement;
    sqlite3 *db;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

#endif
