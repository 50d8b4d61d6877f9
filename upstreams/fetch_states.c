/* The states of one fetch: which candidate is asked next, from which byte, and when to give up. On the
 * fetch thread, outside of curl.
 *
 *   advance ─┬──────────► QUEUED ─► RUNNING ─┬─ complete, sink accepts ─► finish
 *      ▲     │ a token      ▲ (slot) │       ├─ complete, sink decides later ─► DECIDING ─► finish,
 *      │     │ is needed    │        │ 401   │                                 or advance from byte 0
 *      │     └───► AUTHORIZING ◄─────┘       │
 *      │                │ cannot get one     │
 *      ├────────────────┴────────────────────┴─ anything else: the state of the candidate changes
 *      └─ BACKOFF ◄─ every usable candidate was tried in this round
 *
 * A blob keeps its bytes and continues after them, on any candidate: the digest proves the joints. A
 * document starts again.
 *
 * AUTHORIZING: the fetch waits for a token (tokens.h), before the first request to a candidate or after a
 * 401 to it; then the request is sent again, once. In the meantime its slot is lent to other fetches, and
 * retaken at the head of the queue. If the token runs out while the fetch waits in that queue, the slot is
 * kept: otherwise slot and token could run out in turn forever. This cannot deadlock, since token requests
 * have slots of their own.
 *
 * It ends: before the first byte after ROUNDS_MAX rounds; after it when FRUITLESS_MAX requests in a row
 * brought nothing new; and rejected content costs every candidate that contributed a strike. */
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
#define FIRST_BACKOFF_MS 200
#define BACKOFF_MS 1000

static void fetch_on_ended(void *owner, enum exchange_outcome outcome, const char *shown,
                           const char *problem);

/* ---- what is done next ---- */

/* Drops the bytes at hand: the next request begins at byte 0, and its answer with begin(). */
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

static void fetch_conclude(struct fetch *fetch, enum fetch_outcome outcome)
{
    static const char *const reasons[] = {
        [FETCH_NOT_FOUND] = "no upstream has it",
        [FETCH_DENIED] = "it needs other credentials, or it does not exist",
        [FETCH_TOO_LARGE] = "it is too large",
        [FETCH_UNAVAILABLE] = "no upstream could serve it",
    };
    bool absent = outcome == FETCH_NOT_FOUND || outcome == FETCH_DENIED;
    struct buf CLEANUP_BUF reason = BUF_INIT;

    fetch_log_problem(fetch, "%s", absent ? "the other upstreams do not have it" : "giving up");
    if (fetch->candidates.count) {
        buf_printf(&reason, "%s (", reasons[outcome]);
        candidates_describe(&fetch->candidates, &reason);
        buf_add_char(&reason, ')');
    } else {
        buf_add_text(&reason, "no upstream is known that may have it");
    }
    fetch_finish(fetch, outcome, reason.data);
}

static void fetch_back_off(struct fetch *fetch)
{
    int64_t backoff_ms = fetch->rounds || fetch->fruitless > 1 ? BACKOFF_MS : FIRST_BACKOFF_MS;

    /* The break was an accident of that connection: the upstream had delivered. */
    if (fetch->progress)
        backoff_ms = 0;
    else if (fetch->retry_after_ms > backoff_ms)
        backoff_ms = fetch->retry_after_ms;
    if (fetch->offset == 0)
        fetch->rounds++;
    if (backoff_ms)
        fetch_log_problem(fetch, "asking again in %" PRId64 " ms", backoff_ms);
    else
        fetch_log_problem(fetch, "asking again at once");
    fetch->retry_after_ms = 0;
    fetch->state = FETCH_BACKOFF;
    fetch->due_ms = clock_mono_ms() + backoff_ms;
    TAILQ_INSERT_TAIL(&fetch->fetcher->backing_off, fetch, backoff_entry);
}

static void fetch_note_problem(struct fetch *fetch)
{
    buf_set(&fetch->last_problem, "upstream %s: %s: %s", upstream_name(fetch->current->upstream),
            fetch->shown.data, fetch->current->problem.data);
}

/* Returns false when the policy refuses the URL: no request went out, and the candidate is useless. */
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

/* Gets the credentials that the request needs. Returns false when they must be waited for. */
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
        fetch->challenged = false; /* the token it led to is gone: the next 401 is a first one */
    return true;
}

/* While the fetch waits for a token, others may use its slot; but only once per candidate, or each wait
 * for a slot might outlast the token. */
static void fetch_lend_slot(struct fetch *fetch)
{
    if (fetch->gave_slot)
        return;
    fetch->gave_slot = true;
    slots_give_back(&fetch->fetcher->slots, &fetch->slot);
}

static bool fetch_take_slot(struct fetch *fetch)
{
    bool held = slots_take(&fetch->fetcher->slots, &fetch->slot, fetch->current->upstream, fetch->document,
                           fetch->gave_slot);

    if (!held)
        fetch->state = FETCH_QUEUED;
    return held;
}

static void fetch_advance(struct fetch *fetch)
{
    for (;;) {
        /* With bytes in hand somebody has the object, whatever the others say. */
        enum candidates_absence absence =
            fetch->offset ? ABSENCE_UNKNOWN : candidates_absence(&fetch->candidates);
        if (absence != ABSENCE_UNKNOWN) {
            fetch_conclude(fetch, absence == ABSENCE_DENIED ? FETCH_DENIED : FETCH_NOT_FOUND);
            return;
        }
        bool fruitless = fetch->fruitless >= FRUITLESS_MAX;
        struct candidate *next = fruitless ? NULL : candidates_pick(&fetch->candidates);
        if (!next && !fruitless && candidates_any_usable(&fetch->candidates) &&
            (fetch->offset > 0 || fetch->rounds + 1 < ROUNDS_MAX)) {
            fetch_back_off(fetch);
            return;
        }
        if (!next) {
            bool too_large = candidates_too_large(&fetch->candidates);
            fetch_conclude(fetch, too_large ? FETCH_TOO_LARGE : FETCH_UNAVAILABLE);
            return;
        }
        if (fetch->offset > 0)
            fetch_log_problem(fetch, "continuing at byte %" PRId64 " from %s", fetch->offset,
                              upstream_name(next->upstream));
        else
            fetch_log_problem(fetch, "asking %s", upstream_name(next->upstream));
        fetch->current = next;
        fetch->request = (struct fetch_request){.offset = fetch->offset};
        fetch->challenged = false;
        fetch->gave_slot = false;
        if (!fetch_get_authorization(fetch) || !fetch_take_slot(fetch) || fetch_start_exchange(fetch))
            return;
    }
}

void fetch_begin(struct fetch *fetch)
{
    fetch_start_over(fetch);
    fetch_advance(fetch);
}

/* While the fetch was queued its upstream may have failed, so the choice is made again; or its token may
 * have run out. */
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

/* A document, or content that was longer than allowed, cannot be continued. */
static void fetch_after_failure(struct fetch *fetch, bool void_content)
{
    struct candidate *candidate = fetch->current;

    /* It had a part in content that was wrong, and broke again: its second chance is for the whole object
     * alone, since in a mixture nobody could tell whose bytes are wrong. */
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

/* The credentials cannot be got; fetch->authorization has the reason, which counts as the answer of the
 * candidate. */
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

/* A 401. The request has not been answered: it is sent again when there is a token. */
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
    /* All rounds again for those that are left. Still bounded: each reject is a strike for the
     * contributors. */
    fetch->rounds = 0;
    fetch_start_over(fetch);
    candidates_new_round(&fetch->candidates);
    fetch_advance(fetch);
}

/* The slot is kept until the decision: otherwise undecided documents would pile up without limit while the
 * sink is slower than the upstreams. */
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

static void fetch_on_ended(void *owner, enum exchange_outcome outcome, const char *shown, const char *problem)
{
    struct fetch *fetch = owner;
    bool dropped = outcome == EXCHANGE_DROPPED;

    fetch->exchange = NULL;
    buf_set(&fetch->shown, "%s", shown);
    /* A 401 to the credentials that were got for the first 401. */
    if (dropped && fetch->judgement.kind == JUDGE_CHALLENGED && fetch->challenged) {
        bool basic = text_starts(fetch->authorization.header, "Basic ");
        fetch->judgement.kind = JUDGE_DENIED;
        buf_set(&fetch->current->problem, "answered 401 to %s",
                basic ? "username and password" : "a fresh token");
    }
    if (fetch->sink_refused) {
        fetch_finish(fetch, FETCH_REFUSED, "what came could not be kept");
    } else if ((outcome == EXCHANGE_COMPLETE && fetch_body_is_whole(fetch)) ||
               (!dropped && fetch_has_all(fetch))) {
        fetch_decided(fetch, fetch->ops->complete(fetch->sink));
    } else if (dropped && fetch->judgement.kind == JUDGE_NOT_MODIFIED) {
        upstream_note_success(fetch->current->upstream);
        fetch_finish(fetch, FETCH_NOT_MODIFIED, "");
    } else if (dropped && fetch->judgement.kind == JUDGE_CHALLENGED) {
        fetch_challenged(fetch);
    } else {
        slots_give_back(&fetch->fetcher->slots, &fetch->slot);
        fetch_note_exchange(fetch, outcome, problem);
        if (fetch->judgement.kind != JUDGE_ABSENT)
            fetch_note_problem(fetch);
        /* Dropped in the middle of the body: it was longer than allowed, so no byte of it can be trusted. */
        fetch_after_failure(fetch, dropped && fetch->offset > fetch->request.offset);
    }
}
