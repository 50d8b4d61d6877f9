/* Owns what is known of credentials, in a table by upstream and scope. Runs on the fetch thread.
 *
 *             challenge                place in the token lane
 *   (none) ─────────────► IN LINE ─────────────────────────────► REQUESTED
 *     ▲                    ▲                                      │    │
 *     │ evicted            │ run out, or challenged again         │    │ failed, or everybody left
 *     └──────── HELD ◄─────┴──────────────── granted ◄────────────┘    └─► (none)
 *
 * A token is IN LINE or REQUESTED while, and only while, somebody waits for it. Failures are not kept: the next one who
 * asks begins without credentials, as the registry may name another token server by then. Upstreams are known by their
 * serial numbers, so that one which a reload has replaced is kept by nobody here; what belongs to it grows old. */
#include "upstreams/tokens.h"

#include <inttypes.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "formats/url.h"
#include "upstreams/challenge.h"
#include "upstreams/lanes.h"
#include "upstreams/token_request.h"
#include "upstreams/upstream.h"

#define MARGIN_MS (30 * 1000)
#define MARGIN_SHARE 4 /* or a quarter of the lifetime */

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

    /* IN LINE or REQUESTED */
    struct upstream *upstream; /* referenced; NULL: neither */
    struct ticket ticket;
    struct token_request *request; /* NULL: IN LINE */
    int64_t asked_ms;
    struct pass_list waiting;

    UT_hash_handle hh;
    TAILQ_ENTRY(token) used_entry;
};
TAILQ_HEAD(token_list, token);

struct tokens {
    struct exchanges *exchanges;
    struct lanes lanes;
    struct token *table;
    struct token_list used; /* all, the least recently used first */
    uint64_t last_number;
    struct pass_list ready;
};

/* ---- passes ---- */

void pass_init(struct pass *pass)
{
    *pass = (struct pass){0};
    buf_init(&pass->problem);
}

static void pass_clear(struct pass *pass)
{
    CHECK(!pass->listed);
    free_secret(pass->authorization);
    pass->authorization = NULL;
    pass->number = 0;
    buf_reset(&pass->problem);
}

bool pass_good(const struct pass *pass)
{
    return pass->state == PASS_READY && pass->authorization && clock_mono_ms() < pass->until_ms;
}

void pass_release(struct pass *pass)
{
    pass_clear(pass);
    buf_release(&pass->problem);
}

static enum pass_state pass_ready(struct pass *pass, const struct token *token)
{
    pass->state = PASS_READY;
    pass->authorization = xstrdup(token->authorization);
    pass->number = token->number;
    pass->until_ms = token->until_ms;
    return PASS_READY;
}

static enum pass_state pass_wait(struct pass *pass, struct token *token)
{
    pass->state = PASS_WAIT;
    pass->token = token;
    pass->listed = true;
    TAILQ_INSERT_TAIL(&token->waiting, pass, entry);
    return PASS_WAIT;
}

static enum pass_state pass_fail(struct pass *pass, enum pass_state state, const char *problem)
{
    pass->state = state;
    buf_set(&pass->problem, "%s", problem);
    return state;
}

/* ---- the table ---- */

static char *key_of(const struct upstream *upstream, const char *scope)
{
    return xasprintf("%" PRIu64 " %s", upstream_serial(upstream), scope);
}

static struct token *find(struct tokens *tokens, const struct upstream *upstream, const char *scope)
{
    char *CLEANUP_FREE key = key_of(upstream, scope);
    struct token *token;

    HASH_FIND_STR(tokens->table, key, token);
    if (!token)
        return NULL;
    token->used_ms = clock_mono_ms();
    TAILQ_REMOVE(&tokens->used, token, used_entry);
    TAILQ_INSERT_TAIL(&tokens->used, token, used_entry);
    return token;
}

static void forget(struct token *token)
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

/* Those that are waited for stay: there are no more of them than fetches. */
static void make_room(struct tokens *tokens)
{
    int64_t idle_since_ms = clock_mono_ms() - TOKEN_IDLE_MS;
    struct token *next;

    for (struct token *token = TAILQ_FIRST(&tokens->used); token; token = next) {
        next = TAILQ_NEXT(token, used_entry);
        if (HASH_COUNT(tokens->table) < TOKENS_MAX && token->used_ms > idle_since_ms)
            return;
        if (!token->upstream)
            forget(token);
    }
}

static struct token *find_or_add(struct tokens *tokens, const struct upstream *upstream, const char *scope)
{
    struct token *token = find(tokens, upstream, scope);

    if (token)
        return token;
    make_room(tokens);
    token = xcalloc(1, sizeof(*token));
    token->tokens = tokens;
    token->key = key_of(upstream, scope);
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
    lanes_init(&tokens->lanes);
    TAILQ_INIT(&tokens->used);
    TAILQ_INIT(&tokens->ready);
    return tokens;
}

void tokens_free(struct tokens *tokens)
{
    struct token *token;

    CHECK(TAILQ_EMPTY(&tokens->ready));
    while ((token = TAILQ_FIRST(&tokens->used)))
        forget(token);
    free(tokens);
}

/* ---- requests ---- */

static bool is_held(const struct token *token)
{
    return token->authorization && clock_mono_ms() < token->until_ms;
}

static void hold(struct token *token, char *authorization, int64_t until_ms)
{
    free_secret(token->authorization);
    token->authorization = authorization;
    token->number = ++token->tokens->last_number;
    token->until_ms = until_ms;
}

/* From IN LINE or REQUESTED. */
static void end_request(struct token *token)
{
    if (token->request)
        token_request_drop(take_ptr(&token->request));
    lanes_leave(&token->tokens->lanes, &token->ticket);
    upstream_unref(take_ptr(&token->upstream));
}

/* Everybody who waits can be handed out now. A failed token is forgotten. */
static void settle(struct token *token, enum pass_state state, const char *problem)
{
    struct pass *pass;

    end_request(token);
    while ((pass = TAILQ_FIRST(&token->waiting))) {
        TAILQ_REMOVE(&token->waiting, pass, entry);
        TAILQ_INSERT_TAIL(&token->tokens->ready, pass, entry);
        pass->token = NULL;
        if (state == PASS_READY)
            pass_ready(pass, token);
        else
            pass_fail(pass, state, problem);
    }
    if (state != PASS_READY)
        forget(token);
}

static void on_answer(void *owner, struct token_answer *answer)
{
    static const enum pass_state states[] = {
        [TOKEN_GRANTED] = PASS_READY,
        [TOKEN_DENIED] = PASS_DENIED,
        [TOKEN_TROUBLE] = PASS_TROUBLE,
        [TOKEN_USELESS] = PASS_USELESS,
    };
    struct token *token = owner;

    token->request = NULL;
    if (answer->outcome == TOKEN_GRANTED) {
        int64_t lifetime_ms = answer->lifetime_s * 1000;
        int64_t margin_ms = lifetime_ms / MARGIN_SHARE < MARGIN_MS ? lifetime_ms / MARGIN_SHARE : MARGIN_MS;
        hold(token, xasprintf("Bearer %s", answer->token), token->asked_ms + lifetime_ms - margin_ms);
    }
    settle(token, states[answer->outcome], answer->problem);
}

/* It has its place in the lane. The scope is the registry's where it named one: it knows under which name it keeps the
 * repository, and the token goes nowhere but there. */
static void request_token(struct token *token)
{
    struct buf CLEANUP_BUF url = BUF_INIT;
    struct buf CLEANUP_BUF why = BUF_INIT;
    struct buf CLEANUP_BUF problem = BUF_INIT;

    challenge_token_url(&token->challenge, token->challenge.scope ? NULL : token->scope, &url);
    token->asked_ms = clock_mono_ms();
    token->request =
        token_request_start(token->tokens->exchanges, token->upstream, url.data, on_answer, token, &why);
    if (token->request)
        return;
    buf_printf(&problem, "names a token server that cannot be asked: %s", why.data);
    settle(token, PASS_USELESS, problem.data);
}

/* The pass waits first: the request may fail at once. */
static enum pass_state wait_for_new(struct token *token, struct pass *pass, struct upstream *upstream)
{
    pass_wait(pass, token);
    if (token->upstream)
        return PASS_WAIT;
    token->upstream = upstream_ref(upstream);
    if (lanes_enter(&token->tokens->lanes, &token->ticket, upstream, false))
        request_token(token);
    return PASS_WAIT;
}

/* ---- challenges ---- */

/* Says which realm was refused, and why. Its text is the registry's: only scheme and host are shown. */
static void describe_refusal(const char *realm, const struct upstream *upstream, struct buf *problem)
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

/* A new token is wanted, and nobody asks for it yet. */
static enum pass_state meet_bearer(struct token *token, struct pass *pass, struct upstream *upstream)
{
    const struct upstream_options *options = upstream_get_options(upstream);
    struct buf CLEANUP_BUF problem = BUF_INIT;

    if (challenge_realm_allowed(token->challenge.realm, options->base_url, options->realms,
                                options->realm_count))
        return wait_for_new(token, pass, upstream);
    describe_refusal(token->challenge.realm, upstream, &problem);
    forget(token);
    return pass_fail(pass, PASS_USELESS, problem.data);
}

static enum pass_state meet_basic(struct token *token, struct pass *pass, const struct upstream *upstream,
                                  bool sent_before)
{
    char *credentials = token_basic_credentials(upstream);

    if (credentials && !sent_before) {
        hold(token, credentials, INT64_MAX);
        return pass_ready(pass, token);
    }
    forget(token);
    if (!credentials)
        return pass_fail(pass, PASS_DENIED,
                         "wants a username and password, and this upstream has none in the configuration");
    free_secret(credentials);
    return pass_fail(pass, PASS_DENIED,
                     "answered 401 to username and password of this upstream in the configuration");
}

static enum pass_state meet_challenge(struct token *token, struct pass *pass, struct upstream *upstream,
                                      bool sent_basic)
{
    switch (token->challenge.scheme) {
    case CHALLENGE_BEARER:
        return meet_bearer(token, pass, upstream);
    case CHALLENGE_BASIC:
        return meet_basic(token, pass, upstream, sent_basic);
    case CHALLENGE_NONE:
        break;
    }
    forget(token);
    return pass_fail(pass, PASS_USELESS, "answered 401, and does not say how to log in (WWW-Authenticate)");
}

enum pass_state tokens_challenged(struct tokens *tokens, struct pass *pass, struct upstream *upstream,
                                  const char *scope, const char *challenge)
{
    struct token *token = find_or_add(tokens, upstream, scope);
    uint64_t sent = pass->number;
    bool sent_basic = pass->authorization && strncmp(pass->authorization, "Basic ", 6) == 0;
    struct challenge told;

    pass_clear(pass);
    if (token->upstream)
        return wait_for_new(token, pass, upstream);
    if (is_held(token) && token->number != sent)
        return pass_ready(pass, token); /* somebody else has got it meanwhile */
    free_secret(take_ptr(&token->authorization));
    challenge_parse(challenge, &told);
    if (told.scheme == CHALLENGE_NONE) {
        challenge_release(&told);
    } else {
        challenge_release(&token->challenge);
        token->challenge = told;
    }
    return meet_challenge(token, pass, upstream, sent_basic);
}

enum pass_state tokens_get(struct tokens *tokens, struct pass *pass, struct upstream *upstream,
                           const char *scope)
{
    struct token *token = find(tokens, upstream, scope);

    pass_clear(pass);
    if (token && is_held(token))
        return pass_ready(pass, token);
    if (token) /* it was granted once, so its challenge was found good */
        return wait_for_new(token, pass, upstream);
    pass->state = PASS_READY;
    return PASS_READY;
}

/* ---- waiting ---- */

struct pass *tokens_next(struct tokens *tokens)
{
    struct ticket *ticket;
    struct pass *pass;

    while ((ticket = lanes_next(&tokens->lanes)))
        request_token((struct token *)(void *)((char *)ticket - offsetof(struct token, ticket)));
    pass = TAILQ_FIRST(&tokens->ready);
    if (pass) {
        TAILQ_REMOVE(&tokens->ready, pass, entry);
        pass->listed = false;
    }
    return pass;
}

void tokens_leave(struct tokens *tokens, struct pass *pass)
{
    struct token *token = pass->token;

    if (!pass->listed)
        return;
    pass->listed = false;
    pass->token = NULL;
    TAILQ_REMOVE(token ? &token->waiting : &tokens->ready, pass, entry);
    if (token && TAILQ_EMPTY(&token->waiting)) {
        end_request(token);
        forget(token);
    }
}
