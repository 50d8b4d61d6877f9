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
 * document begins again. One question to one candidate is fetch_request.c.
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

static void fetch_on_ended(void *owner, enum exchange_outcome end, const char *shown, const char *problem);

/* ---- what is done next ---- */

/* Forgets what came: the next attempt begins at byte 0, with begin(). */
static void fetch_start_over(struct fetch *fetch)
{
    fetch->offset = 0;
    fetch->total_bytes = fetch->expected_bytes;
    fetch->fruitless = 0;
    candidates_forget_content(&fetch->candidates);
}

static void fetch_log_problem(struct fetch *fetch, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void fetch_log_problem(struct fetch *fetch, const char *format, ...)
{
    struct buf CLEANUP_BUF next = BUF_INIT;
    va_list args;

    if (!fetch->last_problem.len)
        return;
    va_start(args, format);
    buf_vprintf(&next, format, args);
    va_end(args);
    log_warn("%s: %s; %s", fetch->label, fetch->last_problem.data, next.data);
    buf_reset(&fetch->last_problem);
}

static void fetch_conclude(struct fetch *fetch)
{
    struct buf CLEANUP_BUF reason = BUF_INIT;

    fetch_log_problem(fetch, "giving up");
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

static void fetch_conclude_absent(struct fetch *fetch, enum absence absence)
{
    bool denied = absence == ABSENCE_DENIED;
    struct buf CLEANUP_BUF reason = BUF_INIT;

    fetch_log_problem(fetch, "the other upstreams do not have it");
    buf_add_text(&reason,
                 denied ? "it needs other credentials, or it does not exist (" : "no upstream has it (");
    candidates_describe(&fetch->candidates, &reason);
    buf_add_char(&reason, ')');
    fetch_finish(fetch, denied ? FETCH_DENIED : FETCH_NOT_FOUND, reason.data);
}

static bool fetch_worth_another_round(struct fetch *fetch)
{
    if (!candidates_any_usable(&fetch->candidates))
        return false;
    return fetch->offset > 0 || fetch->rounds + 1 < ROUNDS_MAX;
}

static void fetch_back_off(struct fetch *fetch)
{
    int64_t pause_ms = fetch->rounds || fetch->fruitless > 1 ? PAUSE_MS : FIRST_PAUSE_MS;

    if (fetch->progress)
        pause_ms = 0;
    else if (fetch->retry_after_ms > pause_ms)
        pause_ms = fetch->retry_after_ms;
    if (fetch->offset == 0)
        fetch->rounds++;
    if (pause_ms)
        fetch_log_problem(fetch, "asking again in %" PRId64 " ms", pause_ms);
    else
        fetch_log_problem(fetch, "asking again at once");
    fetch->retry_after_ms = 0;
    fetch->state = FETCH_BACKOFF;
    fetch->due_ms = clock_mono_ms() + pause_ms;
    TAILQ_INSERT_TAIL(&fetch->fetcher->backing_off, fetch, backoff_entry);
}

static void fetch_note_problem(struct fetch *fetch)
{
    buf_set(&fetch->last_problem, "upstream %s: %s: %s", upstream_name(fetch->current->upstream),
            fetch->shown.data, fetch->current->problem.data);
}

/* Returns false when the candidate's URL cannot be asked at all. */
static bool fetch_start_exchange(struct fetch *fetch)
{
    static const struct exchange_ops ops = {fetch_on_answered, fetch_on_body, fetch_on_ended};
    struct candidate *candidate = fetch->current;
    struct exchange_request request;

    fetch_request_make(fetch, &request);
    candidate->tried = true;
    candidate->asked = true;
    fetch->state = FETCH_RUNNING;
    fetch->exchange = exchange_start(fetch->fetcher->exchanges, &request, &ops, fetch, &candidate->problem);
    if (fetch->exchange)
        return true;
    slots_give_back(&fetch->fetcher->slots, &fetch->slot);
    counter_add(COUNTER_UPSTREAM_ERRORS, 1);
    candidate->state = CANDIDATE_USELESS;
    buf_set(&fetch->shown, "its URL");
    fetch_note_problem(fetch);
    return false;
}

static void fetch_log_next(struct fetch *fetch, const struct candidate *next)
{
    if (fetch->offset > 0)
        fetch_log_problem(fetch, "going on at byte %" PRId64 " from %s", fetch->offset,
                          upstream_name(next->upstream));
    else
        fetch_log_problem(fetch, "asking %s", upstream_name(next->upstream));
}

/* Sees that the question can be sent with what it takes. Returns false when that must be waited for. */
static bool fetch_get_authorization(struct fetch *fetch)
{
    const struct candidate *candidate = fetch->current;

    if (!candidate->scope || (fetch->challenged && authorization_good(&fetch->authorization)))
        return true;
    if (tokens_get(fetch->fetcher->tokens, &fetch->authorization, candidate->upstream, candidate->scope) ==
        AUTH_WAIT) {
        fetch->state = FETCH_AUTHORIZING;
        return false;
    }
    if (!fetch->authorization.header)
        fetch->challenged = false; /* what it led to has been thrown away */
    return true;
}

/* While a token is waited for, others may have the place in the lane; but not a second time in one attempt, or a
 * token might run out in every wait for a place. */
static void fetch_lend_slot(struct fetch *fetch)
{
    if (fetch->gave_slot)
        return;
    fetch->gave_slot = true;
    slots_give_back(&fetch->fetcher->slots, &fetch->slot);
}

static bool fetch_take_slot(struct fetch *fetch)
{
    struct slots *slots = &fetch->fetcher->slots;
    struct upstream *upstream = fetch->current->upstream;
    bool runs = fetch->gave_slot ? slots_retake(slots, &fetch->slot, upstream, fetch->document)
                                 : slots_take(slots, &fetch->slot, upstream, fetch->document);

    if (!runs)
        fetch->state = FETCH_QUEUED;
    return runs;
}

static void fetch_choose(struct fetch *fetch, struct candidate *candidate)
{
    fetch->current = candidate;
    fetch->request = (struct fetch_request){.offset = fetch->offset};
    fetch->challenged = false;
    fetch->gave_slot = false;
}

static void fetch_advance(struct fetch *fetch)
{
    for (;;) {
        enum absence absence = fetch->offset ? ABSENCE_UNKNOWN : candidates_absence(&fetch->candidates);
        if (absence != ABSENCE_UNKNOWN) {
            fetch_conclude_absent(fetch, absence);
            return;
        }
        struct candidate *next =
            fetch->fruitless < FRUITLESS_MAX ? candidates_pick(&fetch->candidates) : NULL;
        if (!next) {
            if (fetch->fruitless < FRUITLESS_MAX && fetch_worth_another_round(fetch))
                fetch_back_off(fetch);
            else
                fetch_conclude(fetch);
            return;
        }
        fetch_log_next(fetch, next);
        fetch_choose(fetch, next);
        if (!fetch_get_authorization(fetch) || !fetch_take_slot(fetch) || fetch_start_exchange(fetch))
            return;
    }
}

void fetch_begin(struct fetch *fetch)
{
    fetch_start_over(fetch);
    fetch_advance(fetch);
}

/* The upstream may have failed while the fetch stood in line: then the choice is made again. Or its token may have
 * run out. */
void fetch_slot_granted(struct fetch *fetch)
{
    bool same = candidates_pick(&fetch->candidates) == fetch->current;

    if (same && !fetch_get_authorization(fetch)) {
        fetch_lend_slot(fetch);
        return;
    }
    if (same && fetch_start_exchange(fetch))
        return;
    slots_give_back(&fetch->fetcher->slots, &fetch->slot);
    fetch_advance(fetch);
}

static void fetch_unauthorized(struct fetch *fetch);

void fetch_authorized(struct fetch *fetch)
{
    if (fetch->authorization.state != AUTH_READY) {
        fetch_unauthorized(fetch);
        return;
    }
    if (fetch->slot.state == SLOT_NONE && !fetch_take_slot(fetch))
        return;
    if (!fetch_start_exchange(fetch))
        fetch_advance(fetch);
}

void fetch_backoff_over(struct fetch *fetch)
{
    TAILQ_REMOVE(&fetch->fetcher->backing_off, fetch, backoff_entry);
    candidates_new_round(&fetch->candidates);
    fetch_advance(fetch);
}

void fetch_let_go(struct fetch *fetch)
{
    if (fetch->state == FETCH_BACKOFF)
        TAILQ_REMOVE(&fetch->fetcher->backing_off, fetch, backoff_entry);
    if (fetch->exchange)
        exchange_drop(take_ptr(&fetch->exchange));
    tokens_leave(fetch->fetcher->tokens, &fetch->authorization);
    slots_give_back(&fetch->fetcher->slots, &fetch->slot);
}

/* ---- how an exchange ended ---- */

/* A document, or content that was longer than it may be, cannot be continued. */
static void fetch_after_failure(struct fetch *fetch, bool void_content)
{
    struct candidate *candidate = fetch->current;

    /* One that had a part in wrong content gets a second chance only on its own, or blame would never be
     * found. */
    if (candidate->strikes && candidate->contributed) {
        candidate->state = CANDIDATE_REJECTED;
        void_content = true;
    }
    if (fetch->document || void_content) {
        fetch->progress = false;
        fetch_start_over(fetch);
    } else {
        fetch_note_progress(fetch);
    }
    fetch_advance(fetch);
}

/* The pass says why. */
static void fetch_unauthorized(struct fetch *fetch)
{
    static const enum judgement_kind judgements[] = {
        [AUTH_DENIED] = JUDGE_DENIED,
        [AUTH_TROUBLE] = JUDGE_TROUBLE,
        [AUTH_USELESS] = JUDGE_USELESS,
    };
    struct candidate *candidate = fetch->current;

    slots_give_back(&fetch->fetcher->slots, &fetch->slot);
    candidate->tried = true;
    candidate->asked = true;
    buf_set(&candidate->problem, "%s", fetch->authorization.problem.data);
    buf_set(&fetch->shown, "credentials");
    fetch->judgement.kind = judgements[fetch->authorization.state];
    fetch_note_judgement(fetch);
    fetch_note_problem(fetch);
    fetch_after_failure(fetch, false);
}

/* A 401. The question has not been answered: it is put again when there is a token. */
static void fetch_challenged(struct fetch *fetch)
{
    struct candidate *candidate = fetch->current;

    buf_reset(&candidate->problem);
    candidate->tried = false;
    if (fetch->request.validated)
        candidate->asked = false; /* so that the validators are sent again */
    fetch->challenged = true;
    switch (tokens_challenged(fetch->fetcher->tokens, &fetch->authorization, candidate->upstream,
                              candidate->scope, fetch->challenge.data)) {
    case AUTH_READY:
        if (!fetch_start_exchange(fetch))
            fetch_advance(fetch);
        return;
    case AUTH_WAIT:
        fetch->state = FETCH_AUTHORIZING;
        fetch_lend_slot(fetch);
        return;
    case AUTH_DENIED:
    case AUTH_TROUBLE:
    case AUTH_USELESS:
        fetch_unauthorized(fetch);
        return;
    }
}

static void fetch_rejected(struct fetch *fetch)
{
    struct candidate *candidate = fetch->current;

    counter_add(COUNTER_UPSTREAM_MISMATCHES, 1);
    counter_add(COUNTER_UPSTREAM_ERRORS, 1);
    candidate->contributed = true; /* an empty body is a part too */
    candidates_reject(&fetch->candidates);
    fetch_note_problem(fetch);
    fetch->rounds = 0;
    fetch_start_over(fetch);
    candidates_new_round(&fetch->candidates);
    fetch_advance(fetch);
}

/* A fetch keeps its place until then: what waits to be decided is bounded like what is on its way. */
void fetch_decided(struct fetch *fetch, enum fetch_decision decision)
{
    if (decision != FETCH_PENDING)
        slots_give_back(&fetch->fetcher->slots, &fetch->slot);
    switch (decision) {
    case FETCH_ACCEPT:
        upstream_note_success(fetch->current->upstream);
        fetch_finish(fetch, FETCH_OK, "");
        break;
    case FETCH_REJECT:
        fetch_rejected(fetch);
        break;
    case FETCH_PENDING:
        fetch->state = FETCH_DECIDING;
        break;
    }
}

/* A 401 to what was got after a 401. */
static void fetch_deny(struct fetch *fetch)
{
    fetch->judgement.kind = JUDGE_DENIED;
    buf_set(&fetch->current->problem, "answered 401 to %s",
            text_starts(fetch->authorization.header, "Basic ") ? "username and password" : "a fresh token");
}

static void fetch_on_ended(void *owner, enum exchange_outcome end, const char *shown, const char *problem)
{
    struct fetch *fetch = owner;
    bool dropped = end == EXCHANGE_DROPPED;

    fetch->exchange = NULL;
    buf_set(&fetch->shown, "%s", shown);
    if (dropped && fetch->judgement.kind == JUDGE_CHALLENGED && fetch->challenged)
        fetch_deny(fetch);
    if (fetch->sink_refused) {
        fetch_finish(fetch, FETCH_REFUSED, "what came could not be kept");
    } else if ((end == EXCHANGE_COMPLETE && fetch_body_is_whole(fetch)) ||
               (!dropped && fetch_has_all(fetch))) {
        fetch_decided(fetch, fetch->ops->complete(fetch->sink));
    } else if (dropped && fetch->judgement.kind == JUDGE_NOT_MODIFIED) {
        upstream_note_success(fetch->current->upstream);
        fetch_finish(fetch, FETCH_NOT_MODIFIED, "");
    } else if (dropped && fetch->judgement.kind == JUDGE_CHALLENGED) {
        fetch_challenged(fetch);
    } else {
        slots_give_back(&fetch->fetcher->slots, &fetch->slot);
        fetch_note_exchange(fetch, end, problem);
        if (fetch->judgement.kind != JUDGE_ABSENT)
            fetch_note_problem(fetch);
        /* Dropped in the middle of the body: it was longer than it may be. */
        fetch_after_failure(fetch, dropped && fetch->offset > fetch->request.offset);
    }
}
