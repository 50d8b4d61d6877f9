/* Fetching in advance: a Yizhan is asked, as its clients would ask it, what lists and names mean for some
 * targets, and then for all of that. The command (admin/prefetch.c), the server's own sections
 * (admin/schedule.c) and export (admin/export.c) use it.
 *
 *     prefetch_init(&prefetch, &options, client, report, stop)
 *     prefetch_plan(&prefetch)        reads lists, resolves requirements: items (run.h)
 *     prefetch_fetch(&prefetch)       fetch.h
 *     prefetch_release(&prefetch)
 *
 * One thread, which asks and waits. */
#ifndef ADMIN_PREFETCH_PLAN_H
#define ADMIN_PREFETCH_PLAN_H

#include <jansson.h>
#include <stdatomic.h>

#include "admin/prefetch/run.h"

struct config;

/* The client is the run's from now on; all else is borrowed. */
void prefetch_init(struct prefetch *prefetch, const struct prefetch_options *options,
                   struct http_client *client, const struct prefetch_report *report, const atomic_bool *stop);
void prefetch_release(struct prefetch *prefetch);

/* Finds out the items. Returns 0; -1 when something failed, which was reported, and nothing should be
 * fetched. */
int prefetch_plan(struct prefetch *prefetch);

/* The names that the store has for all that the plan needs, pages and metadata included: an array of
 * {"space":...,"key":...}. The configuration says what names of images mean. A new reference. */
json_t *prefetch_entries(const struct prefetch *prefetch, const struct config *config);

#endif
