/* Asks for all items, many at a time. An item passes through these states:
 *
 *     PLANNED ── is it held? ──► HELD
 *        │ no
 *        └── touched: it comes, whole and verified ──► FETCHED ── is it held now? ──► FETCHED
 *                          │                                             │ no
 *                          └────────── FAILED ◄──────────────────────────┘
 *
 * The last request is asked until the store has had time to make it durable: what was passed on but not
 * kept (a full disk, a max_size too small for the list) is a failure. So is what was kept and then evicted
 * for what came after it: if anything was fetched, everything is asked for again in the end. */
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
/* How long a store may take to keep what it has verified; and once it has not kept something. */
#define KEEP_PATIENCE_MS 10000
#define KEEP_SHORT_PATIENCE_MS 500
#define KEEP_ASK_EVERY_MS 20
/* Items whose requests are asked at the same time. */
#define UNDER_WAY_MAX 64
#define FILLS_EVERY_MS 500
#define FILLS_MAX_BYTES ((size_t)1 << 20)
#define FILLS_VERSION_KNOWN 2 /* proxy/fill_list.h */
/* How long a store may take to do what it was asked to. */
#define SETTLE_MS 5000
#define SETTLE_STEP_MS 20
/* How long it gets if it does not say when it has done that (a server before version 2 of /fills). */
#define SETTLE_UNTOLD_MS 300

struct passage;

struct fetching {
    struct prefetch *prefetch;
    struct passage *unkept;  /* came, and are to be asked for again in a while */
    int64_t unkept_asked_ms; /* when that was done last */
    int64_t patience_ms;
    bool look_only;
    bool again;             /* looks at what has come already */
    int64_t fills_asked_ms; /* when the progress of fills was asked for last */
    bool fills_pending;
    bool fills_unknown; /* the server's list of them is of another version */
    size_t under_way;
};

/* One item's way through the requests. */
struct passage {
    struct fetching *fetching;
    struct prefetch_item *item;
    bool evicted_before;         /* as the first request found: evicted by others, or in an earlier run */
    int64_t since_ms;            /* it came, and is to be kept */
    struct passage *prev, *next; /* in `unkept` */
};

static void ask(struct passage *passage, enum http_client_want want, bool held_only, http_client_visit visit)
{
    const struct http_client_request request = {
        .path = passage->item->path, .want = want, .held_only = held_only};

    http_client_ask(passage->fetching->prefetch->client, &request, visit, passage);
}

static void finish(struct passage *passage)
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

/* Every answer but a good one. */
static void fail(struct passage *passage, const struct http_client_answer *answer)
{
    if (*answer->trouble)
        prefetch_item_fail(passage->item, "%s", answer->trouble);
    else
        prefetch_item_fail(passage->item, "the answer was %d", answer->status);
    finish(passage);
}

static void fail_evicted(struct passage *passage)
{
    prefetch_item_fail(passage->item,
                       "it was evicted for what came after it: max_size is too small for the list");
}

/* ---- the three requests ---- */

static void on_kept(void *arg, const struct http_client_answer *answer)
{
    struct passage *passage = arg;

    if (answer->status == 200) {
        learn_size(passage->item, answer);
        finish(passage);
    } else if (answer->status != 504) {
        fail(passage, answer);
    } else if (answer->evicted && !passage->evicted_before) {
        fail_evicted(passage);
        finish(passage);
    } else if (clock_mono_ms() - passage->since_ms < passage->fetching->patience_ms) {
        DL_APPEND(passage->fetching->unkept, passage);
    } else {
        passage->fetching->patience_ms = KEEP_SHORT_PATIENCE_MS;
        prefetch_item_fail(
            passage->item,
            "it came, but is not kept: the disk is full, or max_size is too small for the list");
        finish(passage);
    }
}

static void on_touched(void *arg, const struct http_client_answer *answer)
{
    struct passage *passage = arg;

    if (answer->status != 200) {
        fail(passage, answer);
        return;
    }
    learn_size(passage->item, answer);
    passage->item->state = ITEM_FETCHED;
    passage->since_ms = clock_mono_ms();
    ask(passage, HTTP_CLIENT_HEAD, true, on_kept);
}

static void on_looked(void *arg, const struct http_client_answer *answer)
{
    struct passage *passage = arg;
    struct prefetch *prefetch = passage->fetching->prefetch;

    if (answer->status == 200) {
        learn_size(passage->item, answer);
        passage->item->state = ITEM_HELD;
        finish(passage);
    } else if (answer->status != 504) {
        fail(passage, answer);
    } else if (prefetch->options->held_only) {
        prefetch_item_fail(passage->item, PREFETCH_NOT_HELD);
        finish(passage);
    } else if (passage->fetching->look_only) {
        finish(passage);
    } else {
        passage->evicted_before = answer->evicted;
        prefetch->report->begin(prefetch->report->arg, passage->item);
        ask(passage, HTTP_CLIENT_TOUCH, false, on_touched);
    }
}

static void on_looked_again(void *arg, const struct http_client_answer *answer)
{
    struct passage *passage = arg;
    struct prefetch_item *item = passage->item;

    if (answer->status == 504) {
        if (answer->evicted)
            fail_evicted(passage);
        else /* a server before Cache-Status told of evictions, or one that has forgotten this one */
            prefetch_item_fail(item, "it was there, and is gone again: somebody removed it, or max_size is "
                                     "too small for the list");
        item->counted = true;
        prefetch_fail(passage->fetching->prefetch, "%s: %s", item->name, item->reason);
    }
    finish(passage);
}

/* Commits come in groups: there is no hurry. */
static void ask_for_unkept(struct fetching *fetching)
{
    struct passage *passage, *next;
    int64_t now_ms = clock_mono_ms();

    if (now_ms - fetching->unkept_asked_ms < KEEP_ASK_EVERY_MS)
        return;
    fetching->unkept_asked_ms = now_ms;
    DL_FOREACH_SAFE (fetching->unkept, passage, next) {
        DL_DELETE(fetching->unkept, passage);
        ask(passage, HTTP_CLIENT_HEAD, true, on_kept);
    }
}

/* ---- progress ---- */

static void show_bytes(const struct prefetch *prefetch, const struct prefetch_item *item, int64_t bytes)
{
    if (item && item->state == ITEM_PLANNED)
        prefetch->report->progress(prefetch->report->arg, item, bytes);
}

/* Images may share the fill of a blob, so it says little of whose it is. */
static void take_blob_fill(const struct prefetch *prefetch, const char *digest, int64_t bytes)
{
    for (const struct prefetch_item *item = prefetch->items; item && digest; item = item->hh.next)
        if (item->kind == ITEM_BLOB && strcmp(item->reference, digest) == 0)
            show_bytes(prefetch, item, bytes);
}

/* A row of /fills, as proxy/fill_list.h has it. Of other kinds nothing is planned. */
static void take_fill(const struct prefetch *prefetch, const json_t *fill)
{
    const char *kind = json_text_member(fill, "kind");
    const char *path = json_text_member(fill, "path");
    int64_t bytes = json_number_member(fill, "bytes");
    const struct prefetch_item *item = NULL;

    if (kind && strcmp(kind, "blob") == 0)
        take_blob_fill(prefetch, json_text_member(fill, "digest"), bytes);
    else if (kind && strcmp(kind, "file") == 0 && path)
        HASH_FIND_STR(prefetch->items, path, item);
    show_bytes(prefetch, item, bytes);
}

/* The first version had no "version". */
static bool knows_version(struct fetching *fetching, const json_t *root)
{
    int64_t version = json_object_get(root, "version") ? json_number_member(root, "version") : 1;

    if (version == FILLS_VERSION_KNOWN)
        return true;
    fetching->fills_unknown = true;
    prefetch_note(
        fetching->prefetch,
        "the server's /fills has version %lld, which this yizhan does not know: progress is not shown; "
        "use the same version on both",
        (long long)version);
    return false;
}

static void on_fills(void *arg, const struct http_client_answer *answer)
{
    static const struct json_limits limits = {8, 4096, 16384};
    struct fetching *fetching = arg;
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    json_t *CLEANUP_JSON root = NULL;
    size_t i;
    const json_t *fill;

    fetching->fills_pending = false;
    if (answer->status == 200)
        root = json_read_object(answer->body, answer->len, &limits, &ignored);
    if (root && knows_version(fetching, root))
        json_array_foreach(json_object_get(root, "fills"), i, fill) take_fill(fetching->prefetch, fill);
}

static void ask_for_fills(struct fetching *fetching)
{
    const struct http_client_request request = {
        .path = "/fills", .want = HTTP_CLIENT_BODY, .max_bytes = FILLS_MAX_BYTES};
    int64_t now_ms = clock_mono_ms();

    if (!fetching->prefetch->report->shows_progress || fetching->fills_pending || fetching->fills_unknown ||
        now_ms - fetching->fills_asked_ms < FILLS_EVERY_MS)
        return;
    fetching->fills_asked_ms = now_ms;
    fetching->fills_pending = true;
    http_client_ask(fetching->prefetch->client, &request, on_fills, fetching);
}

/* ---- all ---- */

static bool any_left(const struct passage *passages, size_t count, size_t *first)
{
    while (*first < count && !passages[*first].item)
        ++*first;
    return *first < count;
}

/* Not all at once: requests about progress wait for their turn after them. */
static void begin_some(struct fetching *fetching, struct passage *passages, size_t count, size_t *begun)
{
    for (; *begun < count && fetching->under_way < UNDER_WAY_MAX; ++*begun) {
        if (!passages[*begun].item)
            continue;
        fetching->under_way++;
        ask(&passages[*begun], HTTP_CLIENT_HEAD, true, fetching->again ? on_looked_again : on_looked);
    }
}

/* What is asked for again later leaves nothing to wait for. */
static void wait_for_answers(const struct fetching *fetching)
{
    if (http_client_busy(fetching->prefetch->client))
        http_client_step(fetching->prefetch->client, fetching->unkept ? KEEP_ASK_EVERY_MS : STEP_MS);
    else
        poll(NULL, 0, KEEP_ASK_EVERY_MS);
}

static void run(struct fetching *fetching, struct passage *passages, size_t count)
{
    struct prefetch *prefetch = fetching->prefetch;
    size_t first = 0;
    size_t begun = 0;

    while (any_left(passages, count, &first) && !prefetch_stopped(prefetch)) {
        begin_some(fetching, passages, count, &begun);
        if (!fetching->look_only)
            ask_for_fills(fetching);
        wait_for_answers(fetching);
        ask_for_unkept(fetching);
        prefetch->report->tick(prefetch->report->arg);
    }
    /* Whose answers are still to come: they would find nothing there any more. */
    if (any_left(passages, count, &first) || fetching->fills_pending)
        http_client_free(&prefetch->client);
    for (; first < count; first++)
        if (passages[first].item)
            prefetch_item_fail(passages[first].item, "interrupted");
}

static bool has_turn(const struct fetching *fetching, const struct prefetch_item *item)
{
    if (fetching->again)
        return item->state == ITEM_FETCHED || item->state == ITEM_HELD;
    return item->state == ITEM_PLANNED;
}

static void fetch(struct fetching *fetching)
{
    struct prefetch *prefetch = fetching->prefetch;
    size_t count = HASH_COUNT(prefetch->items);
    struct passage *CLEANUP_FREE passages = xcalloc(count + 1, sizeof(*passages));
    size_t i = 0;

    if (!prefetch->client)
        return;
    for (struct prefetch_item *item = prefetch->items; item; item = item->hh.next, i++)
        passages[i] = (struct passage){.fetching = fetching, .item = has_turn(fetching, item) ? item : NULL};
    run(fetching, passages, count);
}

/* Changes that the server's store has not made yet, evictions included; -1 if it does not say. */
static int64_t ask_storing(struct prefetch *prefetch)
{
    static const struct json_limits limits = {8, 4096, 16384};
    const struct http_client_request request = {
        .path = "/fills", .want = HTTP_CLIENT_BODY, .max_bytes = FILLS_MAX_BYTES};
    struct reply CLEANUP_REPLY reply = REPLY_INIT;
    struct buf CLEANUP_BUF ignored = BUF_INIT;

    prefetch_ask(prefetch, &request, &reply);
    if (reply.status != 200)
        return -1;
    json_t *CLEANUP_JSON root = json_read_object(reply.body.data, reply.body.len, &limits, &ignored);
    return json_is_integer(json_object_get(root, "storing")) ? json_number_member(root, "storing") : -1;
}

/* Finds what was kept, but not for long: an item may be seen as kept just before the eviction that its own commit made
 * necessary. A store that others keep busy is not waited for. */
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
        fetch(&fetching);
}

void prefetch_look(struct prefetch *prefetch)
{
    struct fetching fetching = {.prefetch = prefetch, .patience_ms = KEEP_PATIENCE_MS, .look_only = true};

    fetch(&fetching);
}

int prefetch_fetch(struct prefetch *prefetch)
{
    struct fetching fetching = {.prefetch = prefetch, .patience_ms = KEEP_PATIENCE_MS};
    struct prefetch_figures figures;

    prefetch_count(prefetch, &figures);
    prefetch->report->total(prefetch->report->arg, HASH_COUNT(prefetch->items), figures.bytes[ITEM_PLANNED]);
    fetch(&fetching);
    if (prefetch_stopped(prefetch)) /* each item has failed, and is counted as such */
        prefetch->report->failure(prefetch->report->arg, PREFETCH_INTERRUPTED);
    else
        look_again(prefetch);
    prefetch_count(prefetch, &figures);
    return figures.count[ITEM_FAILED] ? 1 : 0;
}
