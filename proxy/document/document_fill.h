/* Bringing documents in: from upstreams (fetch, parse, store) and from the store (read, parse). */
#ifndef PROXY_DOCUMENT_DOCUMENT_FILL_H
#define PROXY_DOCUMENT_DOCUMENT_FILL_H

#include "proxy/core/fill.h"
#include "proxy/document/document.h"

/* Both start the work of a fill just created; its product will be the document. */

/* `old` is what is held of it (NULL: nothing): its validators make the fetch conditional, and it is the
 * product when no upstream answers. */
void document_fetch(struct proxy *proxy, struct site *site, struct fill *fill,
                    const struct document_kind *kind, const char *key, struct document *old);
void document_load(struct proxy *proxy, struct site *site, struct fill *fill,
                   const struct document_kind *kind, const char *key);

#endif
