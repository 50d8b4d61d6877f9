/* The places one object may be fetched from, in order of preference: built for one fetch, then released. */
#ifndef PROXY_CORE_CANDIDATE_LIST_H
#define PROXY_CORE_CANDIDATE_LIST_H

#include <stddef.h>

#include "base/arena.h"
#include "upstreams/fetch.h"

struct candidate_list {
    struct fetch_candidate *items; /* their strings live in memory */
    size_t count;
    size_t capacity;
    struct arena memory;
};

#define CANDIDATE_LIST_INIT \
    {                       \
        NULL, 0, 0,         \
        {                   \
            NULL, 0, 0      \
        }                   \
    }
#define CLEANUP_CANDIDATES __attribute__((cleanup(candidate_list_release)))

/* Copies url and scope (see fetch_candidate; NULL: none). The upstream must outlive the list. Returns the
 * item, valid until the next one is added. */
struct fetch_candidate *candidate_list_add(struct candidate_list *list, struct upstream *upstream,
                                           const char *url, const char *scope);
void candidate_list_release(struct candidate_list *list);

#endif
