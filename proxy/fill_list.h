/* Which blobs are on their way, as JSON. Clients choose their names, so the list has bounds. */
#ifndef PROXY_FILL_LIST_H
#define PROXY_FILL_LIST_H

#include <stddef.h>

struct buf;
struct fills;

#define FILLS_SHOWN_MAX 1000
#define FILLS_SHOWN_BYTES_MAX (256 * 1024)

/* Appends {"fills":[{"what":KEY,"bytes":N,"of":N}, ...]}: at most so many, in at most so many bytes and a few; names that do
 * not fit are passed over. "of" is missing where the size is not known yet. */
void fills_print(struct fills *fills, struct buf *out);

#endif
