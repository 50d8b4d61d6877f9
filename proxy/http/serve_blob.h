/* Serving bytes that a fill brings if the store does not hold them: package files, their metadata, blobs of
 * images.
 *
 *     serve_blob()
 *         │
 *         ├── it waited for the fill already ───────────────┐
 *         ▼                                                 │
 *     respond_held ── it is here ──► answered               │
 *         ▼                                                 │
 *     begin ── nowhere, offline, only a head ──► answered   │
 *         ▼ the fill                                        ▼
 *     follow: suspended until the fill has begun (or ended); the handler runs again from the top
 *         ├── too late for its first bytes: again, with a fill of its own
 *         ├── ready ──► answered, or again
 *         └── failed ──► answered, or again: another way
 *
 * A table of functions holds the differences between the kinds. "Again" ends: a function that asks for it has
 * changed what the request remembers (request->step, request->late, request_state()), so that no fill is
 * followed twice. */
#ifndef PROXY_HTTP_SERVE_BLOB_H
#define PROXY_HTTP_SERVE_BLOB_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/core/fill.h"
#include "proxy/http/request.h"

struct wanted;

enum serve_next {
    SERVE_ANSWERED, /* *result is what the handler returns: an answer is queued, or the request waits */
    SERVE_FOLLOW,   /* only of begin(): *fill, a reference */
    SERVE_AGAIN,    /* from the top */
};

/* How a fill has failed, for one request. */
enum fill_failure {
    FILL_FAILURE_ABSENT, /* nobody has it */
    FILL_FAILURE_DENIED, /* nobody has it, or it needs other credentials */
    FILL_FAILURE_UNABLE, /* nobody can send it now, or the server is stopping */
};

struct wanted_kind {
    /* WAIT_FOR_START: bytes are passed on as they come. WAIT_FOR_END: they are wanted as a whole. */
    enum wait_for until;
    /* The key of the fill that it waits for, if it waits for one by now; heap, or NULL. */
    char *(*fill_key)(const struct request *request, const struct wanted *wanted);
    /* Answers from memory or the store. False: it is not there. */
    bool (*respond_held)(struct request *request, struct wanted *wanted, enum MHD_Result *result);
    /* It is not held. Finds out what must be known first, then joins the fill. */
    enum serve_next (*begin)(struct request *request, struct wanted *wanted, struct fill **fill,
                             enum MHD_Result *result);
    /* request->fill streams or is done; with WAIT_FOR_END it is done. */
    enum serve_next (*ready)(struct request *request, struct wanted *wanted, enum MHD_Result *result);
    /* request->fill has failed. */
    enum serve_next (*failed)(struct request *request, struct wanted *wanted, enum fill_failure why,
                              enum MHD_Result *result);
};

/* The object that one request wants. The first member of each kind's own struct. */
struct wanted {
    const struct wanted_kind *kind;
    /* The entry's names, under which its absence is remembered, for negative_ttl_s. */
    const char *space;
    const char *key;
    int64_t negative_ttl_s;
};

enum MHD_Result serve_blob(struct request *request, struct wanted *wanted);

/* True if every upstream has recently reported the object missing; that is a negative hit. *outcome (may be
 * NULL): NOT_FOUND or DENIED. */
bool wanted_known_absent(struct request *request, const struct wanted *wanted, enum fetch_outcome *outcome);
void wanted_remember_absent(struct request *request, const struct wanted *wanted, enum fetch_outcome outcome);

#endif
