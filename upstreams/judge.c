#include "upstreams/judge.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "upstreams/head.h"

static struct ruling ruled(enum judgement judgement)
{
    return (struct ruling){.judgement = judgement, .total_bytes = -1};
}

/* The lengths of a good answer against what we know and allow. */
static struct ruling judge_length(const struct question *question, int64_t skip_bytes, int64_t total_bytes,
                                  struct buf *problem)
{
    if (total_bytes >= 0 && question->total_bytes >= 0 && total_bytes != question->total_bytes) {
        buf_set(problem, "has %" PRId64 " bytes where %" PRId64 " are expected", total_bytes,
                question->total_bytes);
        return ruled(JUDGE_MISMATCH);
    }
    if (total_bytes < 0)
        total_bytes = question->total_bytes;
    if (question->max_bytes >= 0 && total_bytes > question->max_bytes) {
        buf_set(problem, "has %" PRId64 " bytes, more than the limit of %" PRId64, total_bytes,
                question->max_bytes);
        return ruled(JUDGE_TOO_LARGE);
    }
    return (struct ruling){.judgement = JUDGE_GOOD, .skip_bytes = skip_bytes, .total_bytes = total_bytes};
}

/* 200: the object from its first byte. */
static struct ruling judge_whole(const struct question *question, const struct head *head,
                                 struct buf *problem)
{
    int64_t total_bytes = head_identity(head) ? head->content_length : -1;

    if (!question->document && !question->head && total_bytes < 0 && !head->chunked &&
        question->total_bytes < 0) {
        buf_set(problem, "sent a body without any length, so that a cut could not be noticed");
        return ruled(JUDGE_USELESS);
    }
    return judge_length(question, question->offset, total_bytes, problem);
}

/* 206: the object from the byte that we asked for, up to its end. */
static struct ruling judge_part(const struct question *question, const struct head *head, struct buf *problem)
{
    int64_t first;
    int64_t last;
    int64_t total;

    if (!question->ranged) {
        buf_set(problem, "answered 206 to a request without a range");
        return ruled(JUDGE_USELESS);
    }
    if (head_content_range(head, &first, &last, &total) < 0 || first != question->offset ||
        last != total - 1 || (head->content_length >= 0 && head->content_length != last - first + 1)) {
        buf_set(problem, "sent the range \"%.80s\" where the bytes from %" PRId64 " on were asked for",
                head->content_range, question->offset);
        return ruled(JUDGE_NO_RANGE);
    }
    if (question->if_range && *head->etag && strcmp(head->etag, question->if_range) != 0) {
        buf_set(problem, "has another version of it now");
        return ruled(JUDGE_NO_RANGE);
    }
    return judge_length(question, 0, total, problem);
}

static struct ruling judge_trouble(const struct head *head, struct buf *problem)
{
    int64_t retry_after_s = head_retry_after_s(head);

    buf_set(problem, "answered %d", head->status);
    if ((head->status == 429 || head->status == 503) && retry_after_s >= 0) {
        buf_printf(problem, " (retry after %" PRId64 " s)", retry_after_s);
        return (struct ruling){.judgement = JUDGE_BUSY, .total_bytes = -1, .retry_after_s = retry_after_s};
    }
    if (head->status == 408 || head->status / 100 == 5)
        return ruled(JUDGE_TROUBLE);
    return ruled(JUDGE_USELESS);
}

struct ruling judge_head(const struct question *question, const struct head *head, struct buf *problem)
{
    switch (head->status) {
    case 200:
    case 206:
        if (!question->document && !head_identity(head)) {
            buf_set(problem, "sent it in the content encoding \"%.40s\", which was not asked for",
                    head->content_encoding);
            return ruled(JUDGE_USELESS);
        }
        return head->status == 200 ? judge_whole(question, head, problem)
                                   : judge_part(question, head, problem);
    case 304:
        if (question->validated)
            return ruled(JUDGE_NOT_MODIFIED);
        buf_set(problem, "answered 304 to a request without validators");
        return ruled(JUDGE_USELESS);
    case 401:
        buf_set(problem, "answered 401");
        return ruled(question->authorizable ? JUDGE_CHALLENGED : JUDGE_USELESS);
    case 404:
    case 410:
        buf_set(problem, "answered %d", head->status);
        return ruled(JUDGE_ABSENT);
    case 416:
        buf_set(problem, "answered 416 to the bytes from %" PRId64 " on", question->offset);
        return ruled(question->ranged ? JUDGE_NO_RANGE : JUDGE_USELESS);
    case 400:
    case 405:
    case 501:
        /* A server that does not know HEAD has nothing to say to it; who must know asks again by GET. */
        if (question->head) {
            buf_set(problem, "answered %d to HEAD", head->status);
            return ruled(JUDGE_ABSENT);
        }
        return judge_trouble(head, problem);
    default:
        return judge_trouble(head, problem);
    }
}
