/* The authorization of requests to registries: one token, or user name and password, for each upstream and
 * scope. Owned by the fetch thread, which makes all calls.
 *
 * A fetch has a struct authorization. It calls tokens_get() before a request and tokens_challenged() after
 * a 401 to it. Where these return AUTH_WAIT, tokens_next() hands the authorization out when the token, or
 * its failure, is there. As with slots there are no callbacks.
 *
 *   tokens_get ─► READY: send, with authorization->header unless NULL ─► 401 ─► tokens_challenged
 *       │                                        ▲                                │        │
 *       └─► WAIT ─► tokens_next ─► READY ────────┤◄──────── READY, WAIT ◄─────────┘        │
 *                        └───────► DENIED, TROUBLE, USELESS: see ->problem ◄──────────────┘
 *
 * However many fetches wait for a token, it is requested once. It is used until shortly before it runs
 * out, by the monotonic clock; then a new one is requested as the last challenge said, without another
 * 401. A challenge to a token from here drops that token; a fetch that is challenged twice for one request
 * should take that as a denial.
 *
 * Token requests have slots of their own, in which they wait only for each other. So a fetch may wait for
 * a token whatever slot it holds.
 *
 * Specification: Docker Registry v2 "Token Authentication"; RFC 7617 for Basic. */
#ifndef UPSTREAMS_TOKENS_H
#define UPSTREAMS_TOKENS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"

struct exchanges;
struct token;
struct tokens;
struct upstream;

#define TOKENS_MAX 2048
#define TOKEN_IDLE_MS (3600 * 1000) /* a token that nobody used for this long may be dropped */

enum authorization_state {
    AUTH_READY,
    AUTH_WAIT,
    AUTH_DENIED,  /* these credentials, or having none, give no access */
    AUTH_TROUBLE, /* may go better in a moment */
    AUTH_USELESS, /* will not go better in a moment */
};

/* Part of the structure that asks. Begins as zeros and authorization_init(). */
struct authorization {
    enum authorization_state state;
    char *header;       /* READY: the value to send; NULL: send none */
    uint64_t number;    /* the number of the token in it; 0: none */
    int64_t until_ms;   /* monotonic: the token is good until then */
    struct buf problem; /* DENIED, TROUBLE, USELESS: the end of a sentence, without secrets */

    /* owned by tokens.c, while WAIT */
    struct token *token; /* NULL: settled, to be handed out */
    bool listed;
    TAILQ_ENTRY(authorization) entry;
};
TAILQ_HEAD(authorization_list, authorization);

void authorization_init(struct authorization *authorization);
/* READY, with something to send that has not run out. */
bool authorization_good(const struct authorization *authorization);
/* It must not be waiting. */
void authorization_release(struct authorization *authorization);

struct tokens *tokens_new(struct exchanges *exchanges);
/* Nobody may be waiting. */
void tokens_free(struct tokens *tokens);

/* Before a request: READY or WAIT. Drops what the authorization held. */
enum authorization_state tokens_get(struct tokens *tokens, struct authorization *authorization,
                                    struct upstream *upstream, const char *scope);
/* After a 401 to a request that was sent with this authorization; `challenge` is its WWW-Authenticate.
 * Never READY with what was sent. */
enum authorization_state tokens_challenged(struct tokens *tokens, struct authorization *authorization,
                                           struct upstream *upstream, const char *scope,
                                           const char *challenge);
/* The next authorization whose wait is over, or NULL. Starts the token requests whose turn has come. */
struct authorization *tokens_next(struct tokens *tokens);
/* Ends a wait, if there is one. The request for a token that nobody waits for is dropped. */
void tokens_leave(struct tokens *tokens, struct authorization *authorization);

#endif
