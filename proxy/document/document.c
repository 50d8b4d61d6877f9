/* One document in memory: made, kept, freed. Made on the jobs thread, shared by reference count with any
 * thread; its lock guards the renditions, and the times are atomic, so that a refresh that confirms it needs
 * no copy. */
#include "proxy/document/document.h"

#include <stdlib.h>

#include "base/memory.h"
#include "proxy/core/keys.h"
#include "proxy/http/respond.h"

static void document_free(struct shared *value)
{
    struct document *document = (struct document *)value;

    for (int format = 0; format < DOCUMENT_FORMATS; format++)
        for (int gzip = 0; gzip < 2; gzip++)
            object_unref(document->renditions[format][gzip]);
    origin_release(&document->origin);
    shared_unref(document->content);
    lock_destroy(&document->lock);
    free(document->key);
    free(document);
}

struct document *document_new(const struct document_kind *kind, const char *key, struct origin *origin,
                              struct shared *content, int64_t content_bytes, int64_t confirmed_at_s,
                              int64_t max_age_s)
{
    struct document *document = xcalloc(1, sizeof(*document));

    shared_init(&document->shared, document_free);
    lock_init(&document->lock, LOCK_RANK_DOCUMENT);
    document->kind = kind;
    document->key = xstrdup(key);
    document->origin = *origin;
    *origin = (struct origin)ORIGIN_INIT;
    document->content = content;
    document->content_bytes = content_bytes;
    document->confirmed_at_s = confirmed_at_s;
    document->max_age_s = max_age_s;
    return document;
}

void document_keep(struct proxy *proxy, struct document *document)
{
    char *CLEANUP_FREE key = memory_key_document(document->kind->space, document->key);

    memcache_put(proxy->memcache, key, &document->shared, document->content_bytes);
}
