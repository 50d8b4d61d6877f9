/* Reading the index on the calling thread, concurrently with the writer. Each call borrows a spare
 * read-only connection, or opens one more. It never waits for a write transaction, and sees the state that
 * was committed when it began. */
#ifndef STORAGE_INDEX_READ_H
#define STORAGE_INDEX_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/schema.h"
#include "storage/store.h"

struct index_readers;
struct sqlite3_stmt;

struct index_readers *index_readers_new(const char *index_path);
/* No call may be running. */
void index_readers_free(struct index_readers **readers);

/* A call found the file damaged. */
bool index_readers_found_damage(const struct index_readers *readers);

/* The blob's size, -ENOENT, or -EIO (logged). */
int64_t index_read_blob_size(struct index_readers *readers, const struct digest *digest);
/* Any other query. `values`: one for each parameter of the statement. `row` is called for each row until it
 * returns non-zero. Returns 0, or -EIO (logged). */
struct index_query {
    const char *sql;
    int (*row)(void *arg, struct sqlite3_stmt *statement);
    bool often; /* worth keeping prepared; at most INDEX_OFTEN_MAX, which live as long as the program */
};
#define INDEX_OFTEN_MAX 6
int index_read_rows(struct index_readers *readers, const struct index_query *query,
                    const struct schema_value *values, void *arg);
/* The columns of an entry, and the struct entry of a row of them: its strings belong to the statement
 * until that is stepped or reset. */
#define INDEX_ENTRY_COLUMNS "space, key, scope, digest, size, confirmed_at, attributes"
void index_read_entry_row(struct sqlite3_stmt *row, struct entry *out);

#endif
