/* Asking the Yizhan one request and waiting for the answer, while the report ticks. */
#ifndef ADMIN_PREFETCH_ASK_H
#define ADMIN_PREFETCH_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct http_client_request;
struct prefetch;

/* A copy of struct http_client_answer, which lives no longer than a callback. */
struct reply {
    int status; /* 0: none */
    struct buf body;
    struct buf trouble;
    char *content_type;
    char *digest;
};
#define REPLY_INIT                            \
    {                                         \
        .body = BUF_INIT, .trouble = BUF_INIT \
    }
#define CLEANUP_REPLY __attribute__((cleanup(reply_release)))
void reply_release(struct reply *reply);

/* `out` is overwritten. With options->held_only nothing is fetched for it: 504 when it is not held. */
void prefetch_ask(struct prefetch *prefetch, const struct http_client_request *request, struct reply *out);

/* For requests whose answers are waited for elsewhere: steps the client once. False when the run is to
 * stop: the client is gone then, so that no answer comes to memory of the caller's that may be gone too. */
bool prefetch_step(struct prefetch *prefetch);

#endif
