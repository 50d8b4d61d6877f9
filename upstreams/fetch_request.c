/* One request to one candidate: what is asked for, what comes, and the state in which that leaves the
 * candidate. fetch_states.c decides what is done next.
 *
 * On the fetch thread. fetch_on_answered() and fetch_on_body() run inside curl, which must not be called
 * from there: they feed the sink and take notes, and fetch_on_ended() acts on these when curl has
 * returned. */
#include <inttypes.h>

#include "base/check.h"
#include "base/counters.h"
#include "base/memory.h"
#include "upstreams/fetch_private.h"
#include "upstreams/head.h"
#include "upstreams/hop.h"
#include "upstreams/upstream.h"

/* This much new, or a tenth of the whole, shows that the upstream works: it is asked again at once. */
#define PROGRESS_BYTES (64 * 1024)
#define PROGRESS_SHARE 10
/* A Retry-After up to this is waited for; after a longer one the candidate is not asked again in this
 * fetch, as a client waits for it. */
#define RETRY_AFTER_WAIT_S 2

/* ---- the request ---- */

void fetch_request_make(struct fetch *fetch, struct exchange_request *request)
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
        /* An ETag compares versions on one server; this one must have sent bytes of this content. */
        .if_range = ranged && candidate->contributed ? candidate->etag : NULL,
        .authorization = candidate->scope ? fetch->authorization.header : NULL,
    };
    fetch->request = (struct fetch_request){
        .document = fetch->document,
        .head = fetch->head,
        .authorizable = candidate->scope != NULL,
        .validated = request->if_none_match || request->if_modified_since,
        .ranged = ranged,
        .if_range = request->if_range,
        .offset = fetch->offset,
        .total_bytes = fetch->total_bytes,
        .max_bytes = fetch->max_bytes,
    };
    fetch->judgement = (struct judgement){.kind = JUDGE_TROUBLE, .total_bytes = -1};
    fetch->skip_bytes = 0;
    fetch->progress = false;
}

/* ---- the answer ---- */

bool fetch_on_answered(void *owner, const struct head *head, const char *url)
{
    struct fetch *fetch = owner;
    struct candidate *candidate = fetch->current;
    struct upstream_quota quota = {head_leading_number(head->ratelimit_limit),
                                   head_leading_number(head->ratelimit_remaining)};

    /* Only what the upstream itself says: object storage that it redirects to has limits of its own. */
    if ((quota.limit >= 0 || quota.remaining >= 0) && hop_is_home(candidate->upstream, url))
        upstream_note_quota(candidate->upstream, &quota);
    buf_set(&fetch->challenge, "%s", head->www_authenticate);
    /* A challenge of another server must not be met with the credentials of the upstream. */
    if (head->status == 401 && !hop_is_home(candidate->upstream, url))
        fetch->request.authorizable = false;
    fetch->judgement = judge_head(&fetch->request, head, &candidate->problem);
    fetch->ends_by_close = !head->chunked && head->content_length < 0;
    if (fetch->judgement.kind == JUDGE_NOT_MODIFIED)
        fetch_answer_keep(&fetch->answer, candidate->upstream, head, url, -1);
    if (fetch->judgement.kind != JUDGE_GOOD)
        return false;
    /* A weak one must not be sent in If-Range (RFC 9110 section 13.1.5). */
    free(candidate->etag);
    candidate->etag = head_etag_strong(head->etag) ? xstrdup(head->etag) : NULL;
    fetch->skip_bytes = fetch->judgement.skip_bytes;
    fetch->total_bytes = fetch->judgement.total_bytes;
    if (head->status == 206)
        counter_add(COUNTER_UPSTREAM_RESUMED, 1);
    if (fetch->offset > 0)
        return true;
    fetch_answer_keep(&fetch->answer, candidate->upstream, head, url, fetch->total_bytes);
    struct fetch_answer answer = fetch_answer_show(&fetch->answer);
    fetch->sink_refused = fetch->ops->begin(fetch->sink, &answer) < 0;
    return !fetch->sink_refused;
}

int fetch_on_body(void *owner, const void *data, size_t len)
{
    struct fetch *fetch = owner;
    const char *bytes = data;

    /* The upstream ignored the range and sends the whole: the sink has the first part. */
    if (fetch->skip_bytes >= (int64_t)len) {
        fetch->skip_bytes -= (int64_t)len;
        return 0;
    }
    bytes += fetch->skip_bytes;
    len -= (size_t)fetch->skip_bytes;
    fetch->skip_bytes = 0;
    /* Checked before the sink sees them, so no byte past the known end is ever written. */
    if (fetch->total_bytes >= 0 && (int64_t)len > fetch->total_bytes - fetch->offset) {
        buf_set(&fetch->current->problem, "sent more than the %" PRId64 " bytes expected",
                fetch->total_bytes);
        fetch->judgement.kind = JUDGE_MISMATCH;
        return -1;
    }
    if (fetch->max_bytes >= 0 && (int64_t)len > fetch->max_bytes - fetch->offset) {
        buf_set(&fetch->current->problem, "sent more than the limit of %" PRId64 " bytes", fetch->max_bytes);
        fetch->judgement.kind = JUDGE_TOO_LARGE;
        return -1;
    }
    fetch->current->contributed = true;
    int wish = fetch->ops->write(fetch->sink, fetch->offset, bytes, len);
    fetch->offset += (int64_t)len;
    fetch->sink_refused = wish < 0;
    return wish;
}

/* ---- the state it leaves the candidate in ---- */

/* Where the length is not known (an encoded document), all there is to go by is that the body ended
 * properly. */
bool fetch_body_is_whole(struct fetch *fetch)
{
    if (fetch->head || fetch->offset == fetch->total_bytes || (fetch->total_bytes < 0 && !fetch->skip_bytes))
        return true;
    buf_set(&fetch->current->problem, "ended short, after byte %" PRId64, fetch->offset - fetch->skip_bytes);
    return false;
}

/* An exchange that broke after the last byte has brought everything. */
bool fetch_has_all(const struct fetch *fetch)
{
    return !fetch->document && fetch->offset > 0 && fetch->offset == fetch->total_bytes;
}

static void fetch_note_failure(struct fetch *fetch, enum candidate_state state)
{
    fetch->current->state = state;
    counter_add(COUNTER_UPSTREAM_ERRORS, 1);
    upstream_note_failure(fetch->current->upstream);
}

/* If nobody vouches for the length, the content at hand may be the wrong one: then the candidate becomes
 * usable again when that is rejected. */
static void fetch_note_mismatch(struct fetch *fetch)
{
    counter_add(COUNTER_UPSTREAM_MISMATCHES, 1);
    fetch_note_failure(fetch, fetch->expected_bytes < 0 ? CANDIDATE_OTHER_LENGTH : CANDIDATE_USELESS);
}

static void fetch_note_busy(struct fetch *fetch)
{
    int64_t seconds = fetch->judgement.retry_after_s;

    counter_add(COUNTER_UPSTREAM_ERRORS, 1);
    if (seconds > RETRY_AFTER_WAIT_S)
        fetch->current->state = CANDIDATE_USELESS;
    else if (seconds * 1000 > fetch->retry_after_ms)
        fetch->retry_after_ms = seconds * 1000;
    if (seconds > 0)
        upstream_note_busy(fetch->current->upstream, seconds);
    else
        upstream_note_failure(fetch->current->upstream);
}

/* The judgements other than GOOD and NOT_MODIFIED. Being absent and denying access are not failures of an
 * upstream. */
void fetch_note_judgement(struct fetch *fetch)
{
    switch (fetch->judgement.kind) {
    case JUDGE_ABSENT:
        fetch->current->state = CANDIDATE_ABSENT;
        break;
    case JUDGE_DENIED:
        fetch->current->state = CANDIDATE_DENIED;
        break;
    case JUDGE_TOO_LARGE:
        fetch->current->state = CANDIDATE_TOO_LARGE;
        counter_add(COUNTER_UPSTREAM_ERRORS, 1);
        break;
    case JUDGE_MISMATCH:
        fetch_note_mismatch(fetch);
        break;
    case JUDGE_NO_RANGE:
        fetch->current->no_range = true; /* in the next round it is asked for the whole object */
        counter_add(COUNTER_UPSTREAM_ERRORS, 1);
        break;
    case JUDGE_BUSY:
        fetch_note_busy(fetch);
        break;
    case JUDGE_USELESS:
        fetch_note_failure(fetch, CANDIDATE_USELESS);
        break;
    case JUDGE_TROUBLE:
        fetch_note_failure(fetch, CANDIDATE_USABLE);
        break;
    case JUDGE_GOOD:
    case JUDGE_NOT_MODIFIED:
    case JUDGE_CHALLENGED:
        BUG("a good answer was dropped");
    }
}

/* Counts the requests that brought nothing, so that a fetch with bytes in hand ends too. */
void fetch_note_progress(struct fetch *fetch)
{
    int64_t gained = fetch->offset - fetch->request.offset;

    fetch->progress = gained >= PROGRESS_BYTES ||
                      (gained > 0 && fetch->total_bytes > 0 && gained >= fetch->total_bytes / PROGRESS_SHARE);
    if (fetch->progress)
        fetch->fruitless = 0;
    else if (fetch->offset > 0 && fetch->current->state == CANDIDATE_USABLE && !fetch->current->no_range)
        fetch->fruitless++; /* in any other state it is not asked like this again */
}

void fetch_note_exchange(struct fetch *fetch, enum exchange_outcome outcome, const char *problem)
{
    switch (outcome) {
    case EXCHANGE_DROPPED:
        fetch_note_judgement(fetch);
        return;
    case EXCHANGE_COMPLETE: /* but short, by fetch_body_is_whole() */
        /* Without a length the end of the connection may have been a break. */
        if (fetch->ends_by_close)
            fetch_note_failure(fetch, CANDIDATE_USABLE);
        else
            fetch_note_mismatch(fetch);
        return;
    case EXCHANGE_BROKEN:
    case EXCHANGE_FAILED:
        buf_set(&fetch->current->problem, "%s", problem);
        fetch_note_failure(fetch, outcome == EXCHANGE_FAILED ? CANDIDATE_USELESS : CANDIDATE_USABLE);
        return;
    }
}
