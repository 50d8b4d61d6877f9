/* Asks for all items, many at a time, on the caller's thread. An item passes through these states:
 *
 *     PLANNED ── is it held? ──► HELD
 *        │ no
 *        └── touched: it comes, whole and verified ──► FETCHED ── is it held now? ──► FETCHED
 *                          │                                             │ no
 *                          └────────── FAILED ◄──────────────────────────┘
 *
 * The last request is repeated until the store has had time to make the item durable: an item that was passed
 * on but not kept (a full disk, a max_size too small for the list) has failed. So has one that was kept and
 * then evicted for a later one: if anything was fetched, all items are looked at again in the end.
 *
 * Requests that are under way point at their passage, and the one for /fills at the struct fetching; so
 * when they are given up, the client goes before these do. */
#include "admin/prefetch/fetch.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "admin/prefetch/ask.h"
#include "admin/prefetch/options.h"
#include "admin/prefetch/run.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "upstreams/http_client.h"

#define STEP_MS 100
/* How long a store may take to keep an item that it has verified. Once it has failed to, a full store must
 * not cost that time for each of the items that follow. */
#define KEEP_PATIENCE_MS 10000
#define KEEP_SHORT_PATIENCE_MS 500
#define KEEP_ASK_EVERY_MS 20
/* Items under way at the same time. */
#define UNDER_WAY_MAX 64
#define FILLS_EVERY_MS 500
#define FILLS_MAX_BYTES ((size_t)1 << 20)
#define FILLS_VERSION_KNOWN 2 /* proxy/fill_list.h */
/* How long a store may take for the changes that it has yet to make. */
#define SETTLE_MS 5000
#define SETTLE_STEP_MS 20
/* The same, if the server does not say when they are made (before version 2 of /fills). */
#define SETTLE_UNTOLD_MS 300

static const struct http_client_request fills_request = {
    .path = "/fills", .want = HTTP_CLIENT_BODY, .max_bytes = FILLS_MAX_BYTES};
static const struct json_limits fills_limits = {8, 4096, 16384};

struct passage;

struct fetching {
    struct prefetch *prefetch;
    struct passage *unkept;  /* fetched, but not held yet: looked at again soon */
    int64_t unkept_asked_ms; /* when they were last looked at */
    int64_t patience_ms;
    bool look_only;
    bool again;             /* looks at items that were fetched or held */
    int64_t fills_asked_ms; /* when the progress of fills was last asked for */
    bool fills_pending;
    bool fills_unknown; /* /fills has a version that we do not know */
    size_t under_way;
};

/* One item's way through the requests. */
struct passage {
    struct fetching *fetching;
    struct prefetch_item *item;  /* NULL: done */
    bool evicted_before;         /* the first request found so: by others, or in an earlier run */
    int64_t since_ms;            /* when it had come */
    struct passage *prev, *next; /* in `unkept` */
};

static void passage_ask(struct passage *passage, enum http_client_want want, bool held_only,
                        http_client_visit visit)
{
    const struct http_client_request request = {
        .path = passage->item->path, .want = want, .held_only = held_only};

    http_client_ask(passage->fetching->prefetch->client, &request, visit, passage);
}

static void passage_finish(struct passage *passage)
{
    const struct prefetch_report *report = passage->fetching->prefetch->report;

    if (!passage->fetching->look_only)
        report->end(report->arg, passage->item);
    passage->item = NULL;
    passage->fetching->under_way--;
}

static void learn_size(struct prefetch_item *item, const struct http_client_answer *answer)
{
    if (answer->size_bytes >= 0)
        item->size_bytes = answer->size_bytes;
}

/* For every answer but 200, and 504, which each request treats in its own way. */
static void passage_fail(struct passage *passage, const struct http_client_answer *answer)
{
    if (*answer->trouble)
        prefetch_item_fail(passage->item, "%s", answer->trouble);
    else
        prefetch_item_fail(passage->item, "the answer was %d", answer->status);
    passage_finish(passage);
}

static void passage_fail_evicted(struct passage *passage)
{
    prefetch_item_fail(passage->item, "it was evicted for later items: max_size is too small for the list");
}

/* ---- the three requests ---- */

static void on_kept(void *arg, const struct http_client_answer *answer)
{
    struct passage *passage = arg;

    if (answer->status == 200) {
        learn_size(passage->item, answer);
        passage_finish(passage);
    } else if (answer->status != 504) {
        passage_fail(passage, answer);
    } else if (answer->evicted && !passage->evicted_before) {
        passage_fail_evicted(passage);
        passage_finish(passage);
    } else if (clock_mono_ms() - passage->since_ms < passage->fetching->patience_ms) {
        DL_APPEND(passage->fetching->unkept, passage);
    } else {
        passage->fetching->patience_ms = KEEP_SHORT_PATIENCE_MS;
        prefetch_item_fail(
            passage->item,
            "it came, but is not kept: the disk is full, or max_size is too small for the list");
        passage_finish(passage);
    }
}

static void on_touched(void *arg, const struct http_client_answer *answer)
{
    struct passage *passage = arg;

    if (answer->status != 200) {
        passage_fail(passage, answer);
        return;
    }
    learn_size(passage->item, answer);
    passage->item->state = ITEM_FETCHED;
    passage->since_ms = clock_mono_ms();
    passage_ask(passage, HTTP_CLIENT_HEAD, true, on_kept);
}

static void on_looked(void *arg, const struct http_client_answer *answer)
{
    struct passage *passage = arg;
    struct prefetch *prefetch = passage->fetching->prefetch;

    if (answer->status == 200) {
        learn_size(passage->item, answer);
        passage->item->state = ITEM_HELD;
        passage_finish(passage);
    } else if (answer->status != 504) {
        passage_fail(passage, answer);
    } else if (prefetch->options->held_only) {
        prefetch_item_fail(passage->item, PREFETCH_NOT_HELD);
        passage_finish(passage);
    } else if (passage->fetching->look_only) {
        passage_finish(passage);
    } else {
        passage->evicted_before = answer->evicted;
        prefetch->report->begin(prefetch->report->arg, passage->item);
        passage_ask(passage, HTTP_CLIENT_TOUCH, false, on_touched);
    }
}

static void on_looked_again(void *arg, const struct http_client_answer *answer)
{
    struct passage *passage = arg;
    struct prefetch_item *item = passage->item;

    if (answer->status == 504) {
        if (answer->evicted)
            passage_fail_evicted(passage);
        else /* an older server, which does not tell of evictions, or one that has forgotten this one */
            prefetch_item_fail(item, "it was there and is gone again: somebody removed it, or max_size is "
                                     "too small for the list");
        item->counted = true;
        prefetch_fail(passage->fetching->prefetch, "%s: %s", item->name, item->reason);
    }
    passage_finish(passage);
}

/* Not at once: the store commits in groups, so the answer would be the same. */
static void ask_for_unkept(struct fetching *fetching)
{
    struct passage *passage, *next;
    int64_t now_ms = clock_mono_ms();

    if (now_ms - fetching->unkept_asked_ms < KEEP_ASK_EVERY_MS)
        return;
    fetching->unkept_asked_ms = now_ms;
    DL_FOREACH_SAFE (fetching->unkept, passage, next) {
        DL_DELETE(fetching->unkept, passage);
        passage_ask(passage, HTTP_CLIENT_HEAD, true, on_kept);
    }
}

/* ---- progress ---- */

static void show_bytes(const struct prefetch *prefetch, const struct prefetch_item *item, int64_t bytes)
{
    if (item && item->state == ITEM_PLANNED)
        prefetch->report->progress(prefetch->report->arg, item, bytes);
}

/* A row of /fills (proxy/fill_list.h). Rows of other kinds are not items. */
static void show_fill(const struct prefetch *prefetch, const json_t *fill)
{
    const char *kind = json_text_member(fill, "kind");
    const char *path = json_text_member(fill, "path");
    const char *digest = json_text_member(fill, "digest");
    int64_t bytes = json_number_member(fill, "bytes");
    const struct prefetch_item *item = NULL;

    if (kind && strcmp(kind, "file") == 0 && path)
        HASH_FIND_STR(prefetch->items, path, item);
    show_bytes(prefetch, item, bytes);
    /* Several images may wait for the same fill of a blob, which names one of them at most: the digest
     * finds all. */
    if (kind && strcmp(kind, "blob") == 0 && digest)
        for (item = prefetch->items; item; item = item->hh.next)
            if (item->kind == ITEM_BLOB && strcmp(item->reference, digest) == 0)
                show_bytes(prefetch, item, bytes);
}

static void on_fills(void *arg, const struct http_client_answer *answer)
{
    struct fetching *fetching = arg;
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    json_t *CLEANUP_JSON root = NULL;
    size_t i;
    const json_t *fill;

    fetching->fills_pending = false;
    if (answer->status == 200)
        root = json_read_object(answer->body, answer->len, &fills_limits, &ignored);
    if (!root)
        return;
    /* Version 1 had no member "version". */
    int64_t version = json_object_get(root, "version") ? json_number_member(root, "version") : 1;
    if (version != FILLS_VERSION_KNOWN) {
        fetching->fills_unknown = true;
        prefetch_note(
            fetching->prefetch,
            "the server's /fills has version %lld, which this yizhan does not know: progress is not shown; "
            "use the same version on both",
            (long long)version);
        return;
    }
    json_array_foreach(json_object_get(root, "fills"), i, fill) show_fill(fetching->prefetch, fill);
}

static void ask_for_fills(struct fetching *fetching)
{
    int64_t now_ms = clock_mono_ms();

    if (!fetching->prefetch->report->shows_progress || fetching->fills_pending || fetching->fills_unknown ||
        now_ms - fetching->fills_asked_ms < FILLS_EVERY_MS)
        return;
    fetching->fills_asked_ms = now_ms;
    fetching->fills_pending = true;
    http_client_ask(fetching->prefetch->client, &fills_request, on_fills, fetching);
}

/* ---- all ---- */

static bool passages_left(const struct passage *passages, size_t count, size_t *first)
{
    while (*first < count && !passages[*first].item)
        ++*first;
    return *first < count;
}

static void fetch_items(struct fetching *fetching)
{
    struct prefetch *prefetch = fetching->prefetch;
    size_t count = HASH_COUNT(prefetch->items);
    struct passage *CLEANUP_FREE passages = xcalloc(count + 1, sizeof(*passages));
    size_t first = 0;
    size_t begun = 0;
    size_t at = 0;

    if (!prefetch->client)
        return;
    for (struct prefetch_item *item = prefetch->items; item; item = item->hh.next) {
        bool has_turn = fetching->again ? item->state == ITEM_FETCHED || item->state == ITEM_HELD
                                        : item->state == ITEM_PLANNED;
        passages[at++] = (struct passage){.fetching = fetching, .item = has_turn ? item : NULL};
    }
    /* The answer of /fills is waited for, too: the client is needed again to look at the items. */
    while ((passages_left(passages, count, &first) || fetching->fills_pending) &&
           !prefetch_stopped(prefetch)) {
        /* Not all at once: the client asks in order, and a request for /fills would wait for all of them. */
        for (; begun < count && fetching->under_way < UNDER_WAY_MAX; begun++) {
            if (!passages[begun].item)
                continue;
            fetching->under_way++;
            passage_ask(&passages[begun], HTTP_CLIENT_HEAD, true,
                        fetching->again ? on_looked_again : on_looked);
        }
        if (!fetching->look_only && first < count)
            ask_for_fills(fetching);
        /* Passages in `unkept` have no request under way, so there may be nothing to wait for. */
        if (http_client_busy(prefetch->client))
            http_client_step(prefetch->client, fetching->unkept ? KEEP_ASK_EVERY_MS : STEP_MS);
        else
            poll(NULL, 0, KEEP_ASK_EVERY_MS);
        ask_for_unkept(fetching);
        prefetch->report->tick(prefetch->report->arg);
    }
    /* Answers that are still to come would be written to memory that is gone by then. */
    if (passages_left(passages, count, &first) || fetching->fills_pending)
        http_client_free(&prefetch->client);
    for (; first < count; first++)
        if (passages[first].item)
            prefetch_item_fail(passages[first].item, "interrupted");
}

/* Changes that the server's store has not made yet, evictions included; -1 if it does not say. */
static int64_t ask_storing(struct prefetch *prefetch)
{
    struct reply CLEANUP_REPLY reply = REPLY_INIT;
    struct buf CLEANUP_BUF ignored = BUF_INIT;

    prefetch_ask(prefetch, &fills_request, &reply);
    if (reply.status != 200)
        return -1;
    json_t *CLEANUP_JSON root = json_read_object(reply.body.data, reply.body.len, &fills_limits, &ignored);
    return json_is_integer(json_object_get(root, "storing")) ? json_number_member(root, "storing") : -1;
}

/* Finds items that were kept, but not for long: an item may be seen as held just before the eviction that
 * its own commit made necessary. So the store is given time to finish, but not forever: other clients may
 * keep it busy. */
static void look_again(struct prefetch *prefetch)
{
    struct fetching fetching = {.prefetch = prefetch, .look_only = true, .again = true};
    struct prefetch_figures figures;

    prefetch_count(prefetch, &figures);
    if (!figures.count[ITEM_FETCHED])
        return;
    int64_t storing = ask_storing(prefetch);
    if (storing < 0)
        poll(NULL, 0, SETTLE_UNTOLD_MS);
    for (int waited_ms = 0; storing > 0 && waited_ms < SETTLE_MS; waited_ms += SETTLE_STEP_MS) {
        poll(NULL, 0, SETTLE_STEP_MS);
        storing = ask_storing(prefetch);
    }
    if (!prefetch_stopped(prefetch))
        fetch_items(&fetching);
}

void prefetch_look(struct prefetch *prefetch)
{
    struct fetching fetching = {.prefetch = prefetch, .patience_ms = KEEP_PATIENCE_MS, .look_only = true};

    fetch_items(&fetching);
}

int prefetch_fetch(struct prefetch *prefetch)
{
    struct fetching fetching = {.prefetch = prefetch, .patience_ms = KEEP_PATIENCE_MS};
    struct prefetch_figures figures;

    prefetch_count(prefetch, &figures);
    prefetch->report->total(prefetch->report->arg, HASH_COUNT(prefetch->items), figures.bytes[ITEM_PLANNED]);
    fetch_items(&fetching);
    if (prefetch_stopped(prefetch)) /* each item has failed, and is counted as such */
        prefetch->report->failure(prefetch->report->arg, PREFETCH_INTERRUPTED);
    else
        look_again(prefetch);
    prefetch_count(prefetch, &figures);
    return figures.count[ITEM_FAILED] ? 1 : 0;
}
