/* One request for a token, to the token server that a registry named: an ordinary exchange, under the
 * redirect policy and the time-outs of the upstream, whose answer is read and judged here. Fetch thread
 * only. */
#ifndef UPSTREAMS_TOKEN_REQUEST_H
#define UPSTREAMS_TOKEN_REQUEST_H

#include <stdint.h>

struct buf;
struct exchanges;
struct token_request;
struct upstream;

enum token_outcome {
    TOKEN_GRANTED,
    TOKEN_DENIED,  /* without credentials there is no token, or not for this repository */
    TOKEN_TROUBLE, /* may go better in a moment */
    TOKEN_USELESS, /* will not go better in a moment */
};

struct token_answer {
    enum token_outcome outcome;
    char *token;        /* GRANTED; the receiver may take it */
    int64_t lifetime_s; /* GRANTED; counted from the time of the request */
    /* Otherwise the end of a sentence, with the action to take; it holds neither token nor password. */
    const char *problem;
};

/* The last call, made outside of curl; the request is freed already. Strings live as long as the call. */
typedef void token_done_fn(void *owner, struct token_answer *answer);

/* Asks `url`, with the user name and password of the upstream if it has any. The upstream must outlive the
 * request. Returns the request; or NULL, with the end of a sentence in `problem`, when the policy refuses
 * the URL. */
struct token_request *token_request_start(struct exchanges *exchanges, struct upstream *upstream,
                                          const char *url, token_done_fn *done, void *owner,
                                          struct buf *problem);
/* Ends it without done(). */
void token_request_drop(struct token_request *request);

/* The value of an Authorization header with the user name and password of the upstream, heap memory to be
 * freed by free_secret(); NULL when it has none. */
char *token_basic_credentials(const struct upstream *upstream);

#endif
