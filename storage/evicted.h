/* The names of entries that went with evicted blobs, so that "it was here" can be told from "it was never
 * here".
 *
 * A table of EVICTED_MAX hashes in memory (512 KiB, touched only once something is evicted), empty after a
 * start. A name's hash has one place, where a later name may overwrite it: what is said is true, but of n
 * evicted entries about n*n / (2 * EVICTED_MAX) are forgotten, 5 % of 6,500. Putting an entry again forgets
 * that it went. */
#ifndef STORAGE_EVICTED_H
#define STORAGE_EVICTED_H

#include <stdbool.h>

#define EVICTED_MAX 65536

struct evicted;

struct evicted *evicted_new(void);
void evicted_free(struct evicted **evicted);
/* Store thread. */
void evicted_note(struct evicted *evicted, const char *space, const char *key);
void evicted_forget(struct evicted *evicted, const char *space, const char *key);
/* Any thread. */
bool evicted_has(const struct evicted *evicted, const char *space, const char *key);

#endif
