/* The machine that serve_blob.h draws. Runs on workers; everything that outlives a wait is in the request,
 * because libmicrohttpd resumes a request only by calling its handler again. */
#include "proxy/http/serve_blob.h"

#include <stdlib.h>

#include "base/memory.h"
#include "proxy/core/absence.h"
#include "proxy/core/keys.h"

/* Numbers the fills of requests that came too late. */
static _Atomic unsigned late_requests;

enum follows {
    FOLLOWS_WAITING,
    FOLLOWS_READY,
    FOLLOWS_LATE, /* request->late is set: a fill of its own is wanted */
    FOLLOWS_FAILED,
};

/* Sets *why if the fill has failed. */
static enum follows fill_follow_state(struct fill *fill, enum wait_for until, enum fill_failure *why)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    *why = FILL_FAILURE_UNABLE;
    if (fill->state == FILL_FAILED && fill->outcome == FETCH_NOT_FOUND)
        *why = FILL_FAILURE_ABSENT;
    else if (fill->state == FILL_FAILED && fill->outcome == FETCH_DENIED)
        *why = FILL_FAILURE_DENIED;
    if (until == WAIT_FOR_END)
        return fill->state == FILL_DONE ? FOLLOWS_READY : FOLLOWS_FAILED;
    if (fill->state != FILL_STREAMING && fill->state != FILL_DONE) /* or STARTING: the server is stopping */
        return FOLLOWS_FAILED;
    /* If the store is full, bytes are dropped once all readers of that moment have them. */
    return fill->stream.dropped_bytes > 0 ? FOLLOWS_LATE : FOLLOWS_READY;
}

/* Takes the reference over, into request->fill. */
static enum follows fill_follow(struct request *request, struct fill *fill, enum wait_for until,
                                enum fill_failure *why)
{
    /* For Cache-Status: whether another client's request follows the fill already. Noted when it joins, not
     * at each return from a wait: by then it would see its own mark. */
    if (until == WAIT_FOR_START && request->fill != fill) {
        lock_acquire(&fill->lock);
        request->collapsed = fill->followed;
        fill->followed = true;
        lock_release(&fill->lock);
    }
    /* After a wait too: the fill may have begun again in between, from another upstream. */
    if (request_wait(request, fill, until))
        return FOLLOWS_WAITING;
    request->how = HOW_MISS;
    enum follows follows = fill_follow_state(fill, until, why);
    if (follows != FOLLOWS_LATE)
        return follows;
    if (request->late) /* even its own fill has dropped bytes: it came back too slowly */
        return FOLLOWS_FAILED;
    request->late = ++late_requests;
    return FOLLOWS_LATE;
}

/* A reference to the fill that the request waits for, or NULL. */
static struct fill *fill_waited_for(struct request *request, const struct wanted *wanted)
{
    if (!request->fill) /* nearly always, so that a hit makes no key */
        return NULL;
    char *CLEANUP_FREE key = wanted->kind->fill_key(request, wanted);
    if (!key || !request_waited_for(request, key))
        return NULL;
    return (struct fill *)shared_ref(&request->fill->shared);
}

enum MHD_Result serve_blob(struct request *request, struct wanted *wanted)
{
    const struct wanted_kind *kind = wanted->kind;
    enum MHD_Result result = MHD_NO;
    enum fill_failure why;

    for (;;) {
        struct fill *fill = fill_waited_for(request, wanted);
        enum serve_next next = SERVE_FOLLOW;
        if (!fill) {
            if (kind->respond_held(request, wanted, &result))
                return result;
            next = kind->begin(request, wanted, &fill, &result);
        }
        if (next == SERVE_FOLLOW) {
            switch (fill_follow(request, fill, kind->until, &why)) {
            case FOLLOWS_WAITING:
                return MHD_YES;
            case FOLLOWS_READY:
                next = kind->ready(request, wanted, &result);
                break;
            case FOLLOWS_LATE:
                break;
            case FOLLOWS_FAILED:
                next = kind->failed(request, wanted, why, &result);
                break;
            }
        }
        if (next == SERVE_ANSWERED)
            return result;
    }
}

bool wanted_known_absent(struct request *request, const struct wanted *wanted, enum fetch_outcome *outcome)
{
    char *CLEANUP_FREE key = memory_key_absence(wanted->space, wanted->key);

    if (!absence_known(request->proxy, key, outcome))
        return false;
    request->how = HOW_NEGATIVE;
    return true;
}

void wanted_remember_absent(struct request *request, const struct wanted *wanted, enum fetch_outcome outcome)
{
    char *CLEANUP_FREE key = memory_key_absence(wanted->space, wanted->key);

    absence_remember(request->proxy, key, outcome, wanted->negative_ttl_s);
}
