/* Which entries a bundle may carry, and which it may bring into a store. Exports and imports ask. */
#ifndef STORAGE_CATALOG_BUNDLE_NAMES_H
#define STORAGE_CATALOG_BUNDLE_NAMES_H

#include <stdbool.h>

struct entry;

/* The spaces that a bundle carries, manifests first, ended by NULL. (Records of prefetch stay: lists are
 * each machine's own.) */
extern const char *const bundle_spaces[];
/* Its space is carried, its key is spelt as this program spells it, and a digest in the key is the
 * entry's. */
bool bundle_entry_good(const struct entry *entry);
/* Without its blob the entry is worthless. (Not so a tag, whose manifest is held by another entry.) */
bool bundle_entry_needs_blob(const struct entry *entry);

#endif
