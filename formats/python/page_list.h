/* The root list of an index: the names of all its projects (PEP 503, 691). Limits and sniffing are those of
 * page.h. */
#ifndef FORMATS_PYTHON_PAGE_LIST_H
#define FORMATS_PYTHON_PAGE_LIST_H

#include <stddef.h>

#include "base/arena.h"
#include "formats/python/page.h"

struct buf;

struct page_list {
    struct arena arena;
    struct page_strings projects; /* as the upstream writes them */
};

/* Returns 0 with *out owned by the caller, or -1 with a sentence in `error`. */
int page_list_parse(const char *body, size_t len, const char *content_type, struct page_list **out,
                    struct buf *error);
void page_list_free(struct page_list *list);

#endif
