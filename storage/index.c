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

/* The bound values stay the caller's memory: the statement is reset and its bindings are cleared before the
 * caller returns (CLEANUP_STATEMENT), so none of them dangles. */
static sqlite3_stmt *index_bind(struct index *index, enum statement_id id, const struct schema_value *values)
{
    schema_bind(index->statements[id], values);
    return index->statements[id];
}

/* For statements whose first row is all that matters. Returns as index_step(). */
static int index_run(struct index *index, enum statement_id id, const struct schema_value *values)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index_bind(index, id, values);

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

int index_open(const char *path, struct index **out, enum index_condition *condition, struct buf *error)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    int64_t now_s = clock_wall_s();
    enum schema_result result = index_try_open(path, out, condition, error);

    if (result != SCHEMA_DAMAGED)
        return result == SCHEMA_OK ? 0 : -1;
    /* Keeps the damaged file for the administrator: tools may get entries out of it. The log goes with it, or
     * SQLite might replay it into the new file. */
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        char *CLEANUP_FREE from = xasprintf("%s%s", path, suffixes[i]);
        char *CLEANUP_FREE to = xasprintf("%s.corrupt-%" PRId64 "%s", path, now_s, suffixes[i]);
        if (rename(from, to) < 0 && errno != ENOENT) {
            buf_set(error, "cannot move the damaged index %s aside: %s; move it away by hand", path,
                    strerror(errno));
            return -1;
        }
    }
    log_error("store: the index %s is damaged (%s); moved aside as %s.corrupt-%" PRId64
              ", a new one is built from the blobs",
              path, error->data, path, now_s);
    /* Now there is no file, so a second failure is the disk's. */
    return index_try_open(path, out, condition, error) == SCHEMA_OK ? 0 : -1;
}

void index_close(struct index **index_)
{
    struct index *index = take_ptr(index_);

    if (!index)
        return;
    /* With the log emptied, index.db alone is the index, for whoever copies the file. */
    if (sqlite3_wal_checkpoint_v2(index->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        log_warn("store: cannot write the index's log back into the index: %s; the next start does it",
                 sqlite3_errmsg(index->db));
    close_connection(index);
}

int index_mark_clean(struct index *index, bool clean)
{
    /* With synchronous=NORMAL a power cut could take "unclean" and the rows that followed back, but not
     * their blobs: an index that wrongly claims to agree with the disk. So wait for the disk this once. */
    sqlite3_exec(index->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    int error = index_run(index, STATEMENT_SET_CLEAN, &(struct schema_value){.number = &(int64_t){clean}});
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
    return index_run(index, STATEMENT_BEGIN, NULL);
}

int index_commit(struct index *index)
{
    const struct store_figures *totals = &index->totals;
    const struct schema_value values[] = {
        {.number = &totals->blobs}, {.number = &totals->bytes}, {.number = &totals->entries}};
    int error = 0;

    /* In the transaction of the rows that they count, so that a crash leaves both or neither. */
    if (memcmp(totals, &index->committed, sizeof(*totals)) != 0)
        error = index_run(index, STATEMENT_SET_TOTALS, values);
    if (!error)
        error = index_run(index, STATEMENT_COMMIT, NULL);
    if (!error)
        index->committed = *totals;
    return error;
}

void index_rollback(struct index *index)
{
    /* After some errors (a full disk, an I/O error) SQLite has rolled back by itself, and ROLLBACK would
     * fail. */
    if (!sqlite3_get_autocommit(index->db) && index_run(index, STATEMENT_ROLLBACK, NULL) < 0)
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
    index->totals.blobs = blobs;
    index->totals.bytes = bytes;
    index->totals.entries = sqlite3_column_int64(statement, 0);
    return 0;
}

/* ---- blobs ---- */

int64_t index_blob_size(struct index *index, const struct digest *digest, int64_t *used_at_s)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement =
        index_bind(index, STATEMENT_GET_BLOB, &(struct schema_value){.digest = digest});
    int result = index_step(index, statement);

    if (result <= 0)
        return result ? result : -ENOENT;
    if (used_at_s)
        *used_at_s = sqlite3_column_int64(statement, 1);
    return sqlite3_column_int64(statement, 0);
}

int index_add_blob(struct index *index, const struct digest *digest, int64_t size_bytes, int64_t at_s)
{
    const struct schema_value values[] = {{.digest = digest}, {.number = &size_bytes}, {.number = &at_s}};
    int64_t known = index_blob_size(index, digest, NULL);

    if (known == size_bytes)
        return 0;
    if (known < 0 && known != -ENOENT)
        return (int)known;
    /* The file has just been committed or found with this size, so a row that differs is wrong. */
    int error = index_run(index, known < 0 ? STATEMENT_ADD_BLOB : STATEMENT_RESIZE_BLOB, values);
    if (error)
        return error;
    index->totals.blobs += known < 0;
    index->totals.bytes += known < 0 ? size_bytes : size_bytes - known;
    return known < 0;
}

int index_remove_blob(struct index *index, const struct digest *digest)
{
    const struct schema_value values[] = {{.digest = digest}};
    int64_t size_bytes = index_blob_size(index, digest, NULL);

    if (size_bytes < 0)
        return size_bytes == -ENOENT ? 0 : (int)size_bytes;
    /* Entries without their blob would be misses anyway, and a tag or page that goes with its blob is
     * fetched again. */
    int error = index_run(index, STATEMENT_REMOVE_BLOB_ENTRIES, values);
    if (error)
        return error;
    index->totals.entries -= sqlite3_changes(index->db);
    error = index_run(index, STATEMENT_REMOVE_BLOB, values);
    if (error)
        return error;
    index->totals.blobs--;
    index->totals.bytes -= size_bytes;
    return 0;
}

int index_use_blob(struct index *index, const struct digest *digest, int64_t used_at_s)
{
    return index_run(index, STATEMENT_USE_BLOB,
                     (const struct schema_value[]){{.digest = digest}, {.number = &used_at_s}});
}

/* Returns 0, or -EIO where the digest is not 32 bytes long. */
static int read_blob_row(sqlite3_stmt *statement, struct index_blob *out)
{
    out->size_bytes = sqlite3_column_int64(statement, 1);
    out->used_at_s = sqlite3_column_int64(statement, 2);
    return schema_column_digest(statement, 0, &out->digest) ? 0 : -EIO;
}

int index_oldest_blobs(struct index *index, const struct index_blob *after, struct index_blob *out, int max)
{
    const struct schema_value values[] = {
        {.number = &after->used_at_s}, {.digest = &after->digest}, {.number = &(int64_t){max}}};
    sqlite3_stmt *CLEANUP_STATEMENT statement = index_bind(index, STATEMENT_OLDEST_BLOBS, values);
    int count = 0;
    int result;

    while ((result = index_step(index, statement)) == 1 &&
           (result = read_blob_row(statement, &out[count])) == 0)
        count++;
    return result < 0 ? result : count;
}

int index_folder_blobs(struct index *index, int folder, struct index_blob **out, size_t *count)
{
    struct digest first = {{(unsigned char)folder}};
    struct digest last;
    const struct schema_value values[] = {{.digest = &first}, {.digest = &last}};
    struct index_blob *CLEANUP_FREE blobs = NULL;
    size_t capacity = 0;
    int result;

    memset(last.bytes, 0xff, sizeof(last.bytes));
    last.bytes[0] = (unsigned char)folder;
    sqlite3_stmt *CLEANUP_STATEMENT statement = index_bind(index, STATEMENT_FOLDER_BLOBS, values);
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

int index_put_entry(struct index *index, const struct entry *entry)
{
    const struct schema_value values[] = {
        {.text = entry->space},         {.text = entry->key},
        {.text = entry->scope},         {.digest = entry->has_digest ? &entry->digest : NULL},
        {.number = &entry->size_bytes}, {.number = &entry->confirmed_at_s},
        {.text = entry->attributes}};

    /* Two statements instead of an upsert, which would not tell whether there is one entry more. */
    int error = index_run(index, STATEMENT_CHANGE_ENTRY, values);
    if (error || sqlite3_changes(index->db) > 0)
        return error;
    error = index_run(index, STATEMENT_ADD_ENTRY, values);
    if (!error)
        index->totals.entries++;
    return error;
}

int index_confirm_entry(struct index *index, const char *space, const char *key, int64_t confirmed_at_s)
{
    const struct schema_value values[] = {{.text = space}, {.text = key}, {.number = &confirmed_at_s}};

    return index_run(index, STATEMENT_CONFIRM_ENTRY, values);
}

int index_delete_entry(struct index *index, const char *space, const char *key)
{
    int error = index_run(index, STATEMENT_DELETE_ENTRY,
                          (const struct schema_value[]){{.text = space}, {.text = key}});

    if (!error)
        index->totals.entries -= sqlite3_changes(index->db);
    return error;
}

int index_entry_digest(struct index *index, const char *space, const char *key, struct digest *out)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement = index_bind(
        index, STATEMENT_ENTRY_DIGEST, (const struct schema_value[]){{.text = space}, {.text = key}});
    int result = index_step(index, statement);

    if (result <= 0)
        return result ? result : -ENOENT;
    return schema_column_digest(statement, 0, out);
}

int index_each_name(struct index *index, const struct digest *digest,
                    void (*visit)(void *arg, const char *space, const char *key), void *arg)
{
    sqlite3_stmt *CLEANUP_STATEMENT statement =
        index_bind(index, STATEMENT_BLOB_NAMES, &(struct schema_value){.digest = digest});
    int result;

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
    return index_run(index, STATEMENT_NAMES_BLOB, &(struct schema_value){.digest = digest});
}

int index_blob_is_in(struct index *index, const struct digest *digest, const char *const spaces[2])
{
    const struct schema_value values[] = {{.digest = digest}, {.text = spaces[0]}, {.text = spaces[1]}};

    return index_run(index, STATEMENT_IS_IN_SPACES, values);
}
