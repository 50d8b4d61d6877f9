/* Which blobs are in use now, and when blobs were used since the index was last told. Any thread.
 *
 * A blob is pinned before its file is opened, and unlinked only under the table's lock and unpinned: an open
 * that finds the file has it pinned, and eviction never takes a file that somebody is about to open. */
#ifndef STORAGE_PINS_H
#define STORAGE_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

struct pins;

struct pins *pins_new(void);
/* Every pin must have been dropped. */
void pins_free(struct pins **pins);

void pins_add(struct pins *pins, const struct digest *digest);
void pins_drop(struct pins *pins, const struct digest *digest);

bool pins_has(struct pins *pins, const struct digest *digest);

/* So many noted uses are worth a transaction. */
#define PINS_USES_MAX 4096
/* Notes a use. Returns true when their number has just reached PINS_USES_MAX. */
bool pins_note_use(struct pins *pins, const struct digest *digest, int64_t used_at_s);
bool pins_have_many_uses(struct pins *pins);
/* Hands over all uses noted so far, one call each, outside the lock, and forgets them. */
void pins_take_uses(struct pins *pins,
                    void (*visit)(void *arg, const struct digest *digest, int64_t used_at_s), void *arg);

/* Is pinned, or was used since pins_take_uses(). */
bool pins_is_busy(struct pins *pins, const struct digest *digest);
/* Unlinks `name` unless the blob is busy. Returns 0, -EBUSY, or negative errno. */
int pins_unlink(struct pins *pins, const struct digest *digest, int folder_fd, const char *name);

#endif
