/* Asking for all items of a plan. */
#ifndef ADMIN_PREFETCH_FETCH_H
#define ADMIN_PREFETCH_FETCH_H

struct prefetch;

/* Fetches the items. Returns 0; 1 when one failed. */
int prefetch_fetch(struct prefetch *prefetch);
/* Finds out which items are held, without fetching any. */
void prefetch_look(struct prefetch *prefetch);

#endif
