/* The credentials that questions to registries are sent with: one token, or user name and password, for each upstream
 * and scope. Owned by the fetch thread; only it calls here.
 *
 * A question has a *authorization*. tokens_get() before the request, tokens_challenged() after a 401 to it; where they say
 * AUTH_WAIT, tokens_next() hands the pass out when the token, or its failure, is there. As with lanes, nothing is called
 * back.
 *
 *     tokens_get ─► READY: ask, with authorization->header or, if that is NULL, without ─► 401 ─► tokens_challenged
 *         │                                                  ▲                                     │        │
 *         └─► WAIT ─► tokens_next ─► READY ──────────────────┤◄──────── READY, WAIT ◄──────────────┘        │
 *                          └───────► DENIED, TROUBLE, USELESS: authorization->problem tells ◄────────────────────────┘
 *
 * However many wait for a token, it is asked for once. It is used until shortly before it runs out, by the monotonic
 * clock; then a new one is asked for as the last challenge said, without another 401. A challenge to a token that was
 * taken from here throws that one away; who is challenged twice for one question should take that as a denial.
 *
 * Token requests take no place in the lanes of the fetches: they have lanes of their own, in which only they wait for
 * each other. So a fetch may wait for a token in whatever place it holds.
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
#define TOKEN_IDLE_MS (3600 * 1000) /* what nobody used for so long may go */

enum authorization_state {
    AUTH_READY,
    AUTH_WAIT,
    AUTH_DENIED,  /* with these credentials, or without any, there is no access */
    AUTH_TROUBLE, /* may go better in a moment */
    AUTH_USELESS, /* will not go better in a moment */
};

/* Lies in the structure that asks. Begins as zeros and authorization_init(). */
struct authorization {
    enum authorization_state state;
    char *header;       /* READY: the header to send; NULL: none */
    uint64_t number;    /* of that token; 0: none */
    int64_t until_ms;   /* monotonic: it can be relied upon so long */
    struct buf problem; /* DENIED, TROUBLE, USELESS: the end of a sentence, without secrets */

    /* of tokens.c, while WAIT */
    struct token *token; /* NULL: ready to be handed out */
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

/* Before a question: READY or WAIT. What the pass held before is void. */
enum authorization_state tokens_get(struct tokens *tokens, struct authorization *authorization,
                                    struct upstream *upstream, const char *scope);
/* After a 401 to a question that was sent with this authorization; `challenge` is its WWW-Authenticate. Never READY with what
 * was sent. */
enum authorization_state tokens_challenged(struct tokens *tokens, struct authorization *authorization,
                                           struct upstream *upstream, const char *scope,
                                           const char *challenge);
/* The next pass whose wait has ended, or NULL. Starts token requests whose turn has come. */
struct authorization *tokens_next(struct tokens *tokens);
/* Ends a wait, if there is one. A token that nobody waits for any more is not asked for any further. */
void tokens_leave(struct tokens *tokens, struct authorization *authorization);

#endif
