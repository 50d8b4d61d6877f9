/* One object over its candidates: which is asked next, from which byte, and when it is enough. On the fetch
 * thread.
 *
 *   advance ─┬──────────► QUEUED ─► RUNNING ─┬─ complete, sink accepts ─► finish
 *      ▲     │ a token      ▲ (lane) │       ├─ complete, sink decides later ─► DECIDING ─► finish, or advance
 *      │     │ is needed    │        │ 401   │                                             from byte 0
 *      │     └───► AUTHORIZING ◄─────┘       │
 *      │                │ there is none      │
 *      ├────────────────┴────────────────────┴─ anything else: the candidate's standing changes
 *      └─ RESTING ◄─ every usable candidate was tried in this round
 *
 * A blob keeps the bytes it has and goes on behind them, on any candidate: its digest proves the joints. A
 * document begins again. One question to one candidate is fetch_question.c.
 *
 * AUTHORIZING: a token is waited for (tokens.h), before the first question or after a 401 to it; then the question is
 * put again, once. The place in the lane is given up meanwhile, and comes back in front of the line. Only where the
 * token ran out while the fetch stood in that line, the place is kept: or that might go on for ever. It cannot hang:
 * token requests wait for no place in these lanes. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "upstreams/fetch_private.h"
#include "upstreams/upstream.h"

#define ROUNDS_MAX 3
#define FRUITLESS_MAX 5
#define FIRST_PAUSE_MS 200
#define PAUSE_MS 1000

static void on_ended(void *owner, enum exchange_outcome end, const char *shown, const char *problem);

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

static void conclude_absent(struct fetch *fetch, enum absence absence)
{
    bool denied = absence == ABSENCE_DENIED;
    struct buf CLEANUP_BUF reason = BUF_INIT;

    log_news(fetch, "the other upstreams do not have it");
    buf_add_text(&reason,
                 denied ? "it needs other credentials, or it does not exist (" : "no upstream has it (");
    candidates_describe(&fetch->candidates, &reason);
    buf_add_char(&reason, ')');
    fetch_finish(fetch, denied ? FETCH_DENIED : FETCH_NOT_FOUND, reason.data);
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

static void note_news(struct fetch *fetch)
{
    buf_set(&fetch->news, "upstream %s: %s: %s", upstream_name(fetch->current->upstream), fetch->shown.data,
            fetch->current->problem.data);
}

/* Returns false when the candidate's URL cannot be asked at all. */
static bool start_exchange(struct fetch *fetch)
{
    static const struct exchange_ops ops = {question_answered, question_body, on_ended};
    struct candidate *candidate = fetch->current;
    struct exchange_request request;

    question_put(fetch, &request);
    candidate->tried = true;
    candidate->asked = true;
    fetch->state = FETCH_RUNNING;
    fetch->exchange = exchange_start(fetch->fetcher->exchanges, &request, &ops, fetch, &candidate->problem);
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

/* Sees that the question can be sent with what it takes. Returns false when that must be waited for. */
static bool get_pass(struct fetch *fetch)
{
    const struct candidate *candidate = fetch->current;

    if (!candidate->scope || (fetch->challenged && pass_good(&fetch->pass)))
        return true;
    if (tokens_get(fetch->fetcher->tokens, &fetch->pass, candidate->upstream, candidate->scope) ==
        PASS_WAIT) {
        fetch->state = FETCH_AUTHORIZING;
        return false;
    }
    if (!fetch->pass.authorization)
        fetch->challenged = false; /* what it led to has been thrown away */
    return true;
}

/* While a token is waited for, others may have the place in the lane; but not a second time in one attempt, or a
 * token might run out in every wait for a place. */
static void lend_place(struct fetch *fetch)
{
    if (fetch->gave_place)
        return;
    fetch->gave_place = true;
    lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
}

static bool enter_lane(struct fetch *fetch)
{
    struct lanes *lanes = &fetch->fetcher->lanes;
    struct upstream *upstream = fetch->current->upstream;
    bool runs = fetch->gave_place ? lanes_return(lanes, &fetch->ticket, upstream, fetch->document)
                                  : lanes_enter(lanes, &fetch->ticket, upstream, fetch->document);

    if (!runs)
        fetch->state = FETCH_QUEUED;
    return runs;
}

static void begin_attempt(struct fetch *fetch, struct candidate *candidate)
{
    fetch->current = candidate;
    fetch->question = (struct question){.offset = fetch->offset};
    fetch->challenged = false;
    fetch->gave_place = false;
}

static void advance(struct fetch *fetch)
{
    for (;;) {
        enum absence absence = fetch->offset ? ABSENCE_UNKNOWN : candidates_absence(&fetch->candidates);
        if (absence != ABSENCE_UNKNOWN) {
            conclude_absent(fetch, absence);
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
        begin_attempt(fetch, next);
        if (!get_pass(fetch) || !enter_lane(fetch) || start_exchange(fetch))
            return;
    }
}

void attempts_begin(struct fetch *fetch)
{
    start_over(fetch);
    advance(fetch);
}

/* The upstream may have failed while the fetch stood in line: then the choice is made again. Or its token may have
 * run out. */
void attempts_granted(struct fetch *fetch)
{
    bool same = candidates_pick(&fetch->candidates) == fetch->current;

    if (same && !get_pass(fetch)) {
        lend_place(fetch);
        return;
    }
    if (same && start_exchange(fetch))
        return;
    lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
    advance(fetch);
}

static void unauthorized(struct fetch *fetch);

void attempts_authorized(struct fetch *fetch)
{
    if (fetch->pass.state != PASS_READY) {
        unauthorized(fetch);
        return;
    }
    if (fetch->ticket.place == TICKET_NOWHERE && !enter_lane(fetch))
        return;
    if (!start_exchange(fetch))
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
    tokens_leave(fetch->fetcher->tokens, &fetch->pass);
    lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
}

/* ---- how an exchange ended ---- */

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
        question_weigh_progress(fetch);
    }
    advance(fetch);
}

/* The pass says why. */
static void unauthorized(struct fetch *fetch)
{
    static const enum judgement judgements[] = {
        [PASS_DENIED] = JUDGE_DENIED,
        [PASS_TROUBLE] = JUDGE_TROUBLE,
        [PASS_USELESS] = JUDGE_USELESS,
    };
    struct candidate *candidate = fetch->current;

    lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
    candidate->tried = true;
    candidate->asked = true;
    buf_set(&candidate->problem, "%s", fetch->pass.problem.data);
    buf_set(&fetch->shown, "credentials");
    fetch->ruling.judgement = judgements[fetch->pass.state];
    question_weigh_answer(fetch);
    note_news(fetch);
    after_failure(fetch, false);
}

/* A 401. The question has not been answered: it is put again when there is a token. */
static void challenged(struct fetch *fetch)
{
    struct candidate *candidate = fetch->current;

    buf_reset(&candidate->problem);
    candidate->tried = false;
    if (fetch->question.validated)
        candidate->asked = false; /* so that the validators are sent again */
    fetch->challenged = true;
    switch (tokens_challenged(fetch->fetcher->tokens, &fetch->pass, candidate->upstream, candidate->scope,
                              fetch->challenge.data)) {
    case PASS_READY:
        if (!start_exchange(fetch))
            advance(fetch);
        return;
    case PASS_WAIT:
        fetch->state = FETCH_AUTHORIZING;
        lend_place(fetch);
        return;
    case PASS_DENIED:
    case PASS_TROUBLE:
    case PASS_USELESS:
        unauthorized(fetch);
        return;
    }
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
void attempts_decided(struct fetch *fetch, enum fetch_decision decision)
{
    if (decision != FETCH_PENDING)
        lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
    switch (decision) {
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

/* A 401 to what was got after a 401. */
static void deny(struct fetch *fetch)
{
    fetch->ruling.judgement = JUDGE_DENIED;
    buf_set(&fetch->current->problem, "answered 401 to %s",
            text_starts(fetch->pass.authorization, "Basic ") ? "username and password" : "a fresh token");
}

static void on_ended(void *owner, enum exchange_outcome end, const char *shown, const char *problem)
{
    struct fetch *fetch = owner;
    bool dropped = end == EXCHANGE_DROPPED;

    fetch->exchange = NULL;
    buf_set(&fetch->shown, "%s", shown);
    if (dropped && fetch->ruling.judgement == JUDGE_CHALLENGED && fetch->challenged)
        deny(fetch);
    if (fetch->sink_refused) {
        fetch_finish(fetch, FETCH_REFUSED, "what came could not be kept");
    } else if ((end == EXCHANGE_COMPLETE && question_is_whole(fetch)) ||
               (!dropped && question_has_all(fetch))) {
        attempts_decided(fetch, fetch->ops->complete(fetch->sink));
    } else if (dropped && fetch->ruling.judgement == JUDGE_NOT_MODIFIED) {
        upstream_note_success(fetch->current->upstream);
        fetch_finish(fetch, FETCH_NOT_MODIFIED, "");
    } else if (dropped && fetch->ruling.judgement == JUDGE_CHALLENGED) {
        challenged(fetch);
    } else {
        lanes_leave(&fetch->fetcher->lanes, &fetch->ticket);
        question_weigh_end(fetch, end, problem);
        if (fetch->ruling.judgement != JUDGE_ABSENT)
            note_news(fetch);
        /* Dropped in the middle of the body: it was longer than it may be. */
        after_failure(fetch, dropped && fetch->offset > fetch->question.offset);
    }
}
