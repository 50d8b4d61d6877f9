/* Which entries a bundle may bring into a store. */
#ifndef STORAGE_CATALOG_BUNDLE_NAMES_H
#define STORAGE_CATALOG_BUNDLE_NAMES_H

#include <stdbool.h>

struct entry;

/* Spaces that can be carried, manifests first: NULL behind the last. */
extern const char *const bundle_spaces[];
/* Its name is one that this program would give, and says nothing else than its digest. */
bool bundle_entry_good(const struct entry *entry);
/* Its blob belongs to it: without it, it is worth nothing. (What a tag means is held under another name.) */
bool bundle_entry_needs_blob(const struct entry *entry);

#endif
