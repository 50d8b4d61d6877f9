/* Documents: answers of upstreams that are small enough to be read as a whole (project pages, the list of
 * projects, the JSON API, tags, manifests, lists of tags). In memory they are parsed and rendered, in the
 * store they are as they came. freshness.h finds them and says how fresh they must be, document_fill.h
 * fetches and loads them, rendition.h answers with them.
 *
 * A document is immutable but for its times and its renditions (made when they are first asked for). */
#ifndef PROXY_DOCUMENT_DOCUMENT_H
#define PROXY_DOCUMENT_DOCUMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/lock.h"
#include "proxy/core/memcache.h"
#include "proxy/core/proxy.h"
#include "storage/catalog/origin.h"

struct candidate_list;
struct document;
struct object;
struct upstream;

/* An answer of an upstream, as it came. */
struct document_source {
    struct origin origin;
    struct buf body; /* of a paged kind: all pages, one after the other */
};

#define DOCUMENT_FORMATS 3

/* Never stale, as a time to live; small enough to be added to a time. */
#define DOCUMENT_IMMUTABLE_S (INT64_MAX / 4)

/* The times of the rules of freshness (freshness.h), in seconds. */
struct document_times {
    int64_t ttl_s;
    int64_t stale_ttl_s;
    int64_t negative_ttl_s;
};

enum document_shape {
    DOCUMENT_WHOLE, /* one answer */
    DOCUMENT_PAGED, /* several, put together (document_pages.h); never conditional */
    DOCUMENT_HEAD,  /* only the head is asked for, and only an entry is stored */
};

struct document_kind {
    const char *space; /* of the store's entries; also in logs: "page flask" */
    const char *accept;
    enum document_shape shape;
    /* DOCUMENT_HEAD: whether a head says enough; where it does not, the body is fetched after all. NULL: it
     * always does. */
    bool (*head_suffices)(const struct document_source *source);
    bool memory_only; /* nothing is stored but what storing() puts */
    struct document_times (*times)(const struct site *site, const char *key);
    int64_t max_bytes; /* of the body; 0: as [pypi] max_page says; -1: any size */
    void (*candidates)(const struct site *site, const char *key, struct candidate_list *out);
    /* Appends the scope of its entry; NULL: "". */
    void (*scope)(const char *key, struct buf *out);
    /* Jobs thread: reads the body. Returns the content and what it takes in memory, or NULL with a
     * sentence. */
    struct shared *(*parse)(const struct document_source *source, const char *key, int64_t *cost_bytes,
                            struct buf *error);
    /* Jobs thread: learns about the upstream from its document (where it keeps files). May be NULL. */
    void (*learn)(struct upstream *upstream, const struct shared *content);
    /* Jobs thread: puts the entries that follow from a document which has just come from an upstream, right
     * before it is stored itself. The index is written in order, so whenever a crash comes, a document that
     * is there has its entries. May be NULL. */
    void (*storing)(struct proxy *proxy, const char *key, const struct shared *content);
    /* Jobs thread: appends the body of one format; NULL if the kind has no fixed renditions. */
    void (*render)(struct proxy *proxy, const struct document *document, int format, struct buf *out);
    const char *(*content_type)(int format);
};

struct document {
    struct shared shared;
    const struct document_kind *kind;
    char *key;
    struct origin origin; /* the body is in the store, if anywhere */
    struct shared *content;
    int64_t content_bytes;
    _Atomic int64_t confirmed_at_s;
    _Atomic int64_t next_refresh_at_s; /* upstreams are not asked before: a refresh has just failed */
    int64_t max_age_s;                 /* in Cache-Control */

    struct lock lock;                               /* guards below */
    struct object *renditions[DOCUMENT_FORMATS][2]; /* [1] gzip */
    int version;                                    /* counts document_outdate() */
};

/* Takes over the strings of the origin, and the reference to the content. */
struct document *document_new(const struct document_kind *kind, const char *key, struct origin *origin,
                              struct shared *content, int64_t content_bytes, int64_t confirmed_at_s,
                              int64_t max_age_s);
/* Puts it in the memory cache. */
void document_keep(struct proxy *proxy, struct document *document);

static inline void document_unref(struct document *document)
{
    shared_unref(document ? &document->shared : NULL);
}

#endif
