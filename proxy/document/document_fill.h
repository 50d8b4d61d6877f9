/* Bringing documents in: from upstreams (fetch, parse, store) and from the store (read, parse). */
#ifndef PROXY_DOCUMENT_DOCUMENT_FILL_H
#define PROXY_DOCUMENT_DOCUMENT_FILL_H

#include "proxy/core/fill.h"
#include "proxy/document/document.h"

/* Both start the work of a fill that the caller has just created (fill_join()), and take references of their
 * own. The fill's product is the document, or NULL. */

/* From upstreams. `old` is the document that is held (NULL: none): its validators make the fetch conditional,
 * and it is the product where no upstream answers. */
void document_fetch(struct proxy *proxy, struct site *site, struct fill *fill,
                    const struct document_kind *kind, const char *key, struct document *old);
/* From the store. The fill fails with NOT_FOUND where the store has nothing that can be used. */
void document_load(struct proxy *proxy, struct site *site, struct fill *fill,
                   const struct document_kind *kind, const char *key);

#endif
