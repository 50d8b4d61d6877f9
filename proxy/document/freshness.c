/* Freshness, and which fill a request waits for. Runs on workers; the fetching is in document_fill.c, the
 * rendering in rendition.c. No state of its own: a handler is run again from the top after each wait, and
 * what it waited for is told by the key of request->fill.
 *
 *   memory ──► store (LOAD, a job) ──► upstreams (FETCH)
 *     │            │                       │
 *     ▼            ▼                       ▼
 *   fresh, stale and refreshed in the background, or too old: the request waits for the FETCH */
#include "proxy/document/freshness.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "proxy/core/absence.h"
#include "proxy/core/fill.h"
#include "proxy/core/keys.h"
#include "proxy/document/document_fill.h"
#include "proxy/http/respond.h"
#include "storage/store.h"

static bool waited_for(const struct request *request, const struct document_kind *kind, const char *key,
                       bool load)
{
    if (!request->fill) /* as nearly always: a hit makes no more keys than it needs */
        return false;
    char *CLEANUP_FREE fill_key = load ? fill_key_load(kind->space, key) : fill_key_fetch(kind->space, key);
    return request_waited_for(request, fill_key);
}

/* The product of the fill that this request waited for: a reference, or NULL. */
static struct document *product_of(struct request *request)
{
    struct fill *fill = request->fill;

    if (!fill)
        return NULL;
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    return (struct document *)shared_ref(fill->product);
}

/* Joins the fetch (or load) of the document and waits. Returns false when there is nothing to wait for: it
 * has ended already, too many fills are running (request->fill is NULL then), or the server is stopping. */
static bool join_and_wait(struct request *request, const struct document_kind *kind, const char *key,
                          struct document *old, bool load)
{
    char *CLEANUP_FREE fill_key = load ? fill_key_load(kind->space, key) : fill_key_fetch(kind->space, key);
    bool created;
    struct fill *fill = fill_join(request->proxy->fills, fill_key, &created);

    if (!fill) {
        request_forget_fill(request); /* or the caller would take an earlier fill's outcome for this one's */
        return false;
    }
    if (created && load)
        document_load(request->proxy, request->site, fill, kind, key);
    else if (created)
        document_fetch(request->proxy, request->site, fill, kind, key, old);
    return request_wait(request, fill, WAIT_FOR_END);
}

/* Nobody waits for it. Where too many fills are running, a later request tries again. */
static void refresh_in_background(struct request *request, struct document *document)
{
    bool created;

    if (document->next_refresh_at_s > clock_wall_s())
        return;
    char *CLEANUP_FREE fill_key = fill_key_fetch(document->kind->space, document->key);
    struct fill *fill = fill_join(request->proxy->fills, fill_key, &created);
    if (created)
        document_fetch(request->proxy, request->site, fill, document->kind, document->key, document);
    if (fill)
        shared_unref(&fill->shared);
}

/* For clients that ask whether the store has it (prefetch): a document in memory may still fail to be
 * stored. */
static bool is_stored(struct request *request, const struct document_kind *kind, const char *key)
{
    struct entry_read read;

    if (entry_get(request->proxy->store, kind->space, key, &read) < 0)
        return false;
    bool stored = !read.entry.has_digest || blob_exists(request->proxy->store, &read.entry.digest);
    entry_release(&read);
    return stored;
}

/* Looks in memory, then in the store. Returns DOCUMENT_HAVE, DOCUMENT_WAIT, or DOCUMENT_NOT_FOUND if it is
 * not held. */
static enum document_result document_find_held(struct request *request, const struct document_kind *kind,
                                               const char *key, struct document **out)
{
    char *CLEANUP_FREE memory_key = memory_key_document(kind->space, key);
    enum request_how how = request->how;
    struct entry_read read; /* the entry says only whether there is something to load */

    *out = (struct document *)memcache_get(request->proxy->memcache, memory_key);
    if (*out && request->held_only && !is_stored(request, kind, key)) {
        document_unref(take_ptr(out));
        return DOCUMENT_NOT_FOUND;
    }
    if (*out)
        return DOCUMENT_HAVE;
    /* A load that brought nothing found a copy that cannot be used: it is not loaded again, upstreams are
     * asked. */
    if (waited_for(request, kind, key, true)) {
        *out = product_of(request);
        return *out ? DOCUMENT_HAVE : DOCUMENT_NOT_FOUND;
    }
    if (entry_get(request->proxy->store, kind->space, key, &read) < 0)
        return DOCUMENT_NOT_FOUND;
    entry_release(&read);
    if (join_and_wait(request, kind, key, NULL, true)) {
        request->how = how; /* a wait for the store is not a miss */
        return DOCUMENT_WAIT;
    }
    *out = product_of(request);
    return *out ? DOCUMENT_HAVE : DOCUMENT_NOT_FOUND;
}

enum document_result document_get_held(struct request *request, const struct document_kind *kind,
                                       const char *key, struct document **out)
{
    if (waited_for(request, kind, key, false) && (*out = product_of(request)))
        return DOCUMENT_HAVE;
    return document_find_held(request, kind, key, out);
}

/* The fetch that the request waited for has ended. Its product may be the old document, kept because no
 * upstream answered: that is stale, whoever waited for it. */
static enum document_result after_fetch(struct request *request, struct document **out)
{
    struct fill *fill = request->fill;

    if (!fill)
        return DOCUMENT_UNAVAILABLE;
    lock_acquire(&fill->lock);
    bool settled = fill->state == FILL_DONE || fill->state == FILL_FAILED;
    enum fetch_outcome outcome = fill->outcome;
    lock_release(&fill->lock);
    if (!settled) /* the server is stopping */
        return DOCUMENT_UNAVAILABLE;
    *out = product_of(request);
    if (!*out && outcome == FETCH_DENIED)
        return DOCUMENT_DENIED;
    if (!*out)
        return outcome == FETCH_NOT_FOUND ? DOCUMENT_NOT_FOUND : DOCUMENT_UNAVAILABLE;
    request->how = outcome == FETCH_OK || outcome == FETCH_NOT_MODIFIED ? HOW_MISS : HOW_STALE;
    return DOCUMENT_HAVE;
}

/* A request for a document that is not held: known to be nowhere, or to be fetched. */
static enum document_result document_not_held(struct request *request, const struct document_kind *kind,
                                              const char *key, struct document **out)
{
    char *CLEANUP_FREE absent_key = memory_key_absence(kind->space, key);
    enum fetch_outcome outcome;

    if (request->held_only) {
        if (!kind->memory_only)
            request_note_not_held(request, kind->space, key);
        return DOCUMENT_NOT_FOUND;
    }
    if (absence_known(request->proxy, absent_key, &outcome)) {
        request->how = HOW_NEGATIVE;
        return outcome == FETCH_DENIED ? DOCUMENT_DENIED : DOCUMENT_NOT_FOUND;
    }
    if (request_offline(request))
        return DOCUMENT_NOT_FOUND;
    if (join_and_wait(request, kind, key, NULL, false))
        return DOCUMENT_WAIT;
    return after_fetch(request, out);
}

enum document_result document_get(struct request *request, const struct document_kind *kind, const char *key,
                                  struct document **out)
{
    if (waited_for(request, kind, key, false))
        return after_fetch(request, out);
    enum document_result result = document_find_held(request, kind, key, out);
    if (result == DOCUMENT_WAIT)
        return result;
    if (result == DOCUMENT_NOT_FOUND)
        return document_not_held(request, kind, key, out);

    struct document *document = *out;
    int64_t age_s = clock_wall_s() - document->confirmed_at_s;
    struct document_times times = kind->times(request->site, key);
    request->how = HOW_HIT;
    if (age_s <= times.ttl_s)
        return DOCUMENT_HAVE;
    request->how = HOW_STALE;
    if (request_offline(request))
        return DOCUMENT_HAVE;
    if (age_s <= times.ttl_s + times.stale_ttl_s) {
        refresh_in_background(request, document);
        return DOCUMENT_HAVE;
    }
    if (document->next_refresh_at_s > clock_wall_s())
        return DOCUMENT_HAVE;
    /* Beyond stale_ttl: the client waits. Where it need not, since the fetch has ended by now or too many are
     * running, the old document is better than nothing. */
    if (join_and_wait(request, kind, key, document, false)) {
        document_unref(take_ptr(out));
        return DOCUMENT_WAIT;
    }
    result = after_fetch(request, out);
    if (result == DOCUMENT_UNAVAILABLE) {
        *out = document;
        return DOCUMENT_HAVE;
    }
    document_unref(document);
    return result;
}

enum document_result document_get_kept(struct request *request, const struct document_kind *kind,
                                       const char *key)
{
    struct document *document;

    if (request->kept)
        return DOCUMENT_HAVE;
    enum document_result result = document_get(request, kind, key, &document);
    if (result == DOCUMENT_HAVE)
        document_keep_in(request, document);
    return result;
}

enum MHD_Result document_respond_missing(struct request *request, enum document_result result,
                                         const char *what)
{
    if (result == DOCUMENT_WAIT)
        return MHD_YES;
    if (result != DOCUMENT_NOT_FOUND)
        return respond_unavailable(request, what, "no upstream could answer");
    if (request_offline(request))
        return respond_not_held(request, NULL, what);
    return respond_error(request, MHD_HTTP_NOT_FOUND, "%s: every upstream says that it does not exist", what);
}
