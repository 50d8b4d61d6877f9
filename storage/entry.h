/* Entries as values. The functions that callers of the store know are in store.h. */
#ifndef STORAGE_ENTRY_H
#define STORAGE_ENTRY_H

#include <stddef.h>

#include "storage/store.h"

struct sqlite3_stmt;

/* One block of heap memory: the array and all its strings; missing strings become "". NULL for none. */
struct entry *entry_copy(const struct entry *entries, size_t count);
/* The `row` of a struct index_query for entries, whose `arg` is a struct entry_visit. */
struct entry_visit {
    int (*visit)(void *arg, const struct entry *entry);
    void *arg;
};
int entry_visit_row(void *arg, struct sqlite3_stmt *row);

#endif
