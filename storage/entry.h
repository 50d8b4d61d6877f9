/* Entries as values. The functions that callers of the store know are in store.h. */
#ifndef STORAGE_ENTRY_H
#define STORAGE_ENTRY_H

#include <stddef.h>

#include "storage/store.h"

/* One block of heap memory: the array and all its strings; missing strings become "". NULL for none. */
struct entry *entry_copy(const struct entry *entries, size_t count);

#endif
