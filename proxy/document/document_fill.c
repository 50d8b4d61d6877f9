/* Owns: document_fills, one for each running fetch or load of a document. It lives from document_fetch() to
 * the end of both the fetch and its jobs; it is reference-counted because a cancelled fetch ends while a job
 * still parses.
 *
 *   fetch thread   collects an answer (document_on_begin, document_on_write, document_on_complete)
 *       ├── another one follows: the next page, or the body that a head was too little for ──► again
 *       ▼
 *   jobs thread    parses it, stores it, makes the document; accepts or rejects the answer
 *       ├── rejected ──► the fetch tries the next upstream: again from on_begin
 *       ▼
 *   fetch thread   ends the fill (document_on_finish): new document, old one, or none
 *
 * While a job runs, the fetch thread waits for its verdict and touches neither `source` nor `made`, so they
 * need no lock. The store thread is not waited for: a document is served before it is durable. */
#include "proxy/document/document_fill.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/core/absence.h"
#include "proxy/core/candidate_list.h"
#include "proxy/core/jobs.h"
#include "proxy/core/keys.h"
#include "proxy/document/document_pages.h"
#include "storage/store.h"
#include "upstreams/fetch.h"
#include "upstreams/upstream.h"

/* For this long after a refresh that failed, the held document is served without asking upstreams again: each
 * request would wait for their timeouts otherwise. */
#define REFRESH_PAUSE_S 10
/* Clients and proxies before us ask again after ten minutes at most, however long the ttl is here. */
#define MAX_AGE_S 600

struct document_fill {
    struct shared shared;
    /* set once */
    struct proxy *proxy;
    struct site *site;
    struct fill *fill;
    const struct document_kind *kind;
    char *key;
    struct document *old;
    /* fetch thread while collecting, jobs thread while parsing */
    struct document_source source;
    struct upstream *upstream; /* whose answer source is */
    struct document *made;
    /* fetch thread */
    bool body_wanted;  /* of a kind of heads: the head said too little */
    bool more;         /* another fetch follows this one */
    size_t page_start; /* in source.body, of the page that is coming */
    struct document_pages pages;
};

/* Whether what is being fetched is only a head. */
static bool wants_head(const struct document_fill *df)
{
    return df->kind->shape == DOCUMENT_HEAD && !df->body_wanted;
}

static void document_fill_free(struct shared *value)
{
    struct document_fill *df = (struct document_fill *)value;

    origin_release(&df->source.origin);
    buf_release(&df->source.body);
    document_pages_release(&df->pages);
    if (df->upstream)
        upstream_unref(df->upstream);
    document_unref(df->made);
    document_unref(df->old);
    shared_unref(&df->fill->shared);
    site_unref(df->site);
    free(df->key);
    free(df);
}

static struct document_fill *document_fill_new(struct proxy *proxy, struct site *site, struct fill *fill,
                                               const struct document_kind *kind, const char *key)
{
    struct document_fill *df = xcalloc(1, sizeof(*df));

    shared_init(&df->shared, document_fill_free);
    df->proxy = proxy;
    df->site = (struct site *)shared_ref(&site->shared);
    df->fill = (struct fill *)shared_ref(&fill->shared);
    df->kind = kind;
    df->key = xstrdup(key);
    df->source.origin = (struct origin)ORIGIN_INIT;
    buf_init(&df->source.body);
    document_pages_init(&df->pages);
    return df;
}

static int64_t max_age_s(const struct document_fill *df)
{
    int64_t ttl_s = df->kind->times(df->site, df->key).ttl_s;

    return ttl_s < MAX_AGE_S ? ttl_s : MAX_AGE_S;
}

static int64_t max_bytes(const struct document_fill *df)
{
    return df->kind->max_bytes ? df->kind->max_bytes : df->site->config->pypi.max_page_bytes;
}

/* ---- the store's side ---- */

static void document_store_source(struct document_fill *df)
{
    struct buf CLEANUP_BUF attributes = BUF_INIT;
    struct buf CLEANUP_BUF scope = BUF_INIT;
    const char *digest = df->source.origin.digest;

    if (df->kind->memory_only)
        return;
    origin_print(&df->source.origin, df->kind->shape == DOCUMENT_HEAD, &attributes);
    if (df->kind->scope)
        df->kind->scope(df->key, &scope);
    struct entry entry = {
        .space = df->kind->space,
        .key = df->key,
        .scope = scope.data,
        .confirmed_at_s = clock_wall_s(),
        .attributes = attributes.data,
    };
    /* A head's entry names the blob that the head is about, which need not be here. */
    if (df->kind->shape == DOCUMENT_HEAD) {
        entry.has_digest =
            text_starts(digest, "sha256:") &&
            digest_parse(digest + strlen("sha256:"), strlen(digest) - strlen("sha256:"), &entry.digest) == 0;
        entry.size_bytes = df->source.origin.size_bytes;
        entry_put(df->proxy->store, &entry);
        return;
    }
    int error = blob_put(df->proxy->store, df->source.body.data, df->source.body.len, &entry, 1, NULL, NULL);
    if (error)
        log_warn("%s %s: served, but not stored: %s", df->kind->space, df->key, strerror(-error));
}

/* Makes the document from the store's entry and blob. Returns NULL with why in `error`. *useless: trying
 * again would not help, so the entry may go. (It would where there are no descriptors left or the disk has
 * trouble.) */
static struct document *make_of_entry(struct document_fill *df, const struct entry *entry, bool *useless,
                                      struct buf *error)
{
    bool head = df->kind->shape == DOCUMENT_HEAD;
    int64_t cost_bytes;
    int failure = 0;

    *useless = true;
    if ((!entry->has_digest && !head) || origin_parse(entry->attributes, head, &df->source.origin) < 0) {
        buf_set(error, "its entry says too little");
        return NULL;
    }
    df->source.origin.size_bytes = entry->size_bytes;
    if (!head)
        failure = blob_read(df->proxy->store, &entry->digest, (size_t)max_bytes(df), &df->source.body);
    if (failure) {
        *useless = failure == -ENOENT || failure == -EFBIG;
        buf_set(error, "reading its bytes: %s", strerror(-failure));
        return NULL;
    }
    struct shared *content = df->kind->parse(&df->source, df->key, &cost_bytes, error);
    if (!content)
        return NULL;
    return document_new(df->kind, df->key, &df->source.origin, content, cost_bytes, entry->confirmed_at_s,
                        max_age_s(df));
}

static void document_load_run(void *arg)
{
    struct document_fill *df = arg;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct entry_read read = {0};
    struct document *document = NULL;
    bool useless = false;

    if (entry_get(df->proxy->store, df->kind->space, df->key, &read) == 0) {
        document = make_of_entry(df, &read.entry, &useless, &error);
        entry_release(&read);
        if (!document)
            log_warn("%s %s: the copy in the store cannot be used (%s); asking upstreams", df->kind->space,
                     df->key, error.data);
    }
    if (document) {
        /* What was learned of upstreams is not stored: documents that were, teach it again after a start. */
        for (size_t i = 0; df->kind->learn && i < df->site->pypi_count; i++)
            if (strcmp(upstream_name(df->site->pypi[i]), document->origin.upstream) == 0)
                df->kind->learn(df->site->pypi[i], document->content);
        document_keep(df->proxy, document);
    } else if (useless) {
        entry_delete(df->proxy->store, df->kind->space, df->key);
    }
    fill_end(df->fill, document ? FETCH_OK : FETCH_NOT_FOUND, NULL, document ? &document->shared : NULL);
    shared_unref(&df->shared);
}

void document_load(struct proxy *proxy, struct site *site, struct fill *fill,
                   const struct document_kind *kind, const char *key)
{
    jobs_add(proxy->jobs, JOB_WAITED_FOR, document_load_run, document_fill_new(proxy, site, fill, kind, key));
}

/* ---- the upstream's side ---- */

/* The digest before the last change: a head may name a manifest that upstreams do not have (yet), and the tag
 * is then served as it was. */
static const char *previous_of(const struct document_fill *df, const char *digest)
{
    if (!df->old)
        return "";
    return strcmp(df->old->origin.digest, digest) == 0 ? df->old->origin.previous : df->old->origin.digest;
}

static int document_on_begin(void *sink, const struct fetch_answer *answer)
{
    struct document_fill *df = sink;

    origin_release(&df->source.origin);
    buf_truncate(&df->source.body, df->page_start);
    df->source.origin.upstream = xstrdup(upstream_name(answer->upstream));
    df->source.origin.url = xstrdup(answer->url);
    df->source.origin.content_type = xstrdup(answer->content_type);
    df->source.origin.etag = xstrdup(answer->etag);
    df->source.origin.last_modified = xstrdup(answer->last_modified);
    if (df->kind->shape == DOCUMENT_HEAD) {
        df->source.origin.digest = xstrdup(answer->digest);
        df->source.origin.previous = xstrdup(previous_of(df, answer->digest));
        df->source.origin.size_bytes = answer->total_bytes;
    }
    if (df->kind->shape == DOCUMENT_PAGED)
        document_pages_note_next(&df->pages, answer);
    if (df->upstream)
        upstream_unref(df->upstream);
    df->upstream = upstream_ref(answer->upstream);
    return 0;
}

static int document_on_write(void *sink, int64_t offset, const void *data, size_t len)
{
    struct document_fill *df = sink;

    CHECK(df->page_start + (size_t)offset == df->source.body.len);
    buf_add(&df->source.body, data, len);
    return 0;
}

static void document_parse_run(void *arg)
{
    struct document_fill *df = arg;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct origin *origin = &df->source.origin;
    const struct buf *body = &df->source.body;
    char hex[DIGEST_HEX_SIZE];
    int64_t cost_bytes;

    /* The body gives the size and digest that the head lacked. The headers of this second answer are no
     * better than those of the first. */
    if (df->body_wanted) {
        origin->size_bytes = (int64_t)body->len;
        digest_hex_of(body->data, body->len, hex);
        free(origin->digest);
        free(origin->previous);
        origin->digest = xasprintf("sha256:%s", hex);
        origin->previous = xstrdup(previous_of(df, origin->digest));
    }
    struct shared *content = df->kind->parse(&df->source, df->key, &cost_bytes, &error);
    if (!content) {
        log_warn("%s %s: the answer of %s from %s cannot be used: %s; trying elsewhere", df->kind->space,
                 df->key, origin->upstream, origin->url, error.data);
    } else {
        if (df->kind->learn)
            df->kind->learn(df->upstream, content);
        if (df->kind->storing)
            df->kind->storing(df->proxy, df->key, content);
        document_store_source(df);
        df->made =
            document_new(df->kind, df->key, origin, content, cost_bytes, clock_wall_s(), max_age_s(df));
        buf_release(&df->source.body);
        document_keep(df->proxy, df->made);
    }
    lock_acquire(&df->fill->lock);
    if (df->fill->fetch)
        fetch_decide(df->fill->fetch, df->made ? FETCH_ACCEPT : FETCH_REJECT);
    lock_release(&df->fill->lock);
    shared_unref(&df->shared);
}

static enum fetch_decision document_on_complete(void *sink)
{
    struct document_fill *df = sink;

    if (wants_head(df) && df->kind->head_suffices && !df->kind->head_suffices(&df->source)) {
        df->body_wanted = df->more = true;
        return FETCH_ACCEPT;
    }
    switch (document_pages_came(&df->pages)) {
    case PAGES_MORE:
        df->more = true;
        return FETCH_ACCEPT;
    case PAGES_TOO_MANY:
        log_warn("%s %s: %s names more than %d pages; trying elsewhere, as a part is not the whole",
                 df->kind->space, df->key, df->source.origin.upstream, DOCUMENT_PAGES_MAX);
        return FETCH_REJECT;
    case PAGES_ALL:
        break;
    }
    shared_ref(&df->shared);
    jobs_add(df->proxy->jobs, JOB_WAITED_FOR, document_parse_run, df);
    return FETCH_PENDING;
}

/* The product of a refresh that brought nothing new: the old document, or NULL with the knowledge that it is
 * gone. A denial does not take away the document that is held: it may be a password that has changed. */
static struct document *without_new(struct document_fill *df, enum fetch_outcome outcome, const char *reason)
{
    char *CLEANUP_FREE memory_key = memory_key_document(df->kind->space, df->key);
    char *CLEANUP_FREE absent_key = memory_key_absence(df->kind->space, df->key);
    int64_t negative_ttl_s = df->kind->times(df->site, df->key).negative_ttl_s;
    int64_t now_s = clock_wall_s();

    if (outcome == FETCH_NOT_MODIFIED) {
        CHECK(df->old); /* only its validators make a fetch conditional */
        df->old->confirmed_at_s = now_s;
        entry_confirm(df->proxy->store, df->kind->space, df->key, now_s);
        return take_ptr(&df->old);
    }
    if (df->old && outcome != FETCH_NOT_FOUND) {
        log_warn("%s %s: served stale, %lld s after it was last confirmed: %s", df->kind->space, df->key,
                 (long long)(now_s - df->old->confirmed_at_s),
                 *reason ? reason : fetch_outcome_name(outcome));
        /* Served as it is, and upstreams are not asked again for a while. */
        df->old->next_refresh_at_s = now_s + (outcome == FETCH_DENIED ? negative_ttl_s : REFRESH_PAUSE_S);
        return take_ptr(&df->old);
    }
    if (outcome == FETCH_NOT_FOUND || outcome == FETCH_DENIED)
        absence_remember(df->proxy, absent_key, outcome, negative_ttl_s);
    if (df->old) {
        memcache_drop(df->proxy->memcache, memory_key);
        entry_delete(df->proxy->store, df->kind->space, df->key);
    }
    return NULL;
}

static void document_ask(struct document_fill *df);

/* The candidates for what is fetched next; the list may be empty. */
static void choose_candidates(const struct document_fill *df, struct candidate_list *list)
{
    df->kind->candidates(df->site, df->key, list);
    document_pages_choose(&df->pages, df->upstream, list);
}

static void document_on_finish(void *sink, enum fetch_outcome outcome, const struct fetch_answer *answer,
                               const char *reason)
{
    struct document_fill *df = sink;
    struct candidate_list CLEANUP_CANDIDATES others = CANDIDATE_LIST_INIT;
    struct document *product;

    (void)answer;
    lock_acquire(&df->fill->lock);
    df->fill->fetch = NULL;
    lock_release(&df->fill->lock);
    /* Some servers do not implement HEAD, and answer it with 404 or worse. */
    if (outcome == FETCH_NOT_FOUND && wants_head(df) && df->kind->head_suffices)
        df->body_wanted = df->more = true;
    else if (outcome != FETCH_OK)
        df->more = false;
    /* An upstream that has sent the first page has the document, whatever the others say: from then on a
     * failure is never "nowhere", and other upstreams are asked while some are left. */
    if (outcome != FETCH_OK && outcome != FETCH_CANCELLED) {
        if (df->pages.count) {
            document_pages_give_up(&df->pages, take_ptr(&df->upstream));
            buf_truncate(&df->source.body, 0);
            choose_candidates(df, &others);
            df->more = others.count > 0;
        }
        if (df->pages.gave_up_count)
            outcome = FETCH_UNAVAILABLE;
    }
    if (df->more) {
        document_ask(df);
        return;
    }
    product = outcome == FETCH_OK ? take_ptr(&df->made) : without_new(df, outcome, reason);
    /* Requests that come after this find the memory cache filled, or start a fetch of their own. */
    fill_end(df->fill, outcome, reason, product ? &product->shared : NULL);
    shared_unref(&df->shared);
}

static const struct fetch_sink_ops sink_ops = {
    .begin = document_on_begin,
    .write = document_on_write,
    .complete = document_on_complete,
    .finish = document_on_finish,
};

/* Starts the first or the next fetch. */
static void document_ask(struct document_fill *df)
{
    struct candidate_list CLEANUP_CANDIDATES list = CANDIDATE_LIST_INIT;
    char *CLEANUP_FREE label = xasprintf("%s %s", df->kind->space, df->key);
    const struct origin *old = df->old && df->kind->shape == DOCUMENT_WHOLE ? &df->old->origin : NULL;

    df->more = false;
    df->page_start = df->source.body.len;
    choose_candidates(df, &list);
    /* Validators belong to the server that gave them: another one may use the same ETag for other content. A
     * page of several, or a head, says nothing about the whole. */
    for (size_t i = 0; old && i < list.count; i++) {
        if (strcmp(old->upstream, upstream_name(list.items[i].upstream)) != 0)
            continue;
        if (*old->etag)
            list.items[i].if_none_match = old->etag;
        if (*old->last_modified)
            list.items[i].if_modified_since = old->last_modified;
    }
    struct fetch_options options = {
        .label = label,
        .class = FETCH_DOCUMENT,
        .head = wants_head(df),
        .accept = df->kind->accept,
        .max_bytes = max_bytes(df) - (int64_t)df->page_start,
        .expected_bytes = -1,
        .candidates = list.items,
        .candidate_count = list.count,
    };
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&df->fill->lock);
    df->fill->fetch = fetch_start(df->proxy->fetcher, &options, &sink_ops, df);
}

void document_fetch(struct proxy *proxy, struct site *site, struct fill *fill,
                    const struct document_kind *kind, const char *key, struct document *old)
{
    struct document_fill *df = document_fill_new(proxy, site, fill, kind, key);
    char *CLEANUP_FREE memory_key = memory_key_document(kind->space, key);
    char *CLEANUP_FREE absent_key = memory_key_absence(kind->space, key);
    enum fetch_outcome outcome = FETCH_OK;

    df->old = (struct document *)shared_ref(old ? &old->shared : NULL);
    /* Another fetch of the document may have ended between this request's look at the memory cache and its
     * joining the table; look again, so that upstreams are not asked twice. */
    struct document *known = (struct document *)memcache_get(proxy->memcache, memory_key);
    if (known && known->confirmed_at_s < clock_wall_s() - kind->times(site, key).ttl_s)
        document_unref(take_ptr(&known));
    if (!known && (old || !absence_known(proxy, absent_key, &outcome))) {
        document_ask(df);
        return;
    }
    fill_end(fill, outcome, NULL, known ? &known->shared : NULL);
    shared_unref(&df->shared);
}
