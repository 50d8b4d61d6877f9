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

#include "base/check.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/memory.h"
#include "storage/schema.h"

#define SPARE_MAX 32 /* more than this many threads at once is rare: the others open and close */

struct read_connection {
    sqlite3 *db;
    /* Prepared on first use. */
    const struct index_query *often[INDEX_OFTEN_MAX];
    sqlite3_stmt *statements[INDEX_OFTEN_MAX];
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
    for (int i = 0; i < INDEX_OFTEN_MAX; i++)
        sqlite3_finalize(reading->statements[i]);
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

/* Returns NULL where the index cannot be opened (logged): out of descriptors, for one. */
static struct read_connection *take_reading(struct index_readers *readers)
{
    struct read_connection *reading = NULL;

    lock_acquire(&readers->lock);
    if (readers->spare_count > 0)
        reading = readers->spare[--readers->spare_count];
    lock_release(&readers->lock);
    if (reading)
        return reading;
    reading = xcalloc(1, sizeof(*reading));
    if (schema_open_reader(readers->path, &reading->db) == SQLITE_OK)
        return reading;
    log_error("store: cannot open %s for reading: %s", readers->path, sqlite3_errmsg(reading->db));
    close_reading(reading);
    return NULL;
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
    int result = SQLITE_OK;
    if (!reading->often[i])
        result = sqlite3_prepare_v3(reading->db, query->sql, -1, SQLITE_PREPARE_PERSISTENT,
                                    &reading->statements[i], NULL);
    *out = reading->statements[i];
    if (result == SQLITE_OK)
        reading->often[i] = query;
    return result;
}

int index_read_rows(struct index_readers *readers, const struct index_query *query,
                    const struct schema_value *values, void *arg)
{
    struct read_connection *reading = take_reading(readers);
    sqlite3_stmt *statement = NULL;
    int error = 0;

    if (!reading)
        return -EIO;
    int result = query_statement(reading, query, &statement);
    if (result == SQLITE_OK) {
        schema_bind(statement, values);
        while ((result = sqlite3_step(statement)) == SQLITE_ROW)
            if (query->row(arg, statement))
                break;
    }
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
        if (schema_is_damage(result))
            atomic_store(&readers->damaged, true);
        log_error("store: cannot read %s: %s", readers->path, sqlite3_errmsg(reading->db));
        error = -EIO;
    }
    if (query->often) {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    } else {
        sqlite3_finalize(statement);
    }
    give_back(readers, reading);
    return error;
}

static int read_blob_size(void *size_bytes, sqlite3_stmt *row)
{
    *(int64_t *)size_bytes = sqlite3_column_int64(row, 0);
    return 1;
}

int64_t index_read_blob_size(struct index_readers *readers, const struct digest *digest)
{
    static const struct index_query query = {"SELECT size FROM blob WHERE digest = ?1", read_blob_size, true};
    int64_t size_bytes = -ENOENT;
    int error = index_read_rows(readers, &query, &(struct schema_value){.digest = digest}, &size_bytes);

    return error ? error : size_bytes;
}

void index_read_entry_row(sqlite3_stmt *row, struct entry *out)
{
    *out = (struct entry){
        .space = (const char *)sqlite3_column_text(row, 0),
        .key = (const char *)sqlite3_column_text(row, 1),
        .scope = (const char *)sqlite3_column_text(row, 2),
        .size_bytes = sqlite3_column_int64(row, 4),
        .confirmed_at_s = sqlite3_column_int64(row, 5),
        .attributes = (const char *)sqlite3_column_text(row, 6),
    };
    CHECK(out->space && out->key && out->scope && out->attributes); /* NOT NULL columns */
    out->has_digest = schema_column_digest(row, 3, &out->digest);
}
