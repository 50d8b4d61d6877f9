/* Which page of a document is asked for next, and of whom. Owned by a document_fill, used by the fetch
 * thread. */
#include "proxy/document/document_pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "formats/link.h"
#include "proxy/core/candidate_list.h"
#include "upstreams/fetch.h"
#include "upstreams/upstream.h"

void document_pages_init(struct document_pages *pages)
{
    *pages = (struct document_pages){0};
    buf_init(&pages->next_url);
}

void document_pages_release(struct document_pages *pages)
{
    for (size_t i = 0; i < pages->gave_up_count; i++)
        upstream_unref(pages->gave_up[i]);
    free(pages->gave_up);
    buf_release(&pages->next_url);
}

/* The upstream that has sent pages goes on sending them; before the first page, all may be asked that have
 * not failed half way. */
static bool may_be_asked(const struct document_pages *pages, const struct upstream *from,
                         const struct upstream *upstream)
{
    if (pages->count)
        return upstream == from;
    for (size_t i = 0; i < pages->gave_up_count; i++)
        if (pages->gave_up[i] == upstream)
            return false;
    return true;
}

void document_pages_choose(const struct document_pages *pages, const struct upstream *from,
                           struct candidate_list *list)
{
    size_t left = 0;

    for (size_t i = 0; i < list->count; i++)
        if (may_be_asked(pages, from, list->items[i].upstream))
            list->items[left++] = list->items[i];
    if (pages->count) {
        CHECK(left > 0); /* a fill keeps its configuration, so the upstream of its pages is still there */
        list->items[0].url = pages->next_url.data;
        left = 1;
    }
    list->count = left;
}

void document_pages_note_next(struct document_pages *pages, const struct fetch_answer *answer)
{
    buf_reset(&pages->next_url);
    /* A page that names itself would be fetched until DOCUMENT_PAGES_MAX. */
    if (link_next(answer->link, answer->url, &pages->next_url) &&
        strcmp(pages->next_url.data, answer->url) == 0)
        buf_reset(&pages->next_url);
}

enum document_pages_state document_pages_came(struct document_pages *pages)
{
    if (!pages->next_url.len)
        return PAGES_ALL;
    if (pages->count + 1 >= DOCUMENT_PAGES_MAX)
        return PAGES_TOO_MANY;
    pages->count++;
    return PAGES_MORE;
}

void document_pages_give_up(struct document_pages *pages, struct upstream *upstream)
{
    pages->gave_up = xrealloc(pages->gave_up, (pages->gave_up_count + 1) * sizeof(*pages->gave_up));
    pages->gave_up[pages->gave_up_count++] = upstream;
    pages->count = 0;
    buf_reset(&pages->next_url);
}
