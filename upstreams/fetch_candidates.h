/* The upstreams that may have one object: which to ask next, and what their answers amount to.
 *
 * The order is the caller's, healthy upstreams first; those that had a part in rejected content come last.
 * Better choices (latency, throughput, a free slot) belong in candidates_pick(). */
#ifndef UPSTREAMS_FETCH_CANDIDATES_H
#define UPSTREAMS_FETCH_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct fetch_candidate;
struct upstream;

enum candidate_state {
    CANDIDATE_USABLE,
    CANDIDATE_ABSENT,       /* says that it has no such object */
    CANDIDATE_DENIED,       /* wants other credentials than ours before it says anything */
    CANDIDATE_USELESS,      /* failed in a way that another request would not change */
    CANDIDATE_OTHER_LENGTH, /* than the content at hand, whose length nobody vouches for */
    CANDIDATE_TOO_LARGE,
    CANDIDATE_REJECTED, /* its content was wrong */
};

struct candidate {
    /* set once */
    struct upstream *upstream;
    char *url;
    char *if_none_match;
    char *if_modified_since;
    char *scope; /* NULL: gets no credentials */
    bool healthy_at_start;

    enum candidate_state state;
    bool tried;         /* in this round */
    bool asked;         /* ever, in this fetch: validators are sent once */
    bool no_range;      /* cannot continue by Range: must be asked for the whole object */
    bool contributed;   /* it sent bytes of the content at hand */
    int strikes;        /* see candidates_reject() */
    char *etag;         /* of its last good answer when strong, or NULL */
    struct buf problem; /* the last one, the end of a sentence */
};

struct candidates {
    struct candidate *items;
    size_t count;
};

/* Copies, and references the upstreams. */
void candidates_init(struct candidates *candidates, const struct fetch_candidate *from, size_t count);
void candidates_release(struct candidates *candidates);

/* The best usable one that was not tried in this round, or NULL. */
struct candidate *candidates_pick(struct candidates *candidates);
/* Makes the tried ones available again. */
void candidates_new_round(struct candidates *candidates);
bool candidates_any_usable(const struct candidates *candidates);

enum candidates_absence {
    ABSENCE_UNKNOWN,
    ABSENCE_SURE,
    ABSENCE_DENIED, /* some may have it, but do not show it to us */
};
/* Whether the object is absent: every upstream that was healthy when the fetch began says so, or denies
 * access. If none was healthy, every one must have been asked, and at least one must have said so. */
enum candidates_absence candidates_absence(const struct candidates *candidates);
/* True when one has it too large, and the others are absent or deny access. */
bool candidates_too_large(const struct candidates *candidates);

/* The content was wrong. The only contributor is out; where several had a part, each may be asked once
 * more, alone. Candidates whose length differed from that content become usable again. */
void candidates_reject(struct candidates *candidates);
/* The next content begins without contributors. */
void candidates_forget_content(struct candidates *candidates);

/* Appends "tuna: answered 500; aliyun: answered 404". */
void candidates_describe(const struct candidates *candidates, struct buf *out);

#endif
