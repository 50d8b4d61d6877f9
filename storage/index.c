/* Owns: the writing connection, its statements, and the totals. Only the store thread calls these functions
 * while it runs.
 *
 * Totals: `totals` includes the changes of the open transaction, `committed` does not; a rollback returns to
 * it.
 *
 * Damage: opening checks what it can afford. A file that SQLite refuses, that is not our schema, or that
 * fails quick_check after an unclean stop is moved aside and built again from the blobs, since losing the
 * index costs names and times, not blobs. Damage found later only sets `damaged`: the store serves on, and
 * the missing mark makes the next start look. */
#include "storage/index.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "storage/schema.h"

/* Prepared once, when the index is opened. Rows are compared with a position as a pair (used_at, digest),
 * so that of many blobs of the same second none is skipped or seen twice; blob_by_use serves that without
 * sorting. */
#define STATEMENT_TABLE(X)                                                                        \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                   \
    X(COMMIT, "COMMIT")                                                                           \
    X(ROLLBACK, "ROLLBACK")                                                                       \
    X(GET_STATE, "SELECT clean, blobs, bytes, entries FROM state WHERE id = 1")                   \
    X(SET_TOTALS, "UPDATE state SET blobs = ?1, bytes = ?2, entries = ?3 WHERE id = 1")           \
    X(SET_CLEAN, "UPDATE state SET clean = ?1 WHERE id = 1")                                      \
    X(GET_BLOB, "SELECT size, used_at FROM blob WHERE digest = ?1")                               \
    X(ADD_BLOB, "INSERT INTO blob (digest, size, added_at, used_at) VALUES (?1, ?2, ?3, ?3)")     \
    X(RESIZE_BLOB, "UPDATE blob SET size = ?2 WHERE digest = ?1")                                 \
    X(REMOVE_BLOB, "DELETE FROM blob WHERE digest = ?1")                                          \
    X(REMOVE_BLOB_ENTRIES, "DELETE FROM entry WHERE digest = ?1")                                 \
    X(USE_BLOB, "UPDATE blob SET used_at = ?2 WHERE digest = ?1 AND used_at < ?2")                \
    X(CHANGE_ENTRY, "UPDATE entry SET scope = ?3, digest = ?4, size = ?5, confirmed_at = ?6, "    \
                    "attributes = ?7 WHERE space = ?1 AND key = ?2")                              \
    X(ADD_ENTRY, "INSERT INTO entry (space, key, scope, digest, size, confirmed_at, attributes) " \
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                           \
    X(CONFIRM_ENTRY, "UPDATE entry SET confirmed_at = ?3 WHERE space = ?1 AND key = ?2")          \
    X(DELETE_ENTRY, "DELETE FROM entry WHERE space = ?1 AND key = ?2")                            \
    X(ENTRY_DIGEST, "SELECT digest FROM entry WHERE space = ?1 AND key = ?2")                     \
    X(BLOB_NAMES, "SELECT space, key FROM entry WHERE digest = ?1")                               \
    X(NAMES_BLOB, "SELECT 1 FROM entry WHERE digest = ?1 LIMIT 1")                                \
    X(IS_IN_SPACES, "SELECT 1 FROM entry WHERE digest = ?1 AND space IN (?2, ?3) LIMIT 1")        \
    X(COUNT_ENTRIES, "SELECT count(*) FROM entry")                                                \
    X(OLDEST_BLOBS, "SELECT digest, size, used_at FROM blob "                                     \
                    "WHERE (used_at, digest) > (?1, ?2) ORDER BY used_at, digest LIMIT ?3")       \
    X(FOLDER_BLOBS, "SELECT digest, size, used_at FROM blob "                                     \
                    "WHERE digest BETWEEN ?1 AND ?2 ORDER BY digest")

enum statement_id {
#define X(id, sql) STATEMENT_##id,
    STATEMENT_TABLE(X)
#undef X
        STATEMENTS
};

static const char *const statement_sql[] = {
#define X(id, sql) sql,
    STATEMENT_TABLE(X)
#undef X
};

struct index {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct store_figures totals;
    struct store_figures committed;
    bool damaged; /* SQLite said so; stays, and the next start looks */
};

/* ---- statements ---- */

/* Statements are reset on every way out: one that is not keeps a read transaction open after COMMIT, which
 * no checkpoint passes. */
#define CLEANUP_STATEMENT __attribute__((cleanup(reset_statement)))

static void reset_statement(sqlite3_stmt **statement)
{
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
}

/* Returns 1 for a row, 0 at the end, or negative errno. */
static int index_step(struct index *index, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);

    if (result == SQLITE_ROW)
        return 1;
    if (result == SQLITE_DONE)
        return 0;
    if (schema_is_damage(result) && !index->damaged) {
        index->damaged = true;
        log_error("store: the index is damaged (%s); restart to have it rebuilt from the blobs",
                  sqlite3_errmsg(index->db));
    }
    return schema_error(index->db, result);
}

/* SQLITE_STATIC: bound values are the caller's memory, not copied. The caller's statement is reset and its
 * bindings are cleared before the caller returns (CLEANUP_STATEMENT), so none of them dangles. */
static void index_bind_digest(sqlite3_stmt *statement, int column, const struct digest *digest)
{
    sqlite3_bind_blob(statement, column, digest->bytes, sizeof(digest->bytes), SQLITE_STATIC);
}

static void index_bind_text(sqlite3_stmt *statement, int column, const char *text)
{
    sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
}

static int index_run(struct index *index, enum statement_id id)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[id];

    return index_step(index, statement);
}

/* ---- opening ---- */

static void close_connection(struct index *index)
{
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(index->statements[i]);
    CHECK(sqlite3_close(index->db) == SQLITE_OK);
    free(index);
}

static int read_state(struct index *index, bool *clean)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_GET_STATE];

    if (index_step(index, statement) != 1)
        return -EIO;
    *clean = sqlite3_column_int64(statement, 0) != 0;
    index->totals.blobs = sqlite3_column_int64(statement, 1);
    index->totals.bytes = sqlite3_column_int64(statement, 2);
    index->totals.entries = sqlite3_column_int64(statement, 3);
    index->committed = index->totals;
    return 0;
}

/* One attempt. A file without our tables counts as damaged: it can be rebuilt from the blobs. */
static enum schema_result index_try_open(const char *path, struct index **out,
                                         enum index_condition *condition, struct buf *error)
{
    struct index *index = xcalloc(1, sizeof(*index));
    bool fresh = false;
    bool clean = false;
    enum schema_result result = schema_open_writer(path, &index->db, &fresh, error);

    if (result == SCHEMA_OK)
        result = schema_migrate(index->db, path, schema_steps, schema_step_count, error);
    for (int i = 0; result == SCHEMA_OK && i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(index->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &index->statements[i], NULL) != SQLITE_OK) {
            buf_set(error, "%s", sqlite3_errmsg(index->db));
            result = SCHEMA_DAMAGED;
        }
    if (result == SCHEMA_OK && read_state(index, &clean) < 0) {
        buf_set(error, "its state cannot be read");
        result = SCHEMA_DAMAGED;
    }
    if (result == SCHEMA_OK && !clean && !fresh && !schema_is_sound(index->db)) {
        buf_set(error, "the check after an unclean stop failed");
        result = SCHEMA_DAMAGED;
    }
    if (result != SCHEMA_OK) {
        close_connection(index);
        return result;
    }
    *condition = fresh ? INDEX_NEW : clean ? INDEX_CLEAN : INDEX_UNCLEAN;
    *out = index;
    return SCHEMA_OK;
}

/* Keeps the damaged file for the administrator: tools may get entries out of it. The log goes with it, or
 * SQLite might replay it into the new file. Returns 0, or -1 with errno. */
static int index_move_aside(const char *path, const char *reason)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    int64_t now_s = clock_wall_s();

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        char *CLEANUP_FREE from = xasprintf("%s%s", path, suffixes[i]);
        char *CLEANUP_FREE to = xasprintf("%s.corrupt-%" PRId64 "%s", path, now_s, suffixes[i]);
        if (rename(from, to) < 0 && errno != ENOENT)
            return -1;
    }
    log_error("store: the index %s is damaged (%s); moved aside as %s.corrupt-%" PRId64
              ", a new one is built from the blobs",
              path, reason, path, now_s);
    return 0;
}

int index_open(const char *path, struct index **out, enum index_condition *condition, struct buf *error)
{
    enum schema_result result = index_try_open(path, out, condition, error);

    if (result != SCHEMA_DAMAGED)
        return result == SCHEMA_OK ? 0 : -1;
    if (index_move_aside(path, error->data) < 0) {
        buf_set(error, "cannot move the damaged index %s aside: %s; move it away by hand", path,
                strerror(errno));
        return -1;
    }
    /* Now there is no file, so a second failure is the disk's. */
    return index_try_open(path, out, condition, error) == SCHEMA_OK ? 0 : -1;
}

void index_close(struct index **index_)
{
    struct index *index = take_ptr(index_);

    if (!index)
        return;
    /* With the log emptied, index.db alone is the index, for whoever copies the file. */
    int result = sqlite3_wal_checkpoint_v2(index->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (result != SQLITE_OK)
        log_warn("store: cannot write the index's log back into the index: %s; the next start does it",
                 sqlite3_errmsg(index->db));
    close_connection(index);
}

int index_mark_clean(struct index *index, bool clean)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_SET_CLEAN];

    /* With synchronous=NORMAL a power cut could take "unclean" and the rows that followed back, but not
     * their blobs: an index that wrongly claims to agree with the disk. So wait for the disk this once. */
    sqlite3_exec(index->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    sqlite3_bind_int(statement, 1, clean);
    int error = index_step(index, statement);
    sqlite3_exec(index->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    return error;
}

bool index_is_damaged(const struct index *index)
{
    return index->damaged;
}

/* ---- transactions ---- */

int index_begin(struct index *index)
{
    return index_run(index, STATEMENT_BEGIN);
}

/* In the transaction of the rows that they count, so that a crash leaves both or neither. */
static int save_totals(struct index *index)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_SET_TOTALS];

    if (memcmp(&index->totals, &index->committed, sizeof(index->totals)) == 0)
        return 0;
    sqlite3_bind_int64(statement, 1, index->totals.blobs);
    sqlite3_bind_int64(statement, 2, index->totals.bytes);
    sqlite3_bind_int64(statement, 3, index->totals.entries);
    return index_step(index, statement);
}

int index_commit(struct index *index)
{
    int error = save_totals(index);

    if (!error)
        error = index_run(index, STATEMENT_COMMIT);
    if (!error)
        index->committed = index->totals;
    return error;
}

void index_rollback(struct index *index)
{
    /* After some errors (a full disk, an I/O error) SQLite has rolled back by itself, and ROLLBACK would
     * fail. */
    if (!sqlite3_get_autocommit(index->db) && index_run(index, STATEMENT_ROLLBACK) < 0)
        log_error("store: cannot roll the index back: %s", sqlite3_errmsg(index->db));
    index->totals = index->committed;
}

struct store_figures index_totals(const struct index *index)
{
    return index->totals;
}

int index_set_totals(struct index *index, int64_t blobs, int64_t bytes)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_COUNT_ENTRIES];
    int error = index_step(index, statement);

    if (error < 0)
        return error;
    index->totals =
        (struct store_figures){.blobs = blobs, .bytes = bytes, .entries = sqlite3_column_int64(statement, 0)};
    return 0;
}

/* ---- blobs ---- */

int64_t index_blob_use(struct index *index, const struct digest *digest, int64_t *used_at_s)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_GET_BLOB];

    index_bind_digest(statement, 1, digest);
    int result = index_step(index, statement);
    if (result <= 0)
        return result ? result : -ENOENT;
    *used_at_s = sqlite3_column_int64(statement, 1);
    return sqlite3_column_int64(statement, 0);
}

int64_t index_blob_size(struct index *index, const struct digest *digest)
{
    int64_t ignored;

    return index_blob_use(index, digest, &ignored);
}

static int resize_blob(struct index *index, const struct digest *digest, int64_t old_bytes, int64_t new_bytes)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_RESIZE_BLOB];

    index_bind_digest(statement, 1, digest);
    sqlite3_bind_int64(statement, 2, new_bytes);
    int error = index_step(index, statement);
    if (!error)
        index->totals.bytes += new_bytes - old_bytes;
    return error;
}

int index_add_blob(struct index *index, const struct digest *digest, int64_t size_bytes, int64_t at_s)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_ADD_BLOB];
    int64_t known = index_blob_size(index, digest);

    if (known == size_bytes)
        return 0;
    /* The file has just been committed or found with this size, so it is the row that is wrong. */
    if (known >= 0)
        return resize_blob(index, digest, known, size_bytes);
    if (known != -ENOENT)
        return (int)known;
    index_bind_digest(statement, 1, digest);
    sqlite3_bind_int64(statement, 2, size_bytes);
    sqlite3_bind_int64(statement, 3, at_s);
    int error = index_step(index, statement);
    if (error < 0)
        return error;
    index->totals.blobs++;
    index->totals.bytes += size_bytes;
    return 1;
}

int index_remove_blob(struct index *index, const struct digest *digest)
{
    sqlite3_stmt *CLEANUP_STATEMENT remove_entries = index->statements[STATEMENT_REMOVE_BLOB_ENTRIES];
    sqlite3_stmt *CLEANUP_STATEMENT remove_blob = index->statements[STATEMENT_REMOVE_BLOB];
    int64_t size_bytes = index_blob_size(index, digest);

    if (size_bytes < 0)
        return size_bytes == -ENOENT ? 0 : (int)size_bytes;
    /* Entries without their blob would be misses anyway, and a tag or page that goes with its blob is
     * fetched again. */
    index_bind_digest(remove_entries, 1, digest);
    int error = index_step(index, remove_entries);
    if (error)
        return error;
    index->totals.entries -= sqlite3_changes(index->db);
    index_bind_digest(remove_blob, 1, digest);
    error = index_step(index, remove_blob);
    if (error)
        return error;
    index->totals.blobs--;
    index->totals.bytes -= size_bytes;
    return 0;
}

int index_use_blob(struct index *index, const struct digest *digest, int64_t used_at_s)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_USE_BLOB];

    index_bind_digest(statement, 1, digest);
    sqlite3_bind_int64(statement, 2, used_at_s);
    return index_step(index, statement);
}

/* Returns 0, or -EIO where the digest is not 32 bytes long. */
static int read_blob_row(sqlite3_stmt *statement, struct index_blob *out)
{
    const void *digest = sqlite3_column_blob(statement, 0);

    if (!digest || sqlite3_column_bytes(statement, 0) != (int)sizeof(out->digest.bytes))
        return -EIO;
    memcpy(out->digest.bytes, digest, sizeof(out->digest.bytes));
    out->size_bytes = sqlite3_column_int64(statement, 1);
    out->used_at_s = sqlite3_column_int64(statement, 2);
    return 0;
}

int index_oldest_blobs(struct index *index, const struct index_blob *after, struct index_blob *out, int max)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_OLDEST_BLOBS];
    int count = 0;
    int result;

    sqlite3_bind_int64(statement, 1, after->used_at_s);
    index_bind_digest(statement, 2, &after->digest);
    sqlite3_bind_int(statement, 3, max);
    while ((result = index_step(index, statement)) == 1 &&
           (result = read_blob_row(statement, &out[count])) == 0)
        count++;
    return result < 0 ? result : count;
}

int index_folder_blobs(struct index *index, int folder, struct index_blob **out, size_t *count)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_FOLDER_BLOBS];
    struct digest first = {{(unsigned char)folder}};
    struct digest last;
    struct index_blob *CLEANUP_FREE blobs = NULL;
    size_t capacity = 0;
    int result;

    memset(last.bytes, 0xff, sizeof(last.bytes));
    last.bytes[0] = (unsigned char)folder;
    index_bind_digest(statement, 1, &first);
    index_bind_digest(statement, 2, &last);
    for (*count = 0; (result = index_step(index, statement)) == 1; ++*count) {
        if (*count == capacity)
            blobs = xrealloc(blobs, (capacity = capacity ? 2 * capacity : 64) * sizeof(*blobs));
        result = read_blob_row(statement, &blobs[*count]);
        if (result < 0)
            break;
    }
    if (result < 0)
        return result;
    *out = take_ptr(&blobs);
    return 0;
}

/* ---- entries ---- */

static void bind_entry(sqlite3_stmt *statement, const struct entry *entry)
{
    index_bind_text(statement, 1, entry->space);
    index_bind_text(statement, 2, entry->key);
    index_bind_text(statement, 3, entry->scope);
    if (entry->has_digest)
        index_bind_digest(statement, 4, &entry->digest);
    sqlite3_bind_int64(statement, 5, entry->size_bytes);
    sqlite3_bind_int64(statement, 6, entry->confirmed_at_s);
    index_bind_text(statement, 7, entry->attributes);
}

int index_put_entry(struct index *index, const struct entry *entry)
{
    sqlite3_stmt *CLEANUP_STATEMENT change = index->statements[STATEMENT_CHANGE_ENTRY];
    sqlite3_stmt *CLEANUP_STATEMENT add = index->statements[STATEMENT_ADD_ENTRY];

    /* Two statements instead of an upsert, which would not tell whether there is one entry more. */
    bind_entry(change, entry);
    int error = index_step(index, change);
    if (error || sqlite3_changes(index->db) > 0)
        return error;
    bind_entry(add, entry);
    error = index_step(index, add);
    if (!error)
        index->totals.entries++;
    return error;
}

int index_confirm_entry(struct index *index, const char *space, const char *key, int64_t confirmed_at_s)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_CONFIRM_ENTRY];

    index_bind_text(statement, 1, space);
    index_bind_text(statement, 2, key);
    sqlite3_bind_int64(statement, 3, confirmed_at_s);
    return index_step(index, statement);
}

int index_delete_entry(struct index *index, const char *space, const char *key)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_DELETE_ENTRY];

    index_bind_text(statement, 1, space);
    index_bind_text(statement, 2, key);
    int error = index_step(index, statement);
    if (!error)
        index->totals.entries -= sqlite3_changes(index->db);
    return error;
}

int index_entry_digest(struct index *index, const char *space, const char *key, struct digest *out)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_ENTRY_DIGEST];

    index_bind_text(statement, 1, space);
    index_bind_text(statement, 2, key);
    int result = index_step(index, statement);
    if (result <= 0)
        return result ? result : -ENOENT;
    const void *digest = sqlite3_column_blob(statement, 0);
    if (!digest || sqlite3_column_bytes(statement, 0) != (int)sizeof(out->bytes))
        return 0;
    memcpy(out->bytes, digest, sizeof(out->bytes));
    return 1;
}

int index_each_name(struct index *index, const struct digest *digest,
                    void (*visit)(void *arg, const char *space, const char *key), void *arg)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_BLOB_NAMES];
    int result;

    index_bind_digest(statement, 1, digest);
    while ((result = index_step(index, statement)) == 1) {
        const char *space = (const char *)sqlite3_column_text(statement, 0);
        const char *key = (const char *)sqlite3_column_text(statement, 1);
        if (space && key)
            visit(arg, space, key);
    }
    return result;
}

int index_blob_is_named(struct index *index, const struct digest *digest)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_NAMES_BLOB];

    index_bind_digest(statement, 1, digest);
    return index_step(index, statement);
}

int index_blob_is_in(struct index *index, const struct digest *digest, const char *const spaces[2])
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index->statements[STATEMENT_IS_IN_SPACES];

    index_bind_digest(statement, 1, digest);
    index_bind_text(statement, 2, spaces[0]);
    index_bind_text(statement, 3, spaces[1]);
    return index_step(index, statement);
}
