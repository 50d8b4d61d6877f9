/* Documents that come in several pages, each naming the next one in its header Link (RFC 8288, rel=next).
 * Pages of two servers do not fit together: all come from one upstream, and where that fails half way, the
 * others are asked from the first page on.
 *
 * Belongs to one document_fill; fetch thread only. A document that is not paged has one page that names no
 * other. */
#ifndef PROXY_DOCUMENT_DOCUMENT_PAGES_H
#define PROXY_DOCUMENT_DOCUMENT_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A server that names more than this never comes to an end. */
#define DOCUMENT_PAGES_MAX 1000

struct candidate_list;
struct fetch_answer;
struct upstream;

struct document_pages {
    int count;                 /* pages that have come, and name another */
    struct buf next_url;       /* of the page after the one that is coming; empty: it is the last */
    struct upstream **gave_up; /* references: those that sent the first pages and then failed */
    size_t gave_up_count;
};

void document_pages_init(struct document_pages *pages);
void document_pages_release(struct document_pages *pages);

/* Narrows the list to the upstreams that may be asked for the next page: only `from`, if it sent earlier
 * pages. */
void document_pages_choose(const struct document_pages *pages, const struct upstream *from,
                           struct candidate_list *list);
/* A page begins to come: notes which one is next. */
void document_pages_note_next(struct document_pages *pages, const struct fetch_answer *answer);
/* A page is here. */
enum document_pages_state { PAGES_ALL, PAGES_MORE, PAGES_TOO_MANY };
enum document_pages_state document_pages_came(struct document_pages *pages);
/* The upstream (reference taken over) has sent some pages and cannot send the next one: none of them counts
 * any more, and it is not asked again. */
void document_pages_give_up(struct document_pages *pages, struct upstream *upstream);

#endif
