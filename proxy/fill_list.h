/* The blobs that are being fetched, as JSON. Clients choose their names, so the list has bounds. */
#ifndef PROXY_FILL_LIST_H
#define PROXY_FILL_LIST_H

#include <stddef.h>

struct buf;
struct fills;

#define FILLS_SHOWN_MAX 1000
#define FILLS_SHOWN_BYTES_MAX (256 * 1024)

/* Changes when a reader of an older version would misread the list. 1 had no "version". */
#define FILLS_VERSION 2

/* Appends {"version":2,"storing":N,"fills":[...]}. N is how many changes of the store are not done yet, with
 * the evictions that they make necessary: at 0 what was fetched is held, or gone again. The fills are at most
 * FILLS_SHOWN_MAX of
 *
 *     {"kind":"file","path":"/packages/...","bytes":N,"of":N}
 *     {"kind":"metadata","path":"/packages/....metadata","bytes":N,"of":N}
 *     {"kind":"blob","registry":"docker.io","repository":"library/nginx",
 *      "digest":"sha256:...","bytes":N,"of":N}
 *
 * in at most FILLS_SHOWN_BYTES_MAX bytes and a few; those that do not fit are left out. "of" is missing
 * while the size is not known, and "repository" where all images of the registry share the fill. There may be
 * two rows for one object: a request that came too late for bytes that were only passed through has a fill
 * of its own. */
void fills_print(struct fills *fills, struct buf *out);

#endif
