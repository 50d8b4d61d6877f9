/* Bringing documents in: from upstreams (fetch, parse, store) and from the store (read, parse). */
#ifndef PROXY_DOCUMENT_FILL_H
#define PROXY_DOCUMENT_FILL_H

#include "proxy/absence.h"
#include "proxy/document.h"
#include "proxy/fill.h"

/* Both start the work of a fill just created; its product will be the document. */

/* `old` is what is held of it (NULL: nothing): its validators make the fetch conditional, and it is the
 * product when no upstream answers. */
void document_fetch(struct proxy *proxy, struct site *site, struct fill *fill,
                    const struct document_kind *kind, const char *key, struct document *old);
void document_load(struct proxy *proxy, struct site *site, struct fill *fill,
                   const struct document_kind *kind, const char *key);

/* Takes the source's strings and the content over. */
struct document *document_new(const struct document_kind *kind, const char *key,
                              struct document_source *source, struct shared *content, int64_t content_bytes,
                              int64_t confirmed_at_s, int64_t max_age_s);
/* How an entry of this kind remembers where its document came from: its attributes. Members that are NULL are "". Parsing
 * returns 0, or -1 with what was read so far; it fills members that are NULL. */
void document_attributes_print(const struct document_kind *kind, const struct document_source *source,
                               struct buf *out);
int document_attributes_parse(const struct document_kind *kind, const char *text,
                              struct document_source *source);
/* Frees, and leaves one that says nothing. */
void document_source_release(struct document_source *source);
/* Keys of the memory cache (prefix "", "absent:") and of the fill table. Heap. */
char *document_key(const char *prefix, const struct document_kind *kind, const char *key);
/* Puts it in the memory cache. */
void document_keep(struct proxy *proxy, struct document *document);

#endif
