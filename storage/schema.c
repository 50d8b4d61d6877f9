#include "storage/schema.h"

#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "storage/layout.h"

const char *const schema_steps[] = {
    /* state: one row. clean: the last owner closed the store in order. The totals stand here because a sum
     * over a million rows at start takes too long. */
    "CREATE TABLE state ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1),"
    "  clean INTEGER NOT NULL,"
    "  blobs INTEGER NOT NULL,"
    "  bytes INTEGER NOT NULL,"
    "  entries INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO state VALUES (1, 0, 0, 0, 0);"
    "CREATE TABLE blob ("
    "  digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),"
    "  size INTEGER NOT NULL,"
    "  added_at INTEGER NOT NULL," /* seconds since the epoch, like all times here */
    "  used_at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX blob_by_use ON blob (used_at);"
    "CREATE TABLE entry ("
    "  space TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  scope TEXT NOT NULL,"
    "  digest BLOB CHECK (length(digest) = 32)," /* NULL: an entry without a blob */
    "  size INTEGER NOT NULL,"
    "  confirmed_at INTEGER NOT NULL,"
    "  attributes TEXT NOT NULL,"
    "  PRIMARY KEY (space, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX entry_by_scope ON entry (space, scope);"
    "CREATE INDEX entry_by_digest ON entry (digest) WHERE digest IS NOT NULL;",
};
const size_t schema_step_count = sizeof(schema_steps) / sizeof(schema_steps[0]);

/* WAL with synchronous=NORMAL survives every crash of the process; a power cut may take the last
 * transactions, which the next start finds again in the blobs' folders. */
static const char writer_pragmas[] = "PRAGMA busy_timeout = 5000;"
                                     "PRAGMA secure_delete = OFF;"
                                     "PRAGMA mmap_size = 0;"
                                     "PRAGMA journal_size_limit = 67108864;"
                                     "PRAGMA synchronous = NORMAL;"
                                     "PRAGMA wal_autocheckpoint = 4000;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON;";

static const char reader_pragmas[] = "PRAGMA busy_timeout = 5000;"
                                     "PRAGMA mmap_size = 0;"
                                     "PRAGMA cache_size = -1024;"
                                     "PRAGMA wal_autocheckpoint = 0;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON;"
                                     "PRAGMA query_only = ON;";

bool schema_is_damage(int result)
{
    return (result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB;
}

int schema_error(struct sqlite3 *db, int result)
{
    int system_error = sqlite3_system_errno(db);

    switch (result & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (system_error == ENOSPC || system_error == EDQUOT || system_error == EROFS ||
            system_error == EACCES)
            return -system_error;
        return -EIO;
    default:
        return -EIO;
    }
}

/* Says what failed and how bad it is. */
static enum schema_result failed(struct sqlite3 *db, const char *path, int result, struct buf *error)
{
    int number = schema_error(db, result);

    buf_set(error, "cannot use the index %s: %s; %s", path, sqlite3_errmsg(db), layout_advice(-number));
    return schema_is_damage(result) ? SCHEMA_DAMAGED : SCHEMA_FAILED;
}

/* Reads one number by a query of one row. Returns an SQLite result code. */
static int query_number(struct sqlite3 *db, const char *sql, sqlite3_int64 *out)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    int finalized = sqlite3_finalize(statement);
    return result == SQLITE_ROW ? SQLITE_OK : finalized;
}

/* Returns an SQLite result code; *wal says whether the file is in WAL mode now. */
static int enter_wal(struct sqlite3 *db, bool *wal)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);

    *wal = false;
    if (result == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        *wal = sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    int finalized = sqlite3_finalize(statement);
    return result == SQLITE_OK ? finalized : result;
}

enum schema_result schema_open_writer(const char *path, struct sqlite3 **out, bool *fresh, struct buf *error)
{
    sqlite3_int64 tables = 0;
    sqlite3_int64 version = 0;
    bool wal = false;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int result = sqlite3_open_v2(path, out, flags, NULL);

    CHECK(*out); /* there is a handle for the error text even then */
    sqlite3_extended_result_codes(*out, 1);
    if (result == SQLITE_OK)
        result = sqlite3_exec(*out, writer_pragmas, NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = enter_wal(*out, &wal);
    if (result == SQLITE_OK)
        result = query_number(*out, "SELECT count(*) FROM sqlite_schema", &tables);
    if (result == SQLITE_OK)
        result = query_number(*out, "PRAGMA user_version", &version);
    if (result != SQLITE_OK)
        return failed(*out, path, result, error);
    if (!wal) {
        buf_set(error,
                "cannot use the index %s: this file system does not allow a write-ahead log; "
                "set [storage] path to a folder on a local disk",
                path);
        return SCHEMA_FAILED;
    }
    if (version < 0 || (tables && !version)) {
        buf_set(error, "%s is a database of another program", path);
        return SCHEMA_DAMAGED;
    }
    *fresh = tables == 0;
    return SCHEMA_OK;
}

int schema_open_reader(const char *path, struct sqlite3 **out)
{
    int result = sqlite3_open_v2(path, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

    CHECK(*out);
    sqlite3_extended_result_codes(*out, 1);
    if (result == SQLITE_OK)
        result = sqlite3_db_config(*out, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(*out, reader_pragmas, NULL, NULL, NULL);
    return result;
}

/* Keeps a copy of what a migration will change. Returns an SQLite result code. */
static int back_up(struct sqlite3 *db, const char *path, size_t new_version)
{
    char *CLEANUP_FREE copy = xasprintf("%s.before-%zu", path, new_version);
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", copy);

    if (unlink(copy) < 0 && errno != ENOENT) {
        sqlite3_free(sql);
        return SQLITE_CANTOPEN;
    }
    int result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
    return result;
}

enum schema_result schema_migrate(struct sqlite3 *db, const char *path, const char *const *steps,
                                  size_t count, struct buf *error)
{
    sqlite3_int64 version = 0;
    int result = query_number(db, "PRAGMA user_version", &version);

    if (result == SQLITE_OK && version > (sqlite3_int64)count) {
        buf_set(
            error,
            "the index %s was written by a newer version of this program (format %lld, this one knows %zu); "
            "install that version, or move index.db away to have it rebuilt from the blobs",
            path, (long long)version, count);
        return SCHEMA_FAILED;
    }
    if (result == SQLITE_OK && version > 0 && version < (sqlite3_int64)count)
        result = back_up(db, path, count);
    for (; result == SQLITE_OK && version < (sqlite3_int64)count; version++) {
        char *CLEANUP_FREE sql = xasprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %lld; COMMIT",
                                           steps[version], (long long)version + 1);
        result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    return result == SQLITE_OK ? SCHEMA_OK : failed(db, path, result, error);
}

bool schema_is_sound(struct sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    bool sound = false;

    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        sound = sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    return sound;
}
