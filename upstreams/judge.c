/* Statuses and lengths by RFC 9110. Servers are not trusted to follow it: some ignore a range, answer
 * another one, answer in several parts, compress unasked, or send 304 to a request without validators.
 * curl reports success for all of these, so each is caught here, before a byte of the body is taken. */
#include "upstreams/judge.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "upstreams/head.h"

static struct judgement judgement_of(enum judgement_kind judgement)
{
    return (struct judgement){.kind = judgement, .total_bytes = -1};
}

/* The length of a good answer against the known one and the limit. A length we know stays valid where the
 * answer has none. */
static struct judgement judge_length(const struct fetch_request *request, int64_t skip_bytes,
                                     int64_t total_bytes, struct buf *problem)
{
    if (total_bytes >= 0 && request->total_bytes >= 0 && total_bytes != request->total_bytes) {
        buf_set(problem, "has %" PRId64 " bytes where %" PRId64 " are expected", total_bytes,
                request->total_bytes);
        return judgement_of(JUDGE_MISMATCH);
    }
    if (total_bytes < 0)
        total_bytes = request->total_bytes;
    if (request->max_bytes >= 0 && total_bytes > request->max_bytes) {
        buf_set(problem, "has %" PRId64 " bytes, more than the limit of %" PRId64, total_bytes,
                request->max_bytes);
        return judgement_of(JUDGE_TOO_LARGE);
    }
    return (struct judgement){.kind = JUDGE_GOOD, .skip_bytes = skip_bytes, .total_bytes = total_bytes};
}

/* 200: the object from its first byte. */
static struct judgement judge_whole(const struct fetch_request *request, const struct head *head,
                                    struct buf *problem)
{
    int64_t total_bytes = head_identity(head) ? head->content_length : -1;

    /* A connection that breaks looks like one that ends. The digest would tell, but a blob without one
     * would be kept cut. */
    if (!request->document && !request->head && total_bytes < 0 && !head->chunked &&
        request->total_bytes < 0) {
        buf_set(problem, "sent a body without any length, so that a cut could not be noticed");
        return judgement_of(JUDGE_USELESS);
    }
    return judge_length(request, request->offset, total_bytes, problem);
}

/* 206: exactly from the byte that was asked for up to the end, or the parts would not join. */
static struct judgement judge_part(const struct fetch_request *request, const struct head *head,
                                   struct buf *problem)
{
    int64_t first;
    int64_t last;
    int64_t total;

    if (!request->ranged) {
        buf_set(problem, "answered 206 to a request without a range");
        return judgement_of(JUDGE_USELESS);
    }
    if (head_content_range(head, &first, &last, &total) < 0 || first != request->offset ||
        last != total - 1 || (head->content_length >= 0 && head->content_length != last - first + 1)) {
        buf_set(problem, "sent the range \"%.80s\" where the bytes from %" PRId64 " on were asked for",
                head->content_range, request->offset);
        return judgement_of(JUDGE_NO_RANGE);
    }
    /* If-Range should have made this a 200; some servers know Range but not If-Range. */
    if (request->if_range && *head->etag && strcmp(head->etag, request->if_range) != 0) {
        buf_set(problem, "has another version of it now");
        return judgement_of(JUDGE_NO_RANGE);
    }
    return judge_length(request, 0, total, problem);
}

static struct judgement judge_trouble(const struct head *head, struct buf *problem)
{
    int64_t retry_after_s = head_retry_after_s(head);

    buf_set(problem, "answered %d", head->status);
    if ((head->status == 429 || head->status == 503) && retry_after_s >= 0) {
        buf_printf(problem, " (retry after %" PRId64 " s)", retry_after_s);
        return (struct judgement){.kind = JUDGE_BUSY, .total_bytes = -1, .retry_after_s = retry_after_s};
    }
    if (head->status == 408 || head->status / 100 == 5)
        return judgement_of(JUDGE_TROUBLE);
    return judgement_of(JUDGE_USELESS);
}

struct judgement judge_head(const struct fetch_request *request, const struct head *head, struct buf *problem)
{
    switch (head->status) {
    case 200:
    case 206:
        if (!request->document && !head_identity(head)) {
            buf_set(problem, "sent it in the content encoding \"%.40s\", which was not asked for",
                    head->content_encoding);
            return judgement_of(JUDGE_USELESS);
        }
        return head->status == 200 ? judge_whole(request, head, problem) : judge_part(request, head, problem);
    case 304:
        if (request->validated)
            return judgement_of(JUDGE_NOT_MODIFIED);
        buf_set(problem, "answered 304 to a request without validators");
        return judgement_of(JUDGE_USELESS);
    case 401:
        buf_set(problem, "answered 401");
        return judgement_of(request->authorizable ? JUDGE_CHALLENGED : JUDGE_USELESS);
    case 404:
    case 410:
        buf_set(problem, "answered %d", head->status);
        return judgement_of(JUDGE_ABSENT);
    case 416:
        buf_set(problem, "answered 416 to the bytes from %" PRId64 " on", request->offset);
        return judgement_of(request->ranged ? JUDGE_NO_RANGE : JUDGE_USELESS);
    case 400:
    case 405:
    case 501:
        /* A server that does not support HEAD says nothing about the object; a caller that must know asks
         * again by GET. */
        if (request->head) {
            buf_set(problem, "answered %d to HEAD", head->status);
            return judgement_of(JUDGE_ABSENT);
        }
        return judge_trouble(head, problem);
    default:
        return judge_trouble(head, problem);
    }
}
