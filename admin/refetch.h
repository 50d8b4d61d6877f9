/* Makes the server fetch again what was removed, by a request like any client's. */
#ifndef ADMIN_REFETCH_H
#define ADMIN_REFETCH_H

#include <jansson.h>

struct entry;
struct proxy;

/* The path at which the server serves the entry, on the heap. NULL for entries that have no path. */
char *refetch_path(const struct entry *entry);
/* Asks for it and waits for the whole answer. Returns 0 when it was a good one, else -1. */
int refetch(const struct proxy *proxy, const char *path);

/* Where no server runs: has one of its own fetch the paths, an array of strings. Returns how many of them
 * came, or -1 with a sentence in `error`. */
struct buf;
int refetch_alone(const char *config_path, const json_t *paths, struct buf *error);

#endif
