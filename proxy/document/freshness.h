/* Serving documents: found in memory, loaded from the store, or fetched, by these rules of freshness:
 *
 *   age <= ttl                  served
 *   age <= ttl + stale_ttl      served, while one conditional fetch in the background refreshes it
 *   older                       the client waits for the refresh; if no upstream answers, or one denies
 *                               it, it is served
 *   not held                    the client waits for a fetch; "nowhere" and "denied" are remembered for
 *                               negative_ttl
 *   held, and "nowhere" now     forgotten
 *   offline                     what is held is served at any age; upstreams are not asked */
#ifndef PROXY_DOCUMENT_FRESHNESS_H
#define PROXY_DOCUMENT_FRESHNESS_H

#include "proxy/document/document.h"
#include "proxy/http/request.h"

enum document_result {
    DOCUMENT_HAVE,
    DOCUMENT_WAIT,        /* return MHD_YES */
    DOCUMENT_NOT_FOUND,   /* every healthy upstream said so, or offline and not held */
    DOCUMENT_DENIED,      /* nobody has it, or it needs other credentials */
    DOCUMENT_UNAVAILABLE, /* no upstream could say */
};

/* Finds or fetches a document. DOCUMENT_HAVE gives a reference in *out and sets request->how. After anything
 * but HAVE the handler returns document_respond_missing(). A handler may ask for several documents, one after
 * the other: after a wait it asks for the same ones again, and those that came are in memory. */
enum document_result document_get(struct request *request, const struct document_kind *kind, const char *key,
                                  struct document **out);
/* Finds a document that is held, in memory or in the store, whatever its age; never asks an upstream. HAVE,
 * WAIT (for the store), or NOT_FOUND if it is not held. */
enum document_result document_get_held(struct request *request, const struct document_kind *kind,
                                       const char *key, struct document **out);
/* document_get() for a handler that asks for one document: it is kept in the request, and found there after a
 * wait. */
enum document_result document_get_kept(struct request *request, const struct document_kind *kind,
                                       const char *key);
/* The document that the request keeps, or NULL. */
static inline struct document *document_kept(const struct request *request)
{
    return (struct document *)request->kept;
}
/* Keeps a document (takes the reference) in a request that keeps none yet. */
static inline void document_keep_in(struct request *request, struct document *document)
{
    request->kept = &document->shared;
}
/* After WAIT there is nothing to answer yet: MHD_YES. `what` names the document for people. */
enum MHD_Result document_respond_missing(struct request *request, enum document_result result,
                                         const char *what);

#endif
