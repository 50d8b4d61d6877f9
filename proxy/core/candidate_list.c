/* A growing array; the strings are in an arena, so that a list is released at once. */
#include "proxy/core/candidate_list.h"

#include <stdlib.h>

#include "base/memory.h"

struct fetch_candidate *candidate_list_add(struct candidate_list *list, struct upstream *upstream,
                                           const char *url, const char *scope)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 8;
        list->items = xrealloc(list->items, list->capacity * sizeof(*list->items));
    }
    struct fetch_candidate *item = &list->items[list->count++];
    *item = (struct fetch_candidate){
        .upstream = upstream,
        .url = arena_strdup(&list->memory, url),
        .scope = scope ? arena_strdup(&list->memory, scope) : NULL,
    };
    return item;
}

void candidate_list_release(struct candidate_list *list)
{
    free(list->items);
    arena_release(&list->memory);
    *list = (struct candidate_list)CANDIDATE_LIST_INIT;
}
