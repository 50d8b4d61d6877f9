/* One object over its candidates: which is asked next, from which byte, and when it is enough. On the fetch
 * thread.
 *
 *   advance ─► QUEUED ─► RUNNING ─┬─ complete, sink accepts ─► finish
 *      ▲       (lane)             ├─ complete, sink decides later ─► DECIDING ─► finish, or advance
 *      │                          │                                             from byte 0
 *      ├──────────────────────────┴─ anything else: the candidate's standing changes
 *      └─ RESTING ◄─ every usable candidate was tried in this round
 *
 * A blob keeps the bytes it has and goes on behind them, on any candidate: its digest proves the joints. A
 * document begins again. Exchange callbacks that run inside curl (on_answered, on_body) only take notes;
 * on_ended acts. */
#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/memory.h"
#include "upstreams/fetch_private.h"
#include "upstreams/head.h"
#include "upstreams/upstream.h"

#define ROUNDS_MAX 3
#define FRUITLESS_MAX 5
#define FIRST_PAUSE_MS 200
#define PAUSE_MS 1000
#define PROGRESS_BYTES (64 * 1024)
#define PROGRESS_SHARE 10 /* or a tenth of the whole */
/* A shorter Retry-After is waited for, a longer one is a no for this fetch. */
#define RETRY_AFTER_WAIT_S 2

static bool on_answered(void *owner, const struct head *head, const char *url);
static int on_body(void *owner, const void *data, size_t len);
static void on_ended(void *owner, enum exchange_end end, const char *shown, const char *problem);

static const struct exchange_ops exchange_ops = {on_answered, on_body, on_ended};

/* ---- the answer ---- */

static void keep_etag(struct candidate *candidate, const struct head *head)
{
    free(candidate->etag);
    candidate->etag = head_etag_strong(head->etag) ? xstrdup(head->etag) : NULL;
}

static bool on_answered(void *owner, const struct head *head, const char *url)
{
    struct fetch *fetch = owner;

    fetch->ruling = judge_head(&fetch->question, head, &fetch->current->problem);
    fetch->ends_by_close = !head->chunked && head->content_length < 0;
    if (fetch->ruling.judgement == JUDGE_NOT_MODIFIED)
        answer_keep(&fetch->answer, fetch->current->upstream, head, url, -1);
    if (fetch->ruling.judgement != JUDGE_GOOD)
        return false;
    keep_etag(fetch->current, head);
    fetch->skip_bytes = fetch->ruling.skip_bytes;
    fetch->total_bytes = fetch->ruling.total_bytes;
    if (head->status == 206)
        counter_add(COUNTER_UPSTREAM_RESUMED, 1);
    if (fetch->offset > 0)
        return true;
    answer_keep(&fetch->answer, fetch->current->upstream, head, url, fetch->total_bytes);
    struct fetch_answer answer = answer_show(&fetch->answer);
    fetch->sink_refused = fetch->ops->begin(fetch->sink, &answer) < 0;
    return !fetch->sink_refused;
}

static int on_body(void *owner, const void *data, size_t len)
{
    struct fetch *fetch = owner;
    const char *bytes = data;

    if (fetch->skip_bytes >= (int64_t)len) {
        fetch->skip_bytes -= (int64_t)len;
        return 0;
    }
    bytes += fetch->skip_bytes;
    len -= (size_t)fetch->skip_bytes;
    fetch->skip_bytes = 0;
    if (fetch->total_bytes >= 0 && (int64_t)len > fetch->total_bytes - fetch->offset) {
        buf_set(&fetch->current->problem, "sent more than the %" PRId64 " bytes expected",
                fetch->total_bytes);
        fetch->ruling.judgement = JUDGE_MISMATCH;
        return -1;
    }
    if (fetch->max_bytes >= 0 && (int64_t)len > fetch->max_bytes - fetch->offset) {
        buf_set(&fetch->current->problem, "sent more than the limit of %" PRId64 " bytes", fetch->max_bytes);
        fetch->ruling.judgement = JUDGE_TOO_LARGE;
        return -1;
    }
    fetch->current->contributed = true;
    int wish = fetch->ops->write(fetch->sink, fetch->offset, bytes, len);
    fetch->offset += (int64_t)len;
    fetch->sink_refused = wish < 0;
    return wish;
}

/* ---- what is done next ---- */

/* Forgets what came: the next attempt begins at byte 0, with begin(). */
static void start_over(struct fetch *fetch)
{
    fetch->offset = 0;
    fetch->total_bytes = fetch->expected_bytes;
    fetch->fruitless = 0;
    candidates_forget_content(&fetch->candidates);
}

static void log_news(struct fetch *fetch, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void log_news(struct fetch *fetch, const char *format, ...)
{
    struct buf CLEANUP_BUF next = BUF_INIT;
    va_list args;

    if (!fetch->news.len)
        return;
    va_start(args, format);
    buf_vprintf(&next, format, args);
    va_end(args);
    log_warn("%s: %s; %s", fetch->label, fetch->news.data, next.data);
    buf_reset(&fetch->news);
}

static void conclude(struct fetch *fetch)
{
    struct buf CLEANUP_BUF reason = BUF_INIT;

    log_news(fetch, "giving up");
    if (!fetch->candidates.count) {
        buf_add_text(&reason, "no upstream is known that may have it");
        fetch_finish(fetch, FETCH_UNAVAILABLE, reason.data);
        return;
    }
    bool too_large = candidates_too_large(&fetch->candidates);
    buf_add_text(&reason, too_large ? "it is too large (" : "no upstream could serve it (");
    candidates_describe(&fetch->candidates, &reason);
    buf_add_char(&reason, ')');
    fetch_finish(fetch, too_large ? FETCH_TOO_LARGE : FETCH_UNAVAILABLE, reason.data);
}

static void conclude_absent(struct fetch *fetch)
{
    struct buf CLEANUP_BUF reason = BUF_INIT;

    log_news(fetch, "the other upstreams do not have it");
    buf_add_text(&reason, "no upstream has it (");
    candidates_describe(&fetch->candidates, &reason);
    buf_add_char(&reason, ')');
    fetch_finish(fetch, FETCH_NOT_FOUND, reason.data);
}

static bool worth_another_round(struct fetch *fetch)
{
    if (!candidates_any_usable(&fetch->candidates))
        return false;
    return fetch->offset > 0 || fetch->rounds + 1 < ROUNDS_MAX;
}

static void rest(struct fetch *fetch)
{
    int64_t pause_ms = fetch->rounds || fetch->fruitless > 1 ? PAUSE_MS : FIRST_PAUSE_MS;

    if (fetch->progress)
        pause_ms = 0;
    else if (fetch->retry_after_ms > pause_ms)
        pause_ms = fetch->retry_after_ms;
    if (fetch->offset == 0)
        fetch->rounds++;
    if (pause_ms)
        log_news(fetch, "asking again in %" PRId64 " ms", pause_ms);
    else
        log_news(fetch, "asking again at once");
    fetch->retry_after_ms = 0;
    fetch->state = FETCH_RESTING;
    fetch->due_ms = clock_mono_ms() + pause_ms;
    TAILQ_INSERT_TAIL(&fetch->fetcher->resting, fetch, resting_entry);
}

static void ask_question(struct fetch *fetch, struct exchange_request *request)
{
    struct candidate *candidate = fetch->current;
    bool ranged = fetch->offset > 0 && !candidate->no_range;
    bool validate = !candidate->asked && fetch->offset == 0;

    *request = (struct exchange_request){
        .upstream = candidate->upstream,
        .url = candidate->url,
        .head = fetch->head,
        .document = fetch->document,
        .accept = fetch->accept,
        .if_none_match = validate ? candidate->if_none_match : NULL,
        .if_modified_since = validate ? candidate->if_modified_since : NULL,
        .range_from = ranged ? fetch->offset : 0,
        .if_range = ranged && candidate->contributed ? candidate->etag : NULL,
    };
    fetch->question = (struct question){
        .document = fetch->document,
        .head = fetch->head,
        .validated = request->if_none_match || request->if_modified_since,
        .ranged = ranged,
        .if_range = request->if_range,
        .offset = fetch->offset,
        .total_bytes = fetch->total_bytes,
        .max_bytes = fetch->max_bytes,
    };
}

static void note_news(struct fetch *fetch)
{
    buf_set(&fetch->news, "upstream %s: %s: %s", upstream_name(fetch->current->upstream), fetch->shown.data,
            fetch->current->problem.data);
}

/* Returns false when the candidate's URL cannot be asked at all. */
static bool start_exchange(struct fetch *fetch)
{
    struct candidate *candidate = fetch->current;
    struct exchange_request request;

    ask_question(fetch, &request);
    candidate->tried = true;
    candidate->asked = true;
    fetch->ruling = (struct ruling){.judgement = JUDGE_TROUBLE, .total_bytes = -1};
    fetch->skip_bytes = 0;
    fetch->progress = false;
    fetch->state = FETCH_RUNNING;
    fetch->exchange =
        exchange_start(fetch->fetcher->exchanges, &request, &exchange_ops, fetch, &candidate->problem);
    if (fetch->exchange)
        return true;
    lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
    counter_add(COUNTER_UPSTREAM_ERRORS, 1);
    candidate->standing = STANDING_USELESS;
    buf_set(&fetch->shown, "its URL");
    note_news(fetch);
    return false;
}

static void log_next(struct fetch *fetch, const struct candidate *next)
{
    if (fetch->offset > 0)
        log_news(fetch, "going on at byte %" PRId64 " from %s", fetch->offset, upstream_name(next->upstream));
    else
        log_news(fetch, "asking %s", upstream_name(next->upstream));
}

static void advance(struct fetch *fetch)
{
    for (;;) {
        if (fetch->offset == 0 && candidates_absent(&fetch->candidates)) {
            conclude_absent(fetch);
            return;
        }
        struct candidate *next =
            fetch->fruitless < FRUITLESS_MAX ? candidates_pick(&fetch->candidates) : NULL;
        if (!next) {
            if (fetch->fruitless < FRUITLESS_MAX && worth_another_round(fetch))
                rest(fetch);
            else
                conclude(fetch);
            return;
        }
        log_next(fetch, next);
        fetch->current = next;
        if (!lanes_enter(&fetch->fetcher->lanes, &fetch->ticket, next->upstream, fetch->document)) {
            fetch->state = FETCH_QUEUED;
            return;
        }
        if (start_exchange(fetch))
            return;
    }
}

void attempts_begin(struct fetch *fetch)
{
    start_over(fetch);
    advance(fetch);
}

/* The upstream may have failed while the fetch stood in line: then the choice is made again. */
void attempts_granted(struct fetch *fetch)
{
    if (candidates_pick(&fetch->candidates) == fetch->current && start_exchange(fetch))
        return;
    lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
    advance(fetch);
}

void attempts_rested(struct fetch *fetch)
{
    TAILQ_REMOVE(&fetch->fetcher->resting, fetch, resting_entry);
    candidates_new_round(&fetch->candidates);
    advance(fetch);
}

void attempts_stop(struct fetch *fetch)
{
    if (fetch->state == FETCH_RESTING)
        TAILQ_REMOVE(&fetch->fetcher->resting, fetch, resting_entry);
    if (fetch->exchange)
        exchange_drop(take_ptr(&fetch->exchange));
    lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
}

/* ---- how an exchange ended ---- */

static void failed(struct fetch *fetch, enum standing standing)
{
    fetch->current->standing = standing;
    counter_add(COUNTER_UPSTREAM_ERRORS, 1);
    upstream_note_failure(fetch->current->upstream);
}

static void mismatched(struct fetch *fetch)
{
    counter_add(COUNTER_UPSTREAM_MISMATCHES, 1);
    failed(fetch, fetch->expected_bytes < 0 ? STANDING_OTHER_LENGTH : STANDING_USELESS);
}

static void busy(struct fetch *fetch)
{
    int64_t seconds = fetch->ruling.retry_after_s;

    counter_add(COUNTER_UPSTREAM_ERRORS, 1);
    if (seconds > RETRY_AFTER_WAIT_S)
        fetch->current->standing = STANDING_USELESS;
    else if (seconds * 1000 > fetch->retry_after_ms)
        fetch->retry_after_ms = seconds * 1000;
    if (seconds > 0)
        upstream_note_busy(fetch->current->upstream, seconds);
    else
        upstream_note_failure(fetch->current->upstream);
}

/* The candidate's standing after an answer that is of no use. Absence is no failure. */
static void weigh_answer(struct fetch *fetch)
{
    switch (fetch->ruling.judgement) {
    case JUDGE_ABSENT:
        fetch->current->standing = STANDING_ABSENT;
        break;
    case JUDGE_TOO_LARGE:
        fetch->current->standing = STANDING_TOO_LARGE;
        counter_add(COUNTER_UPSTREAM_ERRORS, 1);
        break;
    case JUDGE_MISMATCH:
        mismatched(fetch);
        break;
    case JUDGE_NO_RANGE:
        fetch->current->no_range = true; /* in the next round it is asked for the whole */
        counter_add(COUNTER_UPSTREAM_ERRORS, 1);
        break;
    case JUDGE_BUSY:
        busy(fetch);
        break;
    case JUDGE_USELESS:
        failed(fetch, STANDING_USELESS);
        break;
    case JUDGE_TROUBLE:
        failed(fetch, STANDING_USABLE);
        break;
    case JUDGE_GOOD:
    case JUDGE_NOT_MODIFIED:
        BUG("a good answer was dropped");
    }
}

/* After an attempt that did not end the content: how far did it get? */
static void weigh_progress(struct fetch *fetch)
{
    int64_t gained = fetch->offset - fetch->question.offset;

    fetch->progress = gained >= PROGRESS_BYTES ||
                      (gained > 0 && fetch->total_bytes > 0 && gained >= fetch->total_bytes / PROGRESS_SHARE);
    if (fetch->progress)
        fetch->fruitless = 0;
    else if (fetch->offset > 0 && fetch->current->standing == STANDING_USABLE && !fetch->current->no_range)
        fetch->fruitless++; /* the others are not asked in this way again */
}

/* A document, or content that was longer than it may be, cannot be continued. */
static void after_failure(struct fetch *fetch, bool void_content)
{
    struct candidate *candidate = fetch->current;

    /* One that had a part in wrong content gets a second chance only on its own, or blame would never be
     * found. */
    if (candidate->strikes && candidate->contributed) {
        candidate->standing = STANDING_REJECTED;
        void_content = true;
    }
    if (fetch->document || void_content) {
        fetch->progress = false;
        start_over(fetch);
    } else {
        weigh_progress(fetch);
    }
    advance(fetch);
}

static void rejected(struct fetch *fetch)
{
    struct candidate *candidate = fetch->current;

    counter_add(COUNTER_UPSTREAM_MISMATCHES, 1);
    counter_add(COUNTER_UPSTREAM_ERRORS, 1);
    candidate->contributed = true; /* an empty body is a part too */
    candidates_reject(&fetch->candidates);
    note_news(fetch);
    fetch->rounds = 0;
    start_over(fetch);
    candidates_new_round(&fetch->candidates);
    advance(fetch);
}

/* A fetch keeps its place until then: what waits to be decided is bounded like what is on its way. */
void attempts_decided(struct fetch *fetch, enum fetch_verdict verdict)
{
    if (verdict != FETCH_PENDING)
        lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
    switch (verdict) {
    case FETCH_ACCEPT:
        upstream_note_success(fetch->current->upstream);
        fetch_finish(fetch, FETCH_OK, "");
        break;
    case FETCH_REJECT:
        rejected(fetch);
        break;
    case FETCH_PENDING:
        fetch->state = FETCH_DECIDING;
        break;
    }
}

/* The body ended by itself. */
static bool is_whole(struct fetch *fetch)
{
    if (fetch->head || fetch->offset == fetch->total_bytes || (fetch->total_bytes < 0 && !fetch->skip_bytes))
        return true;
    buf_set(&fetch->current->problem, "ended short, after byte %" PRId64, fetch->offset - fetch->skip_bytes);
    return false;
}

/* An exchange that broke behind the last byte has brought everything. */
static bool has_all(const struct fetch *fetch)
{
    return !fetch->document && fetch->offset > 0 && fetch->offset == fetch->total_bytes;
}

static void weigh_end(struct fetch *fetch, enum exchange_end end, const char *problem)
{
    switch (end) {
    case EXCHANGE_DROPPED:
        weigh_answer(fetch);
        return;
    case EXCHANGE_COMPLETE: /* is not whole */
        if (fetch->ends_by_close)
            failed(fetch, STANDING_USABLE);
        else
            mismatched(fetch);
        return;
    case EXCHANGE_BROKEN:
    case EXCHANGE_FAILED:
        buf_set(&fetch->current->problem, "%s", problem);
        failed(fetch, end == EXCHANGE_FAILED ? STANDING_USELESS : STANDING_USABLE);
        return;
    }
}

static void on_ended(void *owner, enum exchange_end end, const char *shown, const char *problem)
{
    struct fetch *fetch = owner;
    bool dropped = end == EXCHANGE_DROPPED;

    fetch->exchange = NULL;
    buf_set(&fetch->shown, "%s", shown);
    if (fetch->sink_refused) {
        fetch_finish(fetch, FETCH_REFUSED, "what came could not be kept");
    } else if ((end == EXCHANGE_COMPLETE && is_whole(fetch)) || (!dropped && has_all(fetch))) {
        attempts_decided(fetch, fetch->ops->complete(fetch->sink));
    } else if (dropped && fetch->ruling.judgement == JUDGE_NOT_MODIFIED) {
        upstream_note_success(fetch->current->upstream);
        fetch_finish(fetch, FETCH_NOT_MODIFIED, "");
    } else {
        lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
        weigh_end(fetch, end, problem);
        if (fetch->ruling.judgement != JUDGE_ABSENT)
            note_news(fetch);
        /* Dropped in the middle of the body: it was longer than it may be. */
        after_failure(fetch, dropped && fetch->offset > fetch->question.offset);
    }
}
