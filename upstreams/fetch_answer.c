/* The copy of a head that the sink sees in begin() and finish(): the head itself goes with its exchange,
 * before a continued blob or a decision of the sink comes to finish(). */
#include "base/memory.h"
#include "upstreams/fetch_private.h"
#include "upstreams/head.h"

void fetch_answer_keep(struct answer_copy *copy, struct upstream *upstream, const struct head *head,
                       const char *url, int64_t total_bytes)
{
    fetch_answer_release(copy);
    copy->upstream = upstream;
    copy->url = xstrdup(url);
    copy->content_type = xstrdup(head->content_type);
    copy->etag = xstrdup(head->etag);
    copy->last_modified = xstrdup(head->last_modified);
    copy->digest = xstrdup(head->docker_content_digest);
    copy->link = xstrdup(head->link);
    copy->total_bytes = total_bytes;
}

void fetch_answer_release(struct answer_copy *copy)
{
    free(copy->url);
    free(copy->content_type);
    free(copy->etag);
    free(copy->last_modified);
    free(copy->digest);
    free(copy->link);
    *copy = (struct answer_copy){0};
}

struct fetch_answer fetch_answer_show(const struct answer_copy *copy)
{
    return (struct fetch_answer){
        .upstream = copy->upstream,
        .url = copy->url,
        .content_type = copy->content_type,
        .etag = copy->etag,
        .last_modified = copy->last_modified,
        .digest = copy->digest,
        .link = copy->link,
        .total_bytes = copy->total_bytes,
    };
}
