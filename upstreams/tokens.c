/* Owns the tokens, in a table by upstream and scope. On the fetch thread.
 *
 *             challenge             slot granted
 *   (none) ─────────────► QUEUED ──────────────────► REQUESTED
 *     ▲                     ▲                          │    │
 *     │ evicted             │ run out, or              │    │ failed, or nobody waits any more
 *     │                     │ challenged again         │    └─► (none)
 *     └──────── HELD ───────┘                          │
 *                 ▲                                    │
 *                 └─────────────── granted ────────────┘
 *
 * A token is QUEUED or REQUESTED only while somebody waits for it, which bounds those. Failures are not
 * kept: the next fetch begins without credentials, as the registry may name another token server by then.
 *
 * The key holds the serial number of the upstream, not a reference: a reload replaces upstreams,
 * and nothing here keeps an old one alive, or mistakes a new one in the same memory for it. Tokens of old
 * ones are not used again, and get evicted. */
#include "upstreams/tokens.h"

#include <inttypes.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "formats/url.h"
#include "upstreams/challenge.h"
#include "upstreams/slots.h"
#include "upstreams/token_request.h"
#include "upstreams/upstream.h"

/* A token is renewed this long before it runs out, or a quarter of its lifetime if that is less: it must
 * outlast the request that it is sent with, and 60 s is the default lifetime. */
#define MARGIN_MS (30 * 1000)
#define MARGIN_SHARE 4

struct token {
    char *key; /* serial number of the upstream, scope */
    char *scope;
    struct tokens *tokens;
    struct challenge challenge; /* the last one */
    int64_t used_ms;

    /* HELD */
    char *authorization; /* NULL: not held */
    uint64_t number;
    int64_t until_ms;

    /* QUEUED or REQUESTED */
    struct upstream *upstream; /* referenced; NULL: neither */
    struct slot slot;
    struct token_request *request; /* NULL: QUEUED */
    int64_t asked_ms;
    struct authorization_list waiting;

    UT_hash_handle hh;
    TAILQ_ENTRY(token) used_entry;
};
TAILQ_HEAD(token_list, token);

struct tokens {
    struct exchanges *exchanges;
    struct slots slots;
    struct token *table;
    struct token_list used; /* all, the least recently used first */
    uint64_t last_number;
    struct authorization_list ready;
};

/* ---- authorizations ---- */

void authorization_init(struct authorization *authorization)
{
    *authorization = (struct authorization){0};
    buf_init(&authorization->problem);
}

static void authorization_clear(struct authorization *authorization)
{
    CHECK(!authorization->listed);
    free_secret(authorization->header);
    authorization->header = NULL;
    authorization->number = 0;
    buf_reset(&authorization->problem);
}

bool authorization_good(const struct authorization *authorization)
{
    return authorization->state == AUTH_READY && authorization->header &&
           clock_mono_ms() < authorization->until_ms;
}

void authorization_release(struct authorization *authorization)
{
    authorization_clear(authorization);
    buf_release(&authorization->problem);
}

static enum authorization_state authorization_grant(struct authorization *authorization,
                                                    const struct token *token)
{
    authorization->state = AUTH_READY;
    authorization->header = xstrdup(token->authorization);
    authorization->number = token->number;
    authorization->until_ms = token->until_ms;
    return AUTH_READY;
}

static enum authorization_state authorization_fail(struct authorization *authorization,
                                                   enum authorization_state state, const char *problem)
{
    authorization->state = state;
    buf_set(&authorization->problem, "%s", problem);
    return state;
}

/* ---- the table ---- */

static char *token_key(const struct upstream *upstream, const char *scope)
{
    return xasprintf("%" PRIu64 " %s", upstream_serial(upstream), scope);
}

static struct token *tokens_find(struct tokens *tokens, const struct upstream *upstream, const char *scope)
{
    char *CLEANUP_FREE key = token_key(upstream, scope);
    struct token *token;

    HASH_FIND_STR(tokens->table, key, token);
    if (!token)
        return NULL;
    token->used_ms = clock_mono_ms();
    TAILQ_REMOVE(&tokens->used, token, used_entry);
    TAILQ_INSERT_TAIL(&tokens->used, token, used_entry);
    return token;
}

static void token_forget(struct token *token)
{
    struct tokens *tokens = token->tokens;

    CHECK(!token->upstream && TAILQ_EMPTY(&token->waiting));
    HASH_DEL(tokens->table, token);
    TAILQ_REMOVE(&tokens->used, token, used_entry);
    challenge_release(&token->challenge);
    free_secret(token->authorization);
    free(token->key);
    free(token->scope);
    free(token);
}

/* Drops tokens that are idle, or the least recently used ones when the table is full. Those that somebody
 * waits for stay: there are no more of them than fetches. */
static void tokens_evict(struct tokens *tokens)
{
    int64_t idle_since_ms = clock_mono_ms() - TOKEN_IDLE_MS;
    struct token *next;

    for (struct token *token = TAILQ_FIRST(&tokens->used); token; token = next) {
        next = TAILQ_NEXT(token, used_entry);
        if (HASH_COUNT(tokens->table) < TOKENS_MAX && token->used_ms > idle_since_ms)
            return;
        if (!token->upstream)
            token_forget(token);
    }
}

static struct token *tokens_find_or_add(struct tokens *tokens, const struct upstream *upstream,
                                        const char *scope)
{
    struct token *token = tokens_find(tokens, upstream, scope);

    if (token)
        return token;
    tokens_evict(tokens);
    token = xcalloc(1, sizeof(*token));
    token->tokens = tokens;
    token->key = token_key(upstream, scope);
    token->scope = xstrdup(scope);
    token->used_ms = clock_mono_ms();
    TAILQ_INIT(&token->waiting);
    HASH_ADD_KEYPTR(hh, tokens->table, token->key, strlen(token->key), token);
    TAILQ_INSERT_TAIL(&tokens->used, token, used_entry);
    return token;
}

struct tokens *tokens_new(struct exchanges *exchanges)
{
    struct tokens *tokens = xcalloc(1, sizeof(*tokens));

    tokens->exchanges = exchanges;
    slots_init(&tokens->slots);
    TAILQ_INIT(&tokens->used);
    TAILQ_INIT(&tokens->ready);
    return tokens;
}

void tokens_free(struct tokens *tokens)
{
    struct token *token;

    CHECK(TAILQ_EMPTY(&tokens->ready));
    while ((token = TAILQ_FIRST(&tokens->used)))
        token_forget(token);
    free(tokens);
}

/* ---- requests ---- */

static bool token_is_held(const struct token *token)
{
    return token->authorization && clock_mono_ms() < token->until_ms;
}

static void token_hold(struct token *token, char *authorization, int64_t until_ms)
{
    free_secret(token->authorization);
    token->authorization = authorization;
    token->number = ++token->tokens->last_number;
    token->until_ms = until_ms;
}

/* From QUEUED or REQUESTED. */
static void token_end_request(struct token *token)
{
    if (token->request)
        token_request_drop(take_ptr(&token->request));
    slots_give_back(&token->tokens->slots, &token->slot);
    upstream_unref(take_ptr(&token->upstream));
}

/* Hands the result to all that wait. A failed token is dropped. */
static void token_settle(struct token *token, enum authorization_state state, const char *problem)
{
    struct authorization *authorization;

    token_end_request(token);
    while ((authorization = TAILQ_FIRST(&token->waiting))) {
        TAILQ_REMOVE(&token->waiting, authorization, entry);
        TAILQ_INSERT_TAIL(&token->tokens->ready, authorization, entry);
        authorization->token = NULL;
        if (state == AUTH_READY)
            authorization_grant(authorization, token);
        else
            authorization_fail(authorization, state, problem);
    }
    if (state != AUTH_READY)
        token_forget(token);
}

static void token_on_answer(void *owner, struct token_answer *answer)
{
    static const enum authorization_state states[] = {
        [TOKEN_GRANTED] = AUTH_READY,
        [TOKEN_DENIED] = AUTH_DENIED,
        [TOKEN_TROUBLE] = AUTH_TROUBLE,
        [TOKEN_USELESS] = AUTH_USELESS,
    };
    struct token *token = owner;

    token->request = NULL;
    if (answer->outcome == TOKEN_GRANTED) {
        int64_t lifetime_ms = answer->lifetime_s * 1000;
        int64_t margin_ms = lifetime_ms / MARGIN_SHARE < MARGIN_MS ? lifetime_ms / MARGIN_SHARE : MARGIN_MS;
        token_hold(token, xasprintf("Bearer %s", answer->token), token->asked_ms + lifetime_ms - margin_ms);
    }
    token_settle(token, states[answer->outcome], answer->problem);
}

/* Its slot has come. The scope is the one the registry named, if it did: it knows under which name it
 * keeps the repository, and the token goes to that registry only. */
static void token_send_request(struct token *token)
{
    struct buf CLEANUP_BUF url = BUF_INIT;
    struct buf CLEANUP_BUF why = BUF_INIT;
    struct buf CLEANUP_BUF problem = BUF_INIT;

    challenge_token_url(&token->challenge, token->challenge.scope ? NULL : token->scope, &url);
    token->asked_ms = clock_mono_ms();
    token->request = token_request_start(token->tokens->exchanges, token->upstream, url.data, token_on_answer,
                                         token, &why);
    if (token->request)
        return;
    buf_printf(&problem, "names a token server that cannot be asked: %s", why.data);
    token_settle(token, AUTH_USELESS, problem.data);
}

/* The authorization is queued first, since the request may fail at once. */
static enum authorization_state token_wait(struct token *token, struct authorization *authorization,
                                           struct upstream *upstream)
{
    authorization->state = AUTH_WAIT;
    authorization->token = token;
    authorization->listed = true;
    TAILQ_INSERT_TAIL(&token->waiting, authorization, entry);
    if (token->upstream)
        return AUTH_WAIT;
    token->upstream = upstream_ref(upstream);
    if (slots_take(&token->tokens->slots, &token->slot, upstream, false, false))
        token_send_request(token);
    return AUTH_WAIT;
}

/* ---- challenges ---- */

/* Says which realm was refused, and why. The text is the registry's: only scheme and host are shown. */
static void realm_describe_refusal(const char *realm, const struct upstream *upstream, struct buf *problem)
{
    bool upstream_https = strncasecmp(upstream_get_options(upstream)->base_url, "https:", 6) == 0;
    struct url url;

    if (url_split(realm, strlen(realm), &url) < 0) {
        buf_set(problem, "names a token server whose URL is not usable");
        return;
    }
    int len = (int)url.host.len;
    buf_set(problem, "names the token server %s://%.*s, ", url.https ? "https" : "http", len, url.host.text);
    if (upstream_https && !url.https)
        buf_add_text(problem, "which would be asked without encryption");
    else if (memchr(url.authority.text, '@', url.authority.len))
        buf_add_text(problem, "with a user name in its URL");
    else
        buf_printf(problem, "which is not in its domain: add realm = %.*s to allow it", len, url.host.text);
}

/* A new token is wanted, and has not been requested yet. */
static enum authorization_state token_meet_bearer(struct token *token, struct authorization *authorization,
                                                  struct upstream *upstream)
{
    const struct upstream_options *options = upstream_get_options(upstream);
    struct buf CLEANUP_BUF problem = BUF_INIT;

    if (challenge_realm_allowed(token->challenge.realm, options->base_url, options->realms,
                                options->realm_count))
        return token_wait(token, authorization, upstream);
    realm_describe_refusal(token->challenge.realm, upstream, &problem);
    token_forget(token);
    return authorization_fail(authorization, AUTH_USELESS, problem.data);
}

static enum authorization_state token_meet_basic(struct token *token, struct authorization *authorization,
                                                 const struct upstream *upstream, bool sent_before)
{
    char *credentials = token_basic_credentials(upstream);

    if (credentials && !sent_before) {
        /* Basic credentials do not run out; a 401 to them is a denial. */
        token_hold(token, credentials, INT64_MAX);
        return authorization_grant(authorization, token);
    }
    token_forget(token);
    if (!credentials)
        return authorization_fail(
            authorization, AUTH_DENIED,
            "wants a username and password, and this upstream has none in the configuration");
    free_secret(credentials);
    return authorization_fail(authorization, AUTH_DENIED,
                              "answered 401 to username and password of this upstream in the configuration");
}

enum authorization_state tokens_challenged(struct tokens *tokens, struct authorization *authorization,
                                           struct upstream *upstream, const char *scope,
                                           const char *challenge)
{
    struct token *token = tokens_find_or_add(tokens, upstream, scope);
    uint64_t sent = authorization->number;
    bool sent_basic = authorization->header && strncmp(authorization->header, "Basic ", 6) == 0;
    struct challenge told;

    authorization_clear(authorization);
    if (token->upstream)
        return token_wait(token, authorization, upstream);
    if (token_is_held(token) && token->number != sent)
        return authorization_grant(authorization, token); /* another fetch got it in the meantime */
    free_secret(take_ptr(&token->authorization));
    challenge_parse(challenge, &told);
    /* A 401 without a usable challenge leaves the last one in force. */
    if (told.scheme == CHALLENGE_NONE) {
        challenge_release(&told);
    } else {
        challenge_release(&token->challenge);
        token->challenge = told;
    }
    switch (token->challenge.scheme) {
    case CHALLENGE_BEARER:
        return token_meet_bearer(token, authorization, upstream);
    case CHALLENGE_BASIC:
        return token_meet_basic(token, authorization, upstream, sent_basic);
    case CHALLENGE_NONE:
        break;
    }
    token_forget(token);
    return authorization_fail(authorization, AUTH_USELESS,
                              "answered 401, and does not say how to log in (WWW-Authenticate)");
}

enum authorization_state tokens_get(struct tokens *tokens, struct authorization *authorization,
                                    struct upstream *upstream, const char *scope)
{
    struct token *token = tokens_find(tokens, upstream, scope);

    authorization_clear(authorization);
    if (token && token_is_held(token))
        return authorization_grant(authorization, token);
    if (token) /* it was granted once, so its challenge was allowed: no need for another 401 */
        return token_wait(token, authorization, upstream);
    authorization->state = AUTH_READY;
    return AUTH_READY;
}

/* ---- waiting ---- */

struct authorization *tokens_next(struct tokens *tokens)
{
    struct slot *slot;
    struct authorization *authorization;

    while ((slot = slots_next(&tokens->slots)))
        token_send_request((struct token *)(void *)((char *)slot - offsetof(struct token, slot)));
    authorization = TAILQ_FIRST(&tokens->ready);
    if (authorization) {
        TAILQ_REMOVE(&tokens->ready, authorization, entry);
        authorization->listed = false;
    }
    return authorization;
}

void tokens_leave(struct tokens *tokens, struct authorization *authorization)
{
    struct token *token = authorization->token;

    if (!authorization->listed)
        return;
    authorization->listed = false;
    authorization->token = NULL;
    TAILQ_REMOVE(token ? &token->waiting : &tokens->ready, authorization, entry);
    if (token && TAILQ_EMPTY(&token->waiting)) {
        token_end_request(token);
        token_forget(token);
    }
}
