/* A set of digests. One thread at a time. */
#ifndef BASE_DIGEST_SET_H
#define BASE_DIGEST_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"

struct digest_set;

struct digest_set *digest_set_new(void);
/* NULL-safe. */
void digest_set_free(struct digest_set **set);
#define CLEANUP_DIGEST_SET __attribute__((cleanup(digest_set_free)))

/* Returns true if it was not in the set before. */
bool digest_set_add(struct digest_set *set, const struct digest *digest);
bool digest_set_has(const struct digest_set *set, const struct digest *digest);
size_t digest_set_count(const struct digest_set *set);
/* In no particular order. */
void digest_set_each(const struct digest_set *set, void (*visit)(void *arg, const struct digest *digest),
                     void *arg);

#endif
