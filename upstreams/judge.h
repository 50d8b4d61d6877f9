/* What an answer's head means for a fetch: pure rules, no state. The table at the top of fetch.h in code. */
#ifndef UPSTREAMS_JUDGE_H
#define UPSTREAMS_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct head;

/* What was asked, and what is known beforehand. */
struct fetch_request {
    bool document;        /* may be encoded; a body that ends with the connection is whole */
    bool head;            /* HEAD */
    bool validated;       /* validators were sent */
    bool authorizable;    /* a challenge can be met */
    bool ranged;          /* bytes from `offset` on were asked for */
    const char *if_range; /* the strong ETag sent along, or NULL */
    int64_t offset;       /* bytes that we have */
    int64_t total_bytes;  /* known length of the whole object; -1 */
    int64_t max_bytes;    /* -1: no limit */
};

enum judgement_kind {
    JUDGE_GOOD, /* take the body */
    JUDGE_NOT_MODIFIED,
    JUDGE_ABSENT,     /* 404, 410 */
    JUDGE_CHALLENGED, /* 401, and `authorizable` */
    JUDGE_DENIED,     /* never of a head: what a challenge may come to */
    JUDGE_BUSY,       /* 429, 503 with Retry-After */
    JUDGE_TROUBLE,    /* may be better in a moment */
    JUDGE_USELESS,    /* will not be better in a moment */
    JUDGE_MISMATCH,   /* another length than we know: another object */
    JUDGE_NO_RANGE,   /* cannot continue by Range; may still send it whole */
    JUDGE_TOO_LARGE,
};

struct judgement {
    enum judgement_kind kind;
    int64_t skip_bytes;    /* GOOD: of the body, because they came already */
    int64_t total_bytes;   /* GOOD: of the whole object; -1 */
    int64_t retry_after_s; /* BUSY */
};

/* `problem` gets the end of a sentence ("answered 500") unless GOOD, NOT_MODIFIED. */
struct judgement judge_head(const struct fetch_request *request, const struct head *head,
                            struct buf *problem);

#endif
