/* Which blobs are in use now, and when blobs were used since the index was last told. Any thread.
 *
 * A blob is entered here before its file is opened, and eviction unlinks only under the table's lock, where
 * the blob is not in use: so an open that finds the file has it entered, and no file is evicted that somebody
 * is about to open.
 *
 * Uses are noted here instead of being written, since a transaction for each request would cost more than
 * the request. A blob with a noted use counts as busy until the index knows of it, or eviction would go by
 * an old time. */
#ifndef STORAGE_IN_USE_H
#define STORAGE_IN_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

struct in_use;
struct layout;

struct in_use *in_use_new(void);
/* Everything that was added must have been dropped. */
void in_use_free(struct in_use **in_use);

/* Counted: in use until dropped as often as added. The blob need not be in the store. */
void in_use_add(struct in_use *in_use, const struct digest *digest);
void in_use_drop(struct in_use *in_use, const struct digest *digest);
bool in_use_has(struct in_use *in_use, const struct digest *digest);

/* As many noted uses are worth a transaction. */
#define IN_USE_NOTED_MAX 4096
/* Notes a use. Returns true when their number has just reached IN_USE_NOTED_MAX. */
bool in_use_note(struct in_use *in_use, const struct digest *digest, int64_t used_at_s);
bool in_use_many_noted(struct in_use *in_use);
/* Hands over all noted uses, one call each, outside the lock, and forgets them. `visit` may be NULL. */
void in_use_take_noted(struct in_use *in_use,
                       void (*visit)(void *arg, const struct digest *digest, int64_t used_at_s), void *arg);

/* Is in use, or was used since in_use_take_noted(). */
bool in_use_is_busy(struct in_use *in_use, const struct digest *digest);
/* layout_unlink_blob() unless the blob is busy: then -EBUSY. */
int in_use_unlink(struct in_use *in_use, const struct digest *digest, const struct layout *layout);

#endif
