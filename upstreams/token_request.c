/* Owns one exchange with a token server. On the fetch thread; its calls for head and body run inside curl
 * and only take notes.
 *
 * The URL names the repository, and the credentials belong to the upstream: neither token nor password may
 * reach a log or a message, so secrets are wiped when freed, and messages show the URL without its query. */
#include "upstreams/token_request.h"

#include <string.h>

#include "base/buf.h"
#include "base/counters.h"
#include "base/memory.h"
#include "base/text.h"
#include "upstreams/challenge.h"
#include "upstreams/exchange.h"
#include "upstreams/head.h"
#include "upstreams/upstream.h"

struct token_request {
    /* set once */
    struct upstream *upstream;
    char *url;
    char *credentials; /* NULL: anonymous */
    token_done_fn *done;
    void *owner;

    struct exchange *exchange;
    int status; /* 0 before the answer */
    struct buf body;
};

char *token_basic_credentials(const struct upstream *upstream)
{
    const struct upstream_options *options = upstream_get_options(upstream);
    struct buf CLEANUP_BUF value = BUF_INIT;

    if (!options->username || !*options->username)
        return NULL;
    char *pair = xasprintf("%s:%s", options->username, options->password ? options->password : "");
    buf_add_text(&value, "Basic ");
    text_base64(pair, strlen(pair), &value);
    free_secret(pair);
    return buf_take(&value);
}

static void token_request_free(struct token_request *request)
{
    free(request->url);
    free_secret(request->credentials);
    /* The body holds the token. */
    explicit_bzero(request->body.data, request->body.len);
    buf_release(&request->body);
    free(request);
}

/* ---- callbacks of the exchange ---- */

static bool token_request_on_answered(void *owner, const struct head *head, const char *url)
{
    struct token_request *request = owner;

    (void)url;
    request->status = head->status;
    return head->status == 200;
}

static int token_request_on_body(void *owner, const void *data, size_t len)
{
    struct token_request *request = owner;

    buf_add(&request->body, data, len);
    /* Decoded bytes: a small compressed answer may unpack to any size. */
    return request->body.len > TOKEN_MAX_BYTES ? -1 : 0;
}

/* An answer without a token. Asked without credentials, 401 and 403 say that this repository is not for
 * everybody; asked with them, 401 says that they are wrong. */
static enum token_outcome token_request_judge_status(const struct token_request *request, struct buf *problem)
{
    int status = request->status;

    buf_printf(problem, " answered %d", status);
    if (status == 401 || status == 403) {
        buf_add_text(problem,
                     request->credentials
                         ? ": check username and password of this upstream in the configuration"
                         : ": it may want a username and password of this upstream in the configuration");
        /* Some servers answer 403 for repositories that do not exist, to users they know too. */
        return request->credentials && status == 401 ? TOKEN_USELESS : TOKEN_DENIED;
    }
    return status == 408 || status == 429 || status / 100 == 5 ? TOKEN_TROUBLE : TOKEN_USELESS;
}

static enum token_outcome token_request_judge(const struct token_request *request,
                                              enum exchange_outcome outcome, const char *exchange_problem,
                                              struct token_answer *answer, struct buf *problem)
{
    struct buf CLEANUP_BUF why = BUF_INIT;

    if (request->status && request->status != 200)
        return token_request_judge_status(request, problem);
    switch (outcome) {
    case EXCHANGE_COMPLETE:
        if (challenge_read_token(request->body.data, request->body.len, &answer->token, &answer->lifetime_s,
                                 &why) == 0)
            return TOKEN_GRANTED;
        buf_printf(problem, " sent an answer that %s", why.data);
        return TOKEN_USELESS;
    case EXCHANGE_DROPPED:
        buf_printf(problem, " sent more than %d bytes", TOKEN_MAX_BYTES);
        return TOKEN_USELESS;
    case EXCHANGE_BROKEN:
    case EXCHANGE_FAILED:
        break;
    }
    buf_printf(problem, ": %s", exchange_problem);
    return outcome == EXCHANGE_FAILED ? TOKEN_USELESS : TOKEN_TROUBLE;
}

static void token_request_on_ended(void *owner, enum exchange_outcome outcome, const char *shown,
                                   const char *exchange_problem)
{
    struct token_request *request = owner;
    struct buf CLEANUP_BUF problem = BUF_INIT;
    struct token_answer answer = {.outcome = TOKEN_USELESS};

    buf_printf(&problem, "the token server %s", shown);
    answer.outcome = token_request_judge(request, outcome, exchange_problem, &answer, &problem);
    answer.problem = problem.data;
    token_done_fn *done = request->done;
    void *done_owner = request->owner;
    token_request_free(request);
    done(done_owner, &answer);
    free_secret(answer.token);
}

/* ---- start and end ---- */

struct token_request *token_request_start(struct exchanges *exchanges, struct upstream *upstream,
                                          const char *url, token_done_fn *done, void *owner,
                                          struct buf *problem)
{
    static const struct exchange_ops ops = {token_request_on_answered, token_request_on_body,
                                            token_request_on_ended};
    struct token_request *request = xcalloc(1, sizeof(*request));

    request->upstream = upstream;
    request->url = xstrdup(url);
    request->credentials = token_basic_credentials(upstream);
    request->done = done;
    request->owner = owner;
    buf_init(&request->body);
    struct exchange_request what = {
        .upstream = upstream,
        .url = request->url,
        .document = true, /* small, may come compressed */
        .accept = "application/json",
        .authorization = request->credentials,
    };
    request->exchange = exchange_start(exchanges, &what, &ops, request, problem);
    if (!request->exchange) {
        token_request_free(request);
        return NULL;
    }
    counter_add(COUNTER_TOKEN_REQUESTS, 1);
    return request;
}

void token_request_drop(struct token_request *request)
{
    exchange_drop(request->exchange);
    token_request_free(request);
}
