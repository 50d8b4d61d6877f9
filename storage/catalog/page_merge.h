/* Pages that are made of files that were imported. What the store has of a project is not lost for them:
 * both are put together, and count as old at once, so that an upstream, where there is one, says what is
 * right. */
#ifndef STORAGE_CATALOG_PAGE_MERGE_H
#define STORAGE_CATALOG_PAGE_MERGE_H

#include <stdbool.h>

#include "storage/catalog/image_entries.h"
#include "storage/store.h"

struct buf;

/* Before the paths of such files, where the page wants a URL. Nobody is ever asked there: it is no
 * upstream's (RFC 2606). */
#define PAGE_IMPORTED_BASE "http://imported.invalid"
#define PAGE_IMPORTED_AT_S 0

/* Appends the attributes of the entry of such a page. */
void page_imported_attributes(const char *project, struct buf *out);
bool page_entry_imported(const struct entry *entry);

/* Puts such a page, `body` being its bytes, together with what is held of the project. A file that the
 * held page names too stays as that says. Returns 1 with the bytes appended to `out`; 0: nothing is held,
 * the page is right as it is; -EBADMSG: the body is no page of it. */
int page_merge_imported(struct store *store, const struct entry *entry, const struct buf *body,
                        struct buf *out);

#endif
