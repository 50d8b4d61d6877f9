/* The candidates of one fetch; owned by it, on the fetch thread.
 *
 *   USABLE ─► ABSENT, DENIED, USELESS, TOO_LARGE, REJECTED    for the rest of the fetch
 *     ▲ └───► OTHER_LENGTH ─┐
 *     └── content rejected ◄┘
 *
 * Content that the sink rejects costs strikes, and two put a candidate out. The only contributor gets
 * both. Where several had a part nobody knows whose bytes were wrong: each gets one, and its second chance
 * is to send the whole object alone (fetch_states.c). So a mirror with one bad file cannot have a good one
 * thrown out with it. */
#include "base/memory.h"
#include "upstreams/fetch_private.h"
#include "upstreams/hop.h"
#include "upstreams/upstream.h"

#define STRIKES_OUT 2

void candidates_init(struct candidates *candidates, const struct fetch_candidate *from, size_t count)
{
    candidates->items = xcalloc(count ? count : 1, sizeof(*candidates->items));
    candidates->count = count;
    for (size_t i = 0; i < count; i++) {
        struct candidate *candidate = &candidates->items[i];
        candidate->upstream = upstream_ref(from[i].upstream);
        candidate->url = xstrdup(from[i].url);
        candidate->if_none_match = xstrdup_or_null(from[i].if_none_match);
        candidate->if_modified_since = xstrdup_or_null(from[i].if_modified_since);
        /* Credentials belong to the configured server, not to whatever a page or a redirect named. */
        candidate->scope =
            from[i].scope && hop_is_home(from[i].upstream, from[i].url) ? xstrdup(from[i].scope) : NULL;
        candidate->healthy_at_start = upstream_healthy(from[i].upstream);
        buf_init(&candidate->problem);
    }
}

void candidates_release(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *candidate = &candidates->items[i];
        upstream_unref(candidate->upstream);
        free(candidate->url);
        free(candidate->if_none_match);
        free(candidate->if_modified_since);
        free(candidate->scope);
        free(candidate->etag);
        buf_release(&candidate->problem);
    }
    free(candidates->items);
    candidates->items = NULL;
    candidates->count = 0;
}

struct candidate *candidates_pick(struct candidates *candidates)
{
    struct candidate *best = NULL;
    int best_rank = 0;

    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *candidate = &candidates->items[i];
        if (candidate->state != CANDIDATE_USABLE || candidate->tried)
            continue;
        /* Lower is better. Strikes weigh more than health: an upstream that rests may still have the right
         * content. Among equals the order is the caller's. */
        int rank = candidate->strikes * 2 + !upstream_healthy(candidate->upstream);
        if (!best || rank < best_rank) {
            best = candidate;
            best_rank = rank;
        }
    }
    return best;
}

bool candidates_any_usable(const struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        if (candidates->items[i].state == CANDIDATE_USABLE)
            return true;
    return false;
}

void candidates_new_round(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        candidates->items[i].tried = false;
}

enum candidates_absence candidates_absence(const struct candidates *candidates)
{
    size_t absent = 0;
    size_t denied = 0;
    size_t healthy = 0;
    size_t unasked = 0;

    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->items[i];
        if (candidate->state == CANDIDATE_TOO_LARGE || candidate->state == CANDIDATE_REJECTED)
            return ABSENCE_UNKNOWN;
        healthy += candidate->healthy_at_start;
        unasked += !candidate->asked;
        if (candidate->state == CANDIDATE_DENIED)
            denied++;
        else if (candidate->state == CANDIDATE_ABSENT)
            absent++;
        else if (candidate->healthy_at_start) /* not asked yet, or it failed: it may have the object */
            return ABSENCE_UNKNOWN;
    }
    /* Upstreams that were resting at the start need not be asked while a healthy one answers; if all were,
     * they must. */
    if (absent + denied == 0 || (healthy == 0 && unasked > 0))
        return ABSENCE_UNKNOWN;
    return denied ? ABSENCE_DENIED : ABSENCE_SURE;
}

bool candidates_too_large(const struct candidates *candidates)
{
    bool found = false;

    for (size_t i = 0; i < candidates->count; i++) {
        if (candidates->items[i].state == CANDIDATE_TOO_LARGE)
            found = true;
        else if (candidates->items[i].state != CANDIDATE_ABSENT &&
                 candidates->items[i].state != CANDIDATE_DENIED)
            return false;
    }
    return found;
}

void candidates_reject(struct candidates *candidates)
{
    int contributors = 0;

    for (size_t i = 0; i < candidates->count; i++)
        contributors += candidates->items[i].contributed;
    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *candidate = &candidates->items[i];
        if (candidate->state == CANDIDATE_OTHER_LENGTH)
            candidate->state = CANDIDATE_USABLE;
        if (!candidate->contributed)
            continue;
        buf_set(&candidate->problem,
                contributors == 1 ? "sent wrong content" : "had a part in wrong content");
        candidate->strikes += contributors == 1 ? STRIKES_OUT : 1;
        if (candidate->strikes >= STRIKES_OUT)
            candidate->state = CANDIDATE_REJECTED;
        upstream_note_failure(candidate->upstream);
    }
    candidates_forget_content(candidates);
}

void candidates_forget_content(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        candidates->items[i].contributed = false;
}

void candidates_describe(const struct candidates *candidates, struct buf *out)
{
    const char *separator = "";

    for (size_t i = 0; i < candidates->count; i++) {
        const struct candidate *candidate = &candidates->items[i];
        if (!candidate->problem.len)
            continue;
        buf_printf(out, "%s%s: %s", separator, upstream_name(candidate->upstream), candidate->problem.data);
        separator = "; ";
    }
}
