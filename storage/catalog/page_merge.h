/* Project pages made of imported files. Where the store has a page of the project, the two are merged.
 * Either way the page counts as old at once, so that an upstream, where there is one, has the last word.
 * Used by the import. */
#ifndef STORAGE_CATALOG_PAGE_MERGE_H
#define STORAGE_CATALOG_PAGE_MERGE_H

#include <stdbool.h>

#include "storage/catalog/image_entries.h"
#include "storage/store.h"

struct buf;

/* The page wants URLs for its files: this, before their paths. It is never connected to (RFC 2606): no
 * upstream has it, and the files are held. */
#define PAGE_IMPORTED_BASE "http://imported.invalid"
#define PAGE_IMPORTED_AT_S 0

/* Appends the attributes of the entry of such a page. */
void page_imported_attributes(const char *project, struct buf *out);
bool page_entry_imported(const struct entry *entry);

/* Merges such a page, whose bytes are `body`, with the page that is held of the project. A file that both
 * name stays as the held page says. Returns 1 with the merged bytes appended to `out`; 0: none is held,
 * the page is right as it is; -EBADMSG: the body is not a valid page of the project. */
int page_merge_imported(struct store *store, const struct entry *entry, const struct buf *body,
                        struct buf *out);

#endif
