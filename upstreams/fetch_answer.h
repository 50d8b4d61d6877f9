/* A copy of the head of the content at hand, for the sink's begin() and finish(). */
#ifndef UPSTREAMS_FETCH_ANSWER_H
#define UPSTREAMS_FETCH_ANSWER_H

#include <stdint.h>

#include "upstreams/fetch.h"

struct head;

struct answer_copy {
    struct upstream *upstream; /* not referenced; NULL: no answer yet */
    char *url;
    char *content_type;
    char *etag;
    char *last_modified;
    char *digest;
    char *link;
    int64_t total_bytes;
};

void answer_keep(struct answer_copy *copy, struct upstream *upstream, const struct head *head,
                 const char *url, int64_t total_bytes);
void answer_release(struct answer_copy *copy);
/* Valid as long as the copy. */
struct fetch_answer answer_show(const struct answer_copy *copy);

#endif
