/* Opening SQLite files: flags, pragmas, migrations, and what its errors mean. Private to the index. */
#ifndef STORAGE_SCHEMA_H
#define STORAGE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct digest;
struct sqlite3;
struct sqlite3_stmt;

enum schema_result {
    SCHEMA_OK = 0,
    SCHEMA_FAILED = -1, /* the error text says why */
    /* Not a database, a broken one, or not one of ours; the error text says what SQLite said. */
    SCHEMA_DAMAGED = -2
};

/* One step takes the schema from version N to N+1, in one transaction. */
extern const char *const schema_steps[];
extern const size_t schema_step_count;

/* Opens or creates the file for the one writer. *fresh: it had no tables. */
enum schema_result schema_open_writer(const char *path, struct sqlite3 **out, bool *fresh, struct buf *error);
/* Opens for reading on one thread at a time; never checkpoints. Returns an SQLite result code. */
int schema_open_reader(const char *path, struct sqlite3 **out);
/* Brings the file to version `count`. A file that already had a version is first copied to
 * <path>.before-<new version>. A newer file is refused. */
enum schema_result schema_migrate(struct sqlite3 *db, const char *path, const char *const *steps,
                                  size_t count, struct buf *error);
/* PRAGMA quick_check: true if the file is sound. */
bool schema_is_sound(struct sqlite3 *db);

/* A parameter of a statement: the one that is set, else NULL. */
struct schema_value {
    const char *text;
    const struct digest *digest;
    const int64_t *number;
};
/* Binds a value for each parameter. Texts and digests are not copied: they must live until the statement is
 * reset and its bindings are cleared. */
void schema_bind(struct sqlite3_stmt *statement, const struct schema_value *values);
/* Returns false where the column is not 32 bytes long. */
bool schema_column_digest(struct sqlite3_stmt *row, int column, struct digest *out);

/* The connection's last error as negative errno: -ENOSPC and the like where the disk says so, else -EIO. */
int schema_error(struct sqlite3 *db, int result);
/* The result code says that the file is broken. */
bool schema_is_damage(int result);

#endif
