/* The tables, and how a connection to them is opened. No state.
 *
 * SQLite before 3.51.3 can corrupt a WAL when several connections checkpoint and reset it. So one connection
 * of one process, the store thread's, writes and checkpoints, and the readers never do: not automatically,
 * nor when they close. The store's lock file sees to it that there is one process.
 *
 * A migration is one transaction, after a copy by VACUUM INTO: an older version of the program can be
 * installed again with the copy. */
#include "storage/schema.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "storage/layout.h"

/* The tables of version 1. Times are seconds since the epoch, sizes bytes, digests the 32 bytes of a SHA-256.
 *
 *   state            one row: what must be known at start without reading the rest
 *     clean            1: the last owner closed the store in order, and the index agrees with the disk;
 *                      0: a process owns the store, or crashed
 *     blobs, bytes     totals of `blob`, changed in the same transaction as its rows: adding up a million
 *                      rows at start takes too long
 *     entries          number of rows of `entry`
 *
 *   blob             one row for each file in blobs/sha256/
 *     digest           the file's name
 *     size             of the file; a file of another size counts as missing
 *     added_at         when it was committed, or the file's mtime where the row was rebuilt
 *     used_at          last use, the order of eviction. Uses are noted in memory and written in groups, so it
 *                      may be minutes old, and a crash loses those minutes
 *     blob_by_use      for eviction. As in any index of a WITHOUT ROWID table the primary key follows, so it
 *                      serves (used_at, digest), by which a round finds its position again
 *
 *   entry            names of blobs; what spaces, keys, scopes and attributes mean: catalog/spaces.h
 *     space, key       the name
 *     scope            groups entries; '' for none
 *     digest           the blob, which need not be held: no foreign key. NULL: an entry without a blob
 *     size             of the blob as far as it is known; else -1 or as the caller said
 *     confirmed_at     when an upstream last said so; 0: counts as old at once
 *     attributes       the caller's text
 *     entry_by_scope   entries of (space, scope) by key
 *     entry_by_digest  the names of a blob: they go with it, and eviction asks which images they belong to
 *
 * WITHOUT ROWID stores a row once, in the tree of its primary key: a million blobs take 82 MB. */
const char *const schema_steps[] = {
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
    "  added_at INTEGER NOT NULL,"
    "  used_at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX blob_by_use ON blob (used_at);"
    "CREATE TABLE entry ("
    "  space TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  scope TEXT NOT NULL,"
    "  digest BLOB CHECK (length(digest) = 32),"
    "  size INTEGER NOT NULL,"
    "  confirmed_at INTEGER NOT NULL,"
    "  attributes TEXT NOT NULL,"
    "  PRIMARY KEY (space, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX entry_by_scope ON entry (space, scope);"
    "CREATE INDEX entry_by_digest ON entry (digest) WHERE digest IS NOT NULL;",
};
const size_t schema_step_count = sizeof(schema_steps) / sizeof(schema_steps[0]);

/* The writer. synchronous NORMAL: the log is synced at checkpoints only. That survives every crash of the
 * process; a power cut may take the last transactions, whose blobs the next start finds in their folders.
 * Checkpoints come every 4000 pages, in the thread that commits; journal_size_limit gives the log's space
 * back after a large one. secure_delete is off because Debian compiles it on, and zeroed pages only cost
 * writes here. No mmap: an I/O error under it is SIGBUS instead of a result code. */
static const char writer_pragmas[] = "PRAGMA busy_timeout = 5000;"
                                     "PRAGMA secure_delete = OFF;"
                                     "PRAGMA mmap_size = 0;"
                                     "PRAGMA journal_size_limit = 67108864;"
                                     "PRAGMA synchronous = NORMAL;"
                                     "PRAGMA wal_autocheckpoint = 4000;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON;";

/* A reader. A cache of 1 MiB each, since there may be tens of them; the page cache of the system has the
 * rest. */
static const char reader_pragmas[] = "PRAGMA busy_timeout = 5000;"
                                     "PRAGMA mmap_size = 0;"
                                     "PRAGMA cache_size = -1024;"
                                     "PRAGMA wal_autocheckpoint = 0;"
                                     "PRAGMA trusted_schema = OFF;"
                                     "PRAGMA cell_size_check = ON;"
                                     "PRAGMA query_only = ON;";

void schema_bind(sqlite3_stmt *statement, const struct schema_value *values)
{
    for (int i = 0; i < sqlite3_bind_parameter_count(statement); i++) {
        const struct schema_value *value = &values[i];
        if (value->number)
            sqlite3_bind_int64(statement, i + 1, *value->number);
        else if (value->digest)
            sqlite3_bind_blob(statement, i + 1, value->digest->bytes, sizeof(value->digest->bytes),
                              SQLITE_STATIC);
        else
            sqlite3_bind_text(statement, i + 1, value->text, -1, SQLITE_STATIC);
    }
}

bool schema_column_digest(sqlite3_stmt *row, int column, struct digest *out)
{
    const void *bytes = sqlite3_column_blob(row, column);

    if (!bytes || sqlite3_column_bytes(row, column) != (int)sizeof(out->bytes))
        return false;
    memcpy(out->bytes, bytes, sizeof(out->bytes));
    return true;
}

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
    }
    return -EIO;
}

static enum schema_result schema_failed(struct sqlite3 *db, const char *path, int result, struct buf *error)
{
    int number = schema_error(db, result);

    buf_set(error, "cannot use the index %s: %s; %s", path, sqlite3_errmsg(db), layout_advice(-number));
    return schema_is_damage(result) ? SCHEMA_DAMAGED : SCHEMA_FAILED;
}

/* For a query whose answer is one number. Returns an SQLite result code. */
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

/* For a query whose answer is one word. Returns an SQLite result code. */
static int query_word_is(struct sqlite3 *db, const char *sql, const char *word, bool *is)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    *is = result == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW &&
          sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), word) == 0;
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

    CHECK(*out); /* a failed open has a handle too, for its error text; NULL only without memory */
    sqlite3_extended_result_codes(*out, 1);
    if (result == SQLITE_OK)
        result = sqlite3_exec(*out, writer_pragmas, NULL, NULL, NULL);
    /* Where the file system cannot map shared memory, the pragma succeeds and answers the old mode. */
    if (result == SQLITE_OK)
        result = query_word_is(*out, "PRAGMA journal_mode = WAL", "wal", &wal);
    if (result == SQLITE_OK)
        result = query_number(*out, "SELECT count(*) FROM sqlite_schema", &tables);
    if (result == SQLITE_OK)
        result = query_number(*out, "PRAGMA user_version", &version);
    if (result != SQLITE_OK)
        return schema_failed(*out, path, result, error);
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

/* Returns an SQLite result code. */
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
    return result == SQLITE_OK ? SCHEMA_OK : schema_failed(db, path, result, error);
}

bool schema_is_sound(struct sqlite3 *db)
{
    bool sound;

    (void)query_word_is(db, "PRAGMA quick_check(1)", "ok", &sound);
    return sound;
}
