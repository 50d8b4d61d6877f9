/* What the head of an answer means for a fetch: the table at the top of fetch.h, in code. Pure, no state. */
#ifndef UPSTREAMS_JUDGE_H
#define UPSTREAMS_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct head;

/* The request that is answered, and the facts about the object that were known before. */
struct fetch_request {
    bool document;        /* may come encoded; its body may end with the connection */
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
    JUDGE_DENIED,     /* not the result of judge_head(): set when the challenge cannot be met */
    JUDGE_BUSY,       /* 429, 503 with Retry-After */
    JUDGE_TROUBLE,    /* may be better in a moment: 408, 5xx */
    JUDGE_USELESS,    /* will not: the remaining statuses, answers against the rules */
    JUDGE_MISMATCH,   /* another length than the known one: another object */
    JUDGE_NO_RANGE,   /* cannot continue by Range; may still send the whole */
    JUDGE_TOO_LARGE,
};

struct judgement {
    enum judgement_kind kind;
    int64_t skip_bytes;    /* GOOD: of the body, since the sink has them already */
    int64_t total_bytes;   /* GOOD: of the whole object; -1 */
    int64_t retry_after_s; /* BUSY */
};

/* `problem` gets the end of a sentence ("answered 500") unless GOOD, NOT_MODIFIED. */
struct judgement judge_head(const struct fetch_request *request, const struct head *head,
                            struct buf *problem);

#endif
