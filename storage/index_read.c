/* Owns: the spare read connections, a stack guarded by `lock`. A connection that is not on the stack belongs
 * to the thread that took it.
 *
 * Opened NOMUTEX, so a connection is one thread's at a time; a stack, not a queue, so that those used
 * last, with warm caches, are used again. Readers neither write nor checkpoint (schema.c). Every statement
 * is reset before its connection comes back: one that is not keeps a read transaction open, and the log
 * could never be reset. */
#include "storage/index_read.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/memory.h"
#include "storage/entry.h"
#include "storage/schema.h"
#include "storage/store_private.h"

#define SPARE_MAX 32 /* more than this many threads at once is rare: the others open and close */

struct read_connection {
    sqlite3 *db;
    sqlite3_stmt *blob_size;
    sqlite3_stmt *entry;
    sqlite3_stmt *entries;
    sqlite3_stmt *scopes;
    /* Prepared on first use. */
    const struct index_query *often[INDEX_OFTEN_MAX];
    sqlite3_stmt *often_statements[INDEX_OFTEN_MAX];
};

struct index_readers {
    char *path; /* set once */
    struct lock lock;
    struct read_connection *spare[SPARE_MAX]; /* guarded by lock */
    int spare_count;
    _Atomic bool damaged;
};

struct index_readers *index_readers_new(const char *index_path)
{
    struct index_readers *readers = xcalloc(1, sizeof(*readers));

    readers->path = xstrdup(index_path);
    lock_init(&readers->lock, LOCK_RANK_STORE_READ);
    return readers;
}

static void close_reading(struct read_connection *reading)
{
    sqlite3_finalize(reading->blob_size);
    sqlite3_finalize(reading->entry);
    sqlite3_finalize(reading->entries);
    sqlite3_finalize(reading->scopes);
    for (int i = 0; i < INDEX_OFTEN_MAX; i++)
        sqlite3_finalize(reading->often_statements[i]);
    CHECK(sqlite3_close(reading->db) == SQLITE_OK);
    free(reading);
}

void index_readers_free(struct index_readers **readers_)
{
    struct index_readers *readers = take_ptr(readers_);

    if (!readers)
        return;
    while (readers->spare_count > 0)
        close_reading(readers->spare[--readers->spare_count]);
    lock_destroy(&readers->lock);
    free(readers->path);
    free(readers);
}

bool index_readers_found_damage(const struct index_readers *readers)
{
    return atomic_load(&readers->damaged);
}

static int reading_prepare(struct read_connection *reading, const char *sql, sqlite3_stmt **out)
{
    return sqlite3_prepare_v3(reading->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

/* Returns NULL where the index cannot be opened (logged): out of descriptors, for one. */
static struct read_connection *open_reading(const struct index_readers *readers)
{
    struct read_connection *reading = xcalloc(1, sizeof(*reading));
    int result = schema_open_reader(readers->path, &reading->db);

    if (result == SQLITE_OK)
        result = reading_prepare(reading, "SELECT size FROM blob WHERE digest = ?1", &reading->blob_size);
    if (result == SQLITE_OK)
        result = reading_prepare(reading,
                                 "SELECT " INDEX_ENTRY_COLUMNS " FROM entry WHERE space = ?1 AND key = ?2",
                                 &reading->entry);
    if (result == SQLITE_OK)
        /* Left to itself the planner (3.40) takes the primary key for the sake of the order, and walks the
         * whole space: 55 ms instead of 0.2 with 300,000 files, for every page that is rendered. */
        result = reading_prepare(reading,
                                 "SELECT " INDEX_ENTRY_COLUMNS " FROM entry INDEXED BY entry_by_scope "
                                 "WHERE space = ?1 AND scope = ?2 ORDER BY key",
                                 &reading->entries);
    if (result == SQLITE_OK)
        result = reading_prepare(
            reading, "SELECT DISTINCT scope FROM entry WHERE space = ?1 AND scope > ?2 ORDER BY scope",
            &reading->scopes);
    if (result == SQLITE_OK)
        return reading;
    log_error("store: cannot open %s for reading: %s", readers->path, sqlite3_errmsg(reading->db));
    close_reading(reading);
    return NULL;
}

static struct read_connection *take_reading(struct index_readers *readers)
{
    struct read_connection *reading = NULL;

    lock_acquire(&readers->lock);
    if (readers->spare_count > 0)
        reading = readers->spare[--readers->spare_count];
    lock_release(&readers->lock);
    return reading ? reading : open_reading(readers);
}

/* Closes the connection where there are spare ones enough: after a peak of requests they would keep their
 * descriptors. */
static void give_back(struct index_readers *readers, struct read_connection *reading)
{
    bool kept = false;

    lock_acquire(&readers->lock);
    if (readers->spare_count < SPARE_MAX) {
        readers->spare[readers->spare_count++] = reading;
        kept = true;
    }
    lock_release(&readers->lock);
    if (!kept)
        close_reading(reading);
}

static void give_reading(struct index_readers *readers, struct read_connection *reading, sqlite3_stmt *used)
{
    sqlite3_reset(used);
    sqlite3_clear_bindings(used);
    give_back(readers, reading);
}

/* Returns 0 for the end of the rows, else -EIO, logged. */
static int reading_end(struct index_readers *readers, struct read_connection *reading, int result)
{
    if (result == SQLITE_DONE)
        return 0;
    if (schema_is_damage(result))
        atomic_store(&readers->damaged, true);
    log_error("store: cannot read %s: %s", readers->path, sqlite3_errmsg(reading->db));
    return -EIO;
}

int64_t index_read_blob_size(struct index_readers *readers, const struct digest *digest)
{
    struct read_connection *reading = take_reading(readers);
    int64_t size_bytes;

    if (!reading)
        return -EIO;
    sqlite3_bind_blob(reading->blob_size, 1, digest->bytes, sizeof(digest->bytes), SQLITE_STATIC);
    int result = sqlite3_step(reading->blob_size);
    if (result == SQLITE_ROW)
        size_bytes = sqlite3_column_int64(reading->blob_size, 0);
    else
        size_bytes = reading_end(readers, reading, result) < 0 ? -EIO : -ENOENT;
    give_reading(readers, reading, reading->blob_size);
    return size_bytes;
}

void index_read_entry_row(sqlite3_stmt *row, struct entry *out)
{
    const void *digest = sqlite3_column_blob(row, 3);

    *out = (struct entry){
        .space = (const char *)sqlite3_column_text(row, 0),
        .key = (const char *)sqlite3_column_text(row, 1),
        .scope = (const char *)sqlite3_column_text(row, 2),
        .has_digest = digest && sqlite3_column_bytes(row, 3) == (int)sizeof(out->digest.bytes),
        .size_bytes = sqlite3_column_int64(row, 4),
        .confirmed_at_s = sqlite3_column_int64(row, 5),
        .attributes = (const char *)sqlite3_column_text(row, 6),
    };
    CHECK(out->space && out->key && out->scope && out->attributes); /* NOT NULL columns */
    if (out->has_digest)
        memcpy(out->digest.bytes, digest, sizeof(out->digest.bytes));
}

int index_read_entry(struct index_readers *readers, const char *space, const char *key,
                     struct entry_read *out)
{
    struct read_connection *reading = take_reading(readers);
    struct entry row;
    int error = 0;

    *out = (struct entry_read){.memory = NULL};
    if (!reading)
        return -EIO;
    sqlite3_bind_text(reading->entry, 1, space, -1, SQLITE_STATIC);
    sqlite3_bind_text(reading->entry, 2, key, -1, SQLITE_STATIC);
    int result = sqlite3_step(reading->entry);
    if (result == SQLITE_ROW) {
        index_read_entry_row(reading->entry, &row);
        out->memory = entry_copy(&row, 1);
        out->entry = *(struct entry *)out->memory;
    } else {
        error = reading_end(readers, reading, result) < 0 ? -EIO : -ENOENT;
    }
    give_reading(readers, reading, reading->entry);
    return error;
}

int index_read_entries(struct index_readers *readers, const char *space, const char *scope,
                       int (*visit)(void *arg, const struct entry *entry), void *arg)
{
    struct read_connection *reading = take_reading(readers);
    struct entry row;
    int error = 0;
    int result;

    if (!reading)
        return -EIO;
    sqlite3_bind_text(reading->entries, 1, space, -1, SQLITE_STATIC);
    sqlite3_bind_text(reading->entries, 2, scope, -1, SQLITE_STATIC);
    while ((result = sqlite3_step(reading->entries)) == SQLITE_ROW) {
        index_read_entry_row(reading->entries, &row);
        if (visit(arg, &row))
            break;
    }
    if (result != SQLITE_ROW)
        error = reading_end(readers, reading, result);
    give_reading(readers, reading, reading->entries);
    return error;
}

int index_read_scopes(struct index_readers *readers, const char *space, const char *after,
                      int (*visit)(void *arg, const char *scope), void *arg)
{
    struct read_connection *reading = take_reading(readers);
    int error = 0;
    int result;

    if (!reading)
        return -EIO;
    sqlite3_bind_text(reading->scopes, 1, space, -1, SQLITE_STATIC);
    sqlite3_bind_text(reading->scopes, 2, after, -1, SQLITE_STATIC);
    while ((result = sqlite3_step(reading->scopes)) == SQLITE_ROW)
        if (visit(arg, (const char *)sqlite3_column_text(reading->scopes, 0)))
            break;
    if (result != SQLITE_ROW)
        error = reading_end(readers, reading, result);
    give_reading(readers, reading, reading->scopes);
    return error;
}

/* Statements of frequent queries stay prepared with their connection: preparing takes longer than the
 * look-up of a row. They are found by the address of the query, which is static. Returns an SQLite result
 * code. */
static int query_statement(struct read_connection *reading, const struct index_query *query,
                           sqlite3_stmt **out)
{
    int i = 0;

    if (!query->often)
        return sqlite3_prepare_v2(reading->db, query->sql, -1, out, NULL);
    while (reading->often[i] && reading->often[i] != query)
        CHECK(++i < INDEX_OFTEN_MAX);
    int result =
        reading->often[i] ? SQLITE_OK : reading_prepare(reading, query->sql, &reading->often_statements[i]);
    *out = reading->often_statements[i];
    if (result == SQLITE_OK)
        reading->often[i] = query;
    return result;
}

int index_read_rows(struct index_readers *readers, const struct index_query *query, void *arg)
{
    struct read_connection *reading = take_reading(readers);
    sqlite3_stmt *statement = NULL;
    int error = 0;

    if (!reading)
        return -EIO;
    int result = query_statement(reading, query, &statement);
    if (result == SQLITE_OK) {
        if (query->bind)
            query->bind(arg, statement);
        while ((result = sqlite3_step(statement)) == SQLITE_ROW)
            if (query->row(arg, statement))
                break;
    }
    if (result != SQLITE_ROW)
        error = reading_end(readers, reading, result);
    if (query->often) {
        give_reading(readers, reading, statement);
        return error;
    }
    sqlite3_finalize(statement);
    give_back(readers, reading);
    return error;
}
