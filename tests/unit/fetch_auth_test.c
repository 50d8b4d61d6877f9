/* Registries that want tokens, or a username and a password. The first server is a registry, the second its token
 * server, the third what they redirect to; they are one host with three ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "tests/unit/support/fetch_case.h"
#include "tests/unit/support/test_clock.h"
#include "upstreams/tokens.h"

#define MANY 20
#define SCOPE "repository:library/nginx:pull"
#define SECRET "s3cret-password"

enum { REGISTRY, TOKENS, STORAGE };

/* How they behave. Written by the test while nobody asks. */
static struct {
    const char *realm;
    const char *redirect; /* of the registry, after it has let somebody in; NULL: serves itself */
    const char *storage;
    const char *open; /* a URL of the registry that wants no token */
    int lifetime_s;
    _Atomic int issued;     /* tokens; they are "token-1", "token-2" ... */
    _Atomic int oldest;     /* number of the oldest one that is good */
    _Atomic int refused;    /* 401s of the registry */
    _Atomic int signatures; /* given out by redirects */
} world;

/* ---- servers ---- */

static bool has_header(const struct scripted_request *request, const char *line)
{
    return strstr(request->head, line) != NULL;
}

/* The number of the token that came along; 0: none. */
static int token_in(const char *head)
{
    const char *at = strstr(head, "Authorization: Bearer token-");

    return at ? (int)strtol(at + strlen("Authorization: Bearer token-"), NULL, 10) : 0;
}

static bool send_challenge(struct scripted_request *request)
{
    struct buf CLEANUP_BUF headers = BUF_INIT;

    world.refused++;
    buf_printf(&headers,
               "WWW-Authenticate: Negotiate\r\n"
               "WWW-Authenticate: Bearer realm=\"%s\",service=\"registry\",scope=\"%s\"\r\n",
               world.realm, strstr(request->target, "slow") ? "slow" : SCOPE);
    return scripted_reply(request, 401, headers.data, "no", 2);
}

static bool send_redirect(struct scripted_request *request, const char *to)
{
    struct buf CLEANUP_BUF headers = BUF_INIT;

    buf_printf(&headers, "Location: %s\r\n", to);
    return scripted_reply(request, 307, headers.data, "", 0);
}

static bool serve_registry(struct scripted_request *request)
{
    struct fetch_case *c = request->arg;

    if (strcmp(request->target, "/open") == 0)
        return serve_right(request);
    int token = token_in(request->head);
    if (!token || token < world.oldest)
        return send_challenge(request);
    if (world.redirect && strcmp(request->target, "/object") == 0)
        return send_redirect(request, world.redirect);
    return scripted_file(request,
                         "Docker-Content-Digest: sha256:12\r\nLink: </v2/x?n=1>; rel=\"next\"\r\n"
                         "RateLimit-Limit: 100;w=21600\r\nRateLimit-Remaining: 98;w=21600\r\n",
                         c->bytes, CASE_BYTES);
}

static bool serve_token(struct scripted_request *request)
{
    struct buf CLEANUP_BUF body = BUF_INIT;

    if (strstr(request->target, "slow"))
        scripted_hold(request);
    buf_printf(&body, "{\"token\": \"token-%d\", \"expires_in\": %d}", ++world.issued, world.lifetime_s);
    return scripted_reply(request, 200, "Content-Type: application/json\r\n", body.data, body.len);
}

static bool serve_token_later(struct scripted_request *request)
{
    scripted_hold(request);
    return serve_token(request);
}

static bool serve_no_token(struct scripted_request *request)
{
    (void)request;
    fail_msg("no token should have been asked for");
    return false;
}

/* ---- the case ---- */

static int setup(void **state)
{
    memset(&world, 0, sizeof(world));
    world.lifetime_s = 300;
    return case_setup(state);
}

/* One registry and its token server; `tokens` may be replaced. */
static void add_registry(struct fetch_case *c, scripted_answer *registry, scripted_answer *tokens)
{
    case_add(c, registry);
    case_add(c, tokens);
    world.realm = scripted_url(c->servers[TOKENS], "127.0.0.1", "/token");
    c->candidates[REGISTRY].scope = SCOPE;
    c->options.candidate_count = 1;
}

/* The options of the registry, to be changed and given to configure(). */
static struct upstream_options registry_options(struct fetch_case *c)
{
    struct upstream_options options = *upstream_get_options(c->upstreams[REGISTRY]);

    options.name = "first";
    options.base_url = scripted_url(c->servers[REGISTRY], "127.0.0.1", "/");
    options.proxy = "";
    return options;
}

/* Puts another upstream in the registry's place. */
static void configure(struct fetch_case *c, const struct upstream_options *options)
{
    upstream_unref(c->upstreams[REGISTRY]);
    c->upstreams[REGISTRY] = upstream_new(options);
    c->candidates[REGISTRY].upstream = c->upstreams[REGISTRY];
}

static void set_credentials(struct fetch_case *c)
{
    struct upstream_options options = registry_options(c);

    options.username = "joe";
    options.password = SECRET;
    configure(c, &options);
}

static void set_connections(struct fetch_case *c, int connections)
{
    struct upstream_options options = registry_options(c);

    options.connections = connections;
    configure(c, &options);
}

/* A server that the registry redirects to; no candidate. */
static void add_storage(struct fetch_case *c, scripted_answer *answer)
{
    case_add(c, answer);
    c->options.candidate_count = 1;
    world.storage = scripted_url(c->servers[STORAGE], "127.0.0.1", "/storage");
    world.redirect = world.storage;
}

/* A second registry that always has it. */
static void add_spare(struct fetch_case *c)
{
    size_t i = case_add(c, serve_right);

    c->candidates[1] = c->candidates[i];
    c->options.candidate_count = 2;
}

static void run_again(struct fetch_case *c)
{
    case_again(c);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
}

static void assert_requests(struct fetch_case *c, int registry, int tokens)
{
    assert_int_equal(scripted_requests(c->servers[REGISTRY]), registry);
    assert_int_equal(scripted_requests(c->servers[TOKENS]), tokens);
}

static void assert_said(struct fetch_case *c, const char *text)
{
    if (!strstr(c->sink.reason, text))
        fail_msg("\"%s\" is not in: %s", text, c->sink.reason);
    assert_null(strstr(c->sink.reason, SECRET));
    assert_null(strstr(c->sink.reason, "token-"));
}

/* ---- tokens ---- */

static void auth_anonymous_token(void **state)
{
    struct fetch_case *c = *state;
    int64_t tokens = counter_get(COUNTER_TOKEN_REQUESTS);
    int64_t requests = counter_get(COUNTER_UPSTREAM_REQUESTS);
    int64_t errors = counter_get(COUNTER_UPSTREAM_ERRORS);

    add_registry(c, serve_registry, serve_token);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_requests(c, 2, 1);
    assert_null(strstr(scripted_head(c->servers[REGISTRY], 0), "Authorization"));
    assert_int_equal(token_in(scripted_head(c->servers[REGISTRY], 1)), 1);
    const char *asked = scripted_head(c->servers[TOKENS], 0);
    assert_true(text_starts(
        asked, "GET /token?service=registry&scope=repository%3Alibrary%2Fnginx%3Apull HTTP/1.1\r\n"));
    assert_null(strstr(asked, "Authorization"));
    assert_string_equal(c->sink.digest, "sha256:12");
    assert_string_equal(c->sink.link, "</v2/x?n=1>; rel=\"next\"");
    assert_int_equal(counter_get(COUNTER_TOKEN_REQUESTS) - tokens, 1);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_REQUESTS) - requests, 3);
    assert_int_equal(counter_get(COUNTER_UPSTREAM_ERRORS) - errors, 0);
    assert_true(upstream_healthy(c->upstreams[REGISTRY]));
}

static void start_many(struct fetch_case *c, struct sink *sinks, int count)
{
    for (int i = 0; i < count; i++) {
        sink_init(&sinks[i]);
        fetch_start(c->fetcher, &c->options, &sink_ops, &sinks[i]);
    }
}

static void auth_one_token_for_many(void **state)
{
    struct fetch_case *c = *state;
    struct sink sinks[MANY];

    add_registry(c, serve_registry, serve_token_later);
    start_many(c, sinks, MANY);
    scripted_wait_held(c->servers[TOKENS], 1);
    scripted_release(c->servers[TOKENS]);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(sink_wait(&sinks[i]), FETCH_OK);
        assert_true(sink_holds(&sinks[i], c->bytes, CASE_BYTES));
        sink_release(&sinks[i]);
    }
    assert_requests(c, MANY + world.refused, 1);
    assert_in_range(scripted_most_parallel(c->servers[REGISTRY]), 1, 4);
}

static void auth_token_used_again(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    assert_int_equal(case_run(c), FETCH_OK);
    run_again(c);
    assert_requests(c, 3, 1);
}

static void auth_scopes_apart(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    assert_int_equal(case_run(c), FETCH_OK);
    c->candidates[REGISTRY].scope = "repository:library/redis:pull";
    run_again(c);
    assert_requests(c, 4, 2);
}

/* A reload makes new upstreams; theirs may be other credentials. */
static void auth_upstreams_apart(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    assert_int_equal(case_run(c), FETCH_OK);
    set_credentials(c);
    run_again(c);
    assert_requests(c, 4, 2);
}

/* 300 s: good for 270 s. The new one is asked for without another 401. */
static void auth_renewed_before_expiry(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    assert_int_equal(case_run(c), FETCH_OK);
    test_clock_pass(0, 240 * 1000);
    run_again(c);
    assert_requests(c, 3, 1);
    test_clock_pass(0, 31 * 1000);
    run_again(c);
    assert_requests(c, 4, 2);
    assert_int_equal(token_in(scripted_head(c->servers[REGISTRY], 3)), 2);
}

/* A minute: the margin is a quarter. */
static void auth_short_life(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    world.lifetime_s = 60;
    assert_int_equal(case_run(c), FETCH_OK);
    test_clock_pass(0, 35 * 1000);
    run_again(c);
    assert_requests(c, 3, 1);
    test_clock_pass(0, 11 * 1000);
    run_again(c);
    assert_requests(c, 4, 2);
}

static void auth_revoked(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    assert_int_equal(case_run(c), FETCH_OK);
    world.oldest = 2;
    run_again(c);
    assert_requests(c, 4, 2);
    assert_true(upstream_healthy(c->upstreams[REGISTRY]));
}

static void auth_validators_sent_again(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    c->candidates[REGISTRY].if_none_match = "\"etag\"";
    assert_int_equal(case_run(c), FETCH_OK);
    assert_requests(c, 2, 1);
    assert_non_null(strstr(scripted_head(c->servers[REGISTRY], 1), "If-None-Match: \"etag\""));
}

/* ---- denial ---- */

static bool serve_denial(struct scripted_request *request)
{
    return send_challenge(request);
}

static void auth_denied(void **state)
{
    struct fetch_case *c = *state;
    int64_t errors = counter_get(COUNTER_UPSTREAM_ERRORS);

    add_registry(c, serve_denial, serve_token);
    assert_int_equal(case_run(c), FETCH_DENIED);
    assert_said(c, "needs other credentials, or it does not exist");
    assert_said(c, "answered 401 to a fresh token");
    assert_requests(c, 2, 1);
    assert_true(upstream_healthy(c->upstreams[REGISTRY]));
    assert_int_equal(counter_get(COUNTER_UPSTREAM_ERRORS) - errors, 0);
    assert_string_equal(fetch_outcome_name(FETCH_DENIED), "denied");
}

static void auth_denied_by_many(void **state)
{
    struct fetch_case *c = *state;
    struct sink sinks[MANY];

    add_registry(c, serve_denial, serve_token);
    start_many(c, sinks, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(sink_wait(&sinks[i]), FETCH_DENIED);
        sink_release(&sinks[i]);
    }
}

/* The outcome with this upstream beside one that denies; in both orders. */
static void assert_mix(struct fetch_case *c, scripted_answer *other, enum fetch_outcome outcome)
{
    add_registry(c, serve_denial, serve_token);
    size_t i = case_add(c, other);
    c->candidates[1] = c->candidates[i];
    c->options.candidate_count = 2;
    assert_int_equal(case_run(c), outcome);
    struct fetch_candidate first = c->candidates[0];
    c->candidates[0] = c->candidates[1];
    c->candidates[1] = first;
    case_again(c);
    upstream_note_success(c->upstreams[0]);
    upstream_note_success(c->upstreams[i]);
    assert_int_equal(case_run(c), outcome);
}

static void auth_denied_and_absent(void **state)
{
    assert_mix(*state, serve_404, FETCH_DENIED);
}

static void auth_denied_and_there(void **state)
{
    assert_mix(*state, serve_right, FETCH_OK);
}

static bool serve_403(struct scripted_request *request)
{
    return scripted_reply(request, 403, "", "no", 2);
}

/* A 403 says nothing of the object: it may be there. */
static void auth_denied_and_trouble(void **state)
{
    assert_mix(*state, serve_403, FETCH_UNAVAILABLE);
}

static void auth_absent_with_token(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_404, serve_no_token);
    assert_int_equal(case_run(c), FETCH_NOT_FOUND);
}

static void auth_forbidden(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_403, serve_no_token);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_false(upstream_healthy(c->upstreams[REGISTRY]));
}

/* Without a scope, 401 is what it always was. */
static void auth_no_scope(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_no_token);
    c->candidates[REGISTRY].scope = NULL;
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_said(c, "answered 401");
    assert_requests(c, 1, 0);
    assert_false(upstream_healthy(c->upstreams[REGISTRY]));
}

/* ---- Basic ---- */

static bool serve_basic(struct scripted_request *request)
{
    /* joe:s3cret-password */
    if (has_header(request, "\r\nAuthorization: Basic am9lOnMzY3JldC1wYXNzd29yZA==\r\n"))
        return serve_right(request);
    return scripted_reply(request, 401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "no", 2);
}

static void auth_basic(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_basic, serve_no_token);
    set_credentials(c);
    assert_int_equal(case_run(c), FETCH_OK);
    run_again(c);
    assert_requests(c, 3, 0);
}

static void auth_basic_without_credentials(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_basic, serve_no_token);
    assert_int_equal(case_run(c), FETCH_DENIED);
    assert_said(c, "wants a username and password");
    assert_requests(c, 1, 0);
    assert_true(upstream_healthy(c->upstreams[REGISTRY]));
}

static bool serve_basic_denial(struct scripted_request *request)
{
    return scripted_reply(request, 401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "no", 2);
}

static void auth_basic_wrong(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_basic_denial, serve_no_token);
    set_credentials(c);
    assert_int_equal(case_run(c), FETCH_DENIED);
    assert_said(c, "answered 401 to username and password");
    assert_requests(c, 2, 0);
    case_again(c);
    assert_int_equal(case_run(c), FETCH_DENIED); /* sent at once, and not a second time */
    assert_requests(c, 3, 0);
}

/* RFC 4648 section 10. */
static void auth_base64(void **state)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfb", "//77"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct buf CLEANUP_BUF out = BUF_INIT;
        text_base64(vectors[i][0], strlen(vectors[i][0]), &out);
        assert_string_equal(out.data, vectors[i][1]);
    }
}

/* ---- the token server ---- */

static void auth_credentials_for_token(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    set_credentials(c);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_non_null(strstr(scripted_head(c->servers[TOKENS], 0),
                           "\r\nAuthorization: Basic am9lOnMzY3JldC1wYXNzd29yZA==\r\n"));
    assert_null(strstr(scripted_head(c->servers[REGISTRY], 0), "Authorization"));
    assert_null(strstr(scripted_head(c->servers[REGISTRY], 1), "Basic"));
}

static bool serve_401(struct scripted_request *request)
{
    return scripted_reply(request, 401, "", "no", 2);
}

static void auth_wrong_credentials(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_401);
    set_credentials(c);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_said(c, world.realm);
    assert_said(c, "/token answered 401: check username and password of this upstream");
    assert_requests(c, 1, 1);
    assert_false(upstream_healthy(c->upstreams[REGISTRY]));
}

static void auth_anonymous_refused(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_403);
    assert_int_equal(case_run(c), FETCH_DENIED);
    assert_said(c, "may want a username and password");
    assert_requests(c, 1, 1);
    assert_true(upstream_healthy(c->upstreams[REGISTRY]));
}

/* A token server that gives no token: the next upstream serves, and alone the reason says why. */
static void assert_useless(struct fetch_case *c, scripted_answer *tokens, const char *why)
{
    add_registry(c, serve_registry, tokens);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_said(c, why);
    assert_false(upstream_healthy(c->upstreams[REGISTRY]));
    upstream_note_success(c->upstreams[REGISTRY]);
    add_spare(c);
    run_again(c);
    assert_string_equal(c->sink.upstream, "third");
}

static bool serve_garbage(struct scripted_request *request)
{
    return scripted_reply(request, 200, "", "<html>", 6);
}

static void auth_token_garbage(void **state)
{
    assert_useless(*state, serve_garbage, "sent an answer that ");
}

static bool serve_tokenless(struct scripted_request *request)
{
    return scripted_reply(request, 200, "", "{}", 2);
}

static void auth_token_missing(void **state)
{
    assert_useless(*state, serve_tokenless, "neither \"token\" nor \"access_token\"");
}

static bool serve_endless_token(struct scripted_request *request)
{
    static const char blanks[16384];

    scripted_printf(request, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (scripted_printf(request, "%zx\r\n", sizeof(blanks)) &&
           scripted_send(request, blanks, sizeof(blanks)) && scripted_printf(request, "\r\n"))
        ;
    return false;
}

static void auth_token_endless(void **state)
{
    assert_useless(*state, serve_endless_token, "sent more than ");
}

static bool serve_loop(struct scripted_request *request)
{
    return send_redirect(request, "/token");
}

static void auth_token_redirect_loop(void **state)
{
    assert_useless(*state, serve_loop, "/token: redirects more than 10 times");
}

static void auth_token_404(void **state)
{
    assert_useless(*state, serve_404, "/token answered 404");
}

static bool serve_token_second_time(struct scripted_request *request)
{
    return request->number < 1 ? serve_500(request) : serve_token(request);
}

static void auth_token_server_recovers(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token_second_time);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_requests(c, 3, 2);
}

static void auth_token_server_down(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    add_spare(c);
    world.realm = "http://127.0.0.1:1/token";
    assert_int_equal(case_run(c), FETCH_OK);
    assert_string_equal(c->sink.upstream, "third");
    assert_false(upstream_healthy(c->upstreams[REGISTRY]));
}

static void auth_no_challenge(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_401, serve_no_token);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_said(c, "does not say how to log in");
}

/* ---- realms ---- */

static void auth_realm_elsewhere(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_no_token);
    world.realm = scripted_url(c->servers[TOKENS], "auth.test", "/token");
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_said(c,
                "names the token server http://auth.test, which is not in its domain: add realm = auth.test");
    assert_int_equal(scripted_connections(c->servers[TOKENS]), 0);
}

/* Then it may also have a private address. */
static void auth_realm_listed(void **state)
{
    static const char *const realms[] = {"auth.test"};
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    struct upstream_options options = registry_options(c);
    options.realms = realms;
    options.realm_count = 1;
    configure(c, &options);
    world.realm = scripted_url(c->servers[TOKENS], "auth.test", "/token");
    assert_int_equal(case_run(c), FETCH_OK);
    assert_requests(c, 2, 1);
}

static void auth_realm_unusable(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_no_token);
    world.realm = "file:///etc/passwd";
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_said(c, "names a token server whose URL is not usable");
}

/* ---- where credentials go ---- */

static void auth_kept_within_origin(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    world.redirect = "/moved";
    assert_int_equal(case_run(c), FETCH_OK);
    assert_requests(c, 3, 1);
    assert_int_equal(token_in(scripted_head(c->servers[REGISTRY], 2)), 1);
}

static void auth_not_to_storage(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    add_storage(c, serve_right);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_int_equal(scripted_requests(c->servers[STORAGE]), 1);
    assert_null(strcasestr(scripted_head(c->servers[STORAGE], 0), "authorization"));
}

static bool serve_way_back(struct scripted_request *request)
{
    return send_redirect(request, world.open);
}

static void auth_not_on_the_way_back(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    add_storage(c, serve_way_back);
    world.open = scripted_url(c->servers[REGISTRY], "127.0.0.1", "/open");
    assert_int_equal(case_run(c), FETCH_OK);
    assert_requests(c, 3, 1);
    assert_null(strcasestr(scripted_head(c->servers[REGISTRY], 2), "authorization"));
}

/* The token server's redirects are no way out either. */
static bool serve_token_elsewhere(struct scripted_request *request)
{
    return send_redirect(request, world.storage);
}

static void auth_basic_not_after_redirect(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token_elsewhere);
    add_storage(c, serve_token);
    world.redirect = NULL;
    set_credentials(c);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_non_null(strstr(scripted_head(c->servers[TOKENS], 0), "Authorization: Basic"));
    assert_null(strcasestr(scripted_head(c->servers[STORAGE], 0), "authorization"));
}

/* Who is redirected to may ask for credentials as he likes. */
static void auth_challenge_of_storage(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    add_storage(c, serve_basic);
    set_credentials(c);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_said(c, "answered 401");
    assert_requests(c, 2, 1);
    assert_int_equal(scripted_requests(c->servers[STORAGE]), 1);
    assert_null(strcasestr(scripted_head(c->servers[STORAGE], 0), "authorization"));
}

/* Another port is another server: it is not sent the token that there is, and its challenge is not met. */
static void auth_other_origin(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    assert_int_equal(case_run(c), FETCH_OK);
    add_storage(c, serve_registry);
    c->candidates[REGISTRY].url = world.storage;
    case_again(c);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_requests(c, 2, 1);
    assert_int_equal(scripted_requests(c->servers[STORAGE]), 1);
    assert_null(strcasestr(scripted_head(c->servers[STORAGE], 0), "authorization"));
}

/* All that is logged on the way, with tokens and passwords in play. */
static void auth_secrets_not_logged(void **state)
{
    struct fetch_case *c = *state;
    char said[8192] = "";
    FILE *file = tmpfile();

    add_registry(c, serve_denial, serve_token);
    set_credentials(c);
    add_spare(c);
    int before = dup(STDERR_FILENO);
    CHECK(file && dup2(fileno(file), STDERR_FILENO) >= 0);
    log_set_level(LOG_DEBUG);
    enum fetch_outcome outcome = case_run(c);
    CHECK(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    log_set_level(LOG_ERROR);
    rewind(file);
    size_t len = fread(said, 1, sizeof(said) - 1, file);
    fclose(file);
    assert_int_equal(outcome, FETCH_OK);
    assert_true(len > 0);
    assert_non_null(strstr(said, "answered 401 to a fresh token"));
    assert_null(strstr(said, "token-1"));
    assert_null(strstr(said, SECRET));
    assert_null(strstr(said, "am9l"));
}

/* ---- places, cancelling, stopping ---- */

static int sink_finishes(struct sink *sink)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&sink->lock);
    return sink->finishes;
}

/* One slot: a fetch that waits for a token does not keep it from others. */
static void auth_waits_without_place(void **state)
{
    struct fetch_case *c = *state;
    struct sink slow;

    add_registry(c, serve_registry, serve_token);
    set_connections(c, 1);
    assert_int_equal(case_run(c), FETCH_OK);
    struct fetch_candidate other = c->candidates[REGISTRY];
    other.scope = "slow";
    other.url = scripted_url(c->servers[REGISTRY], "127.0.0.1", "/slow");
    c->options.candidates = &other;
    sink_init(&slow);
    fetch_start(c->fetcher, &c->options, &sink_ops, &slow);
    scripted_wait_held(c->servers[TOKENS], 1);
    c->options.candidates = c->candidates;
    run_again(c);
    assert_int_equal(sink_finishes(&slow), 0);
    scripted_release(c->servers[TOKENS]);
    assert_int_equal(sink_wait(&slow), FETCH_OK);
    sink_release(&slow);
    assert_int_equal(scripted_most_parallel(c->servers[REGISTRY]), 1);
}

static void auth_many_with_one_place(void **state)
{
    struct fetch_case *c = *state;
    struct sink sinks[MANY];

    add_registry(c, serve_registry, serve_token);
    set_connections(c, 1);
    start_many(c, sinks, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(sink_wait(&sinks[i]), FETCH_OK);
        sink_release(&sinks[i]);
    }
    assert_int_equal(scripted_requests(c->servers[TOKENS]), 1);
    assert_int_equal(scripted_most_parallel(c->servers[REGISTRY]), 1);
}

static bool serve_registry_held(struct scripted_request *request)
{
    if (request->number == 2)
        scripted_hold(request);
    return serve_registry(request);
}

/* The token runs out while its fetch stands in line. */
static void auth_runs_out_in_line(void **state)
{
    struct fetch_case *c = *state;
    struct sink sinks[2];

    c->timeout_s = 3600; /* the clock moves while a request is on its way */
    add_registry(c, serve_registry_held, serve_token);
    set_connections(c, 1);
    assert_int_equal(case_run(c), FETCH_OK);
    start_many(c, sinks, 2);
    scripted_wait_held(c->servers[REGISTRY], 1);
    test_clock_pass(0, 280 * 1000);
    scripted_release(c->servers[REGISTRY]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sink_wait(&sinks[i]), FETCH_OK);
        sink_release(&sinks[i]);
    }
    assert_requests(c, 4, 2);
}

static bool serve_token_twice(struct scripted_request *request)
{
    if (request->number == 1)
        return serve_404(request);
    scripted_hold(request);
    return serve_token(request);
}

static bool serve_registry_busy(struct scripted_request *request)
{
    if (strcmp(request->target, "/open") == 0)
        scripted_hold(request);
    return serve_registry(request);
}

/* While a fetch stands in line with a token that it got after a 401, that token is thrown away by another fetch, and
 * runs out: it begins again without one, which is no denial. */
static void auth_thrown_away_in_line(void **state)
{
    struct fetch_case *c = *state;
    struct sink busy;
    struct sink thrower;

    c->timeout_s = 3600; /* the clock moves while a request is on its way */
    add_registry(c, serve_registry_busy, serve_token_twice);
    set_connections(c, 1);
    sink_init(&busy);
    sink_init(&thrower);
    case_start(c);
    scripted_wait_held(c->servers[TOKENS], 1);
    struct fetch_candidate open = {.upstream = c->upstreams[REGISTRY],
                                   .url = scripted_url(c->servers[REGISTRY], "127.0.0.1", "/open")};
    struct fetch_options options = test_blob(&open, 1);
    fetch_start(c->fetcher, &options, &sink_ops, &busy);
    scripted_wait_held(c->servers[REGISTRY], 1);
    world.oldest = 2;
    scripted_release(c->servers[TOKENS]);
    options = test_blob(c->candidates, 1);
    options.class = FETCH_DOCUMENT; /* there is more room for them */
    fetch_start(c->fetcher, &options, &sink_ops, &thrower);
    assert_int_equal(sink_wait(&thrower), FETCH_UNAVAILABLE);
    test_clock_pass(0, 280 * 1000);
    scripted_release(c->servers[REGISTRY]);
    assert_int_equal(sink_wait(&c->sink), FETCH_OK);
    assert_int_equal(sink_wait(&busy), FETCH_OK);
    assert_requests(c, 5, 3);
    sink_release(&busy);
    sink_release(&thrower);
}

static void auth_cancel(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token_later);
    struct fetch *fetch = case_start(c);
    scripted_wait_held(c->servers[TOKENS], 1);
    fetch_cancel(fetch);
    assert_int_equal(sink_wait(&c->sink), FETCH_CANCELLED);
    scripted_release(c->servers[TOKENS]);
    run_again(c);
}

/* Others go on waiting for the same token. */
static void auth_cancel_one_of_two(void **state)
{
    struct fetch_case *c = *state;
    struct sink other;

    add_registry(c, serve_registry, serve_token_later);
    sink_init(&other);
    struct fetch *fetch = fetch_start(c->fetcher, &c->options, &sink_ops, &other);
    scripted_wait_held(c->servers[TOKENS], 1);
    case_start(c);
    fetch_cancel(fetch);
    assert_int_equal(sink_wait(&other), FETCH_CANCELLED);
    scripted_release(c->servers[TOKENS]);
    assert_int_equal(sink_wait(&c->sink), FETCH_OK);
    sink_release(&other);
    assert_int_equal(scripted_requests(c->servers[TOKENS]), 1);
}

static void auth_stop(void **state)
{
    struct fetch_case *c = *state;
    struct sink sinks[MANY];

    add_registry(c, serve_registry, serve_token_later);
    start_many(c, sinks, MANY);
    scripted_wait_held(c->servers[TOKENS], 1);
    fetcher_stop(&c->fetcher);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(sinks[i].outcome, FETCH_CANCELLED);
        assert_int_equal(sinks[i].finishes, 1);
        sink_release(&sinks[i]);
    }
}

/* ---- HEAD, quota, signed URLs ---- */

static void auth_head(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    add_storage(c, serve_right);
    c->options.head = true;
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(c->sink.begins, 1);
    assert_int_equal(c->sink.writes, 0);
    assert_int_equal(c->sink.completes, 1);
    assert_int_equal(c->sink.total_bytes, CASE_BYTES);
    assert_true(text_starts(scripted_head(c->servers[REGISTRY], 1), "HEAD /object "));
    assert_true(text_starts(scripted_head(c->servers[TOKENS], 0), "GET /token?"));
    assert_true(text_starts(scripted_head(c->servers[STORAGE], 0), "HEAD /storage "));
}

static bool serve_429(struct scripted_request *request)
{
    return scripted_reply(request, 429, "RateLimit-Limit: 100;w=21600\r\nRateLimit-Remaining: 0;w=21600\r\n",
                          "no", 2);
}

static void auth_quota(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_registry, serve_token);
    assert_int_equal(upstream_get_quota(c->upstreams[REGISTRY]).limit, -1);
    assert_int_equal(upstream_get_quota(c->upstreams[REGISTRY]).remaining, -1);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_int_equal(upstream_get_quota(c->upstreams[REGISTRY]).limit, 100);
    assert_int_equal(upstream_get_quota(c->upstreams[REGISTRY]).remaining, 98);
}

static void auth_quota_used_up(void **state)
{
    struct fetch_case *c = *state;

    add_registry(c, serve_429, serve_no_token);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_int_equal(upstream_get_quota(c->upstreams[REGISTRY]).remaining, 0);
}

/* A signature is good for one request, and the first transfer breaks. The token has run out by then. */
static bool serve_signing(struct scripted_request *request)
{
    struct buf CLEANUP_BUF to = BUF_INIT;
    int token = token_in(request->head);

    if (!token || token < world.oldest)
        return send_challenge(request);
    buf_printf(&to, "%s?sig=%d", world.storage, ++world.signatures);
    return send_redirect(request, to.data);
}

static bool serve_signed(struct scripted_request *request)
{
    struct buf CLEANUP_BUF good = BUF_INIT;

    buf_printf(&good, "/storage?sig=%d", request->number + 1);
    if (strcmp(request->target, good.data) != 0 || has_header(request, "uthorization"))
        return serve_403(request);
    if (request->number > 0)
        return serve_right(request);
    world.oldest = 2;
    test_clock_pass(0, 280 * 1000);
    return serve_half(request);
}

static void auth_signed_url_expires(void **state)
{
    struct fetch_case *c = *state;

    c->timeout_s = 3600; /* the clock moves while a request is on its way */
    add_registry(c, serve_signing, serve_token);
    add_storage(c, serve_signed);
    assert_int_equal(case_run(c), FETCH_OK);
    assert_true(sink_holds(&c->sink, c->bytes, CASE_BYTES));
    assert_int_equal(c->sink.begins, 1);
    assert_requests(c, 3, 2);
    assert_int_equal(scripted_requests(c->servers[STORAGE]), 2);
    assert_non_null(strstr(scripted_head(c->servers[STORAGE], 1), "Range: bytes="));
}

static bool serve_token_once_more(struct scripted_request *request)
{
    return request->number == 0 || request->number > 6 ? serve_token(request) : serve_500(request);
}

/* No token to go on with: what came before does not make each failure look like progress. */
static void auth_no_token_to_go_on(void **state)
{
    struct fetch_case *c = *state;

    c->timeout_s = 3600; /* the clock moves while a request is on its way */
    add_registry(c, serve_signing, serve_token_once_more);
    add_storage(c, serve_signed);
    assert_int_equal(case_run(c), FETCH_UNAVAILABLE);
    assert_said(c, "/token answered 500");
    assert_in_range(scripted_requests(c->servers[TOKENS]), 2, 6);
}

/* ---- the cache itself ---- */

static const char *scope_number(int number)
{
    static char scope[40];

    snprintf(scope, sizeof(scope), "repository:r%d:pull", number);
    return scope;
}

static bool is_kept(struct tokens *tokens, struct upstream *upstream, int number)
{
    struct authorization authorization;

    authorization_init(&authorization);
    assert_int_equal(tokens_get(tokens, &authorization, upstream, scope_number(number)), AUTH_READY);
    bool kept = authorization.header != NULL;
    authorization_release(&authorization);
    return kept;
}

static void learn(struct tokens *tokens, struct upstream *upstream, int number)
{
    struct authorization authorization;

    authorization_init(&authorization);
    assert_int_equal(
        tokens_challenged(tokens, &authorization, upstream, scope_number(number), "Basic realm=\"x\""),
        AUTH_READY);
    authorization_release(&authorization);
}

static struct upstream *upstream_with_password(void)
{
    struct upstream_options options = {
        .name = "x", .base_url = "https://x.example/", .username = "joe", .password = SECRET};

    return upstream_new(&options);
}

static void auth_cache_bounded(void **state)
{
    struct tokens *tokens = tokens_new(NULL);
    struct upstream *upstream = upstream_with_password();

    (void)state;
    for (int i = 0; i < TOKENS_MAX; i++)
        learn(tokens, upstream, i);
    assert_true(is_kept(tokens, upstream, 0)); /* used now */
    learn(tokens, upstream, TOKENS_MAX);
    assert_true(is_kept(tokens, upstream, 0));
    assert_false(is_kept(tokens, upstream, 1));
    assert_true(is_kept(tokens, upstream, 2));
    assert_true(is_kept(tokens, upstream, TOKENS_MAX));
    tokens_free(tokens);
    upstream_unref(upstream);
}

static void auth_cache_forgets_idle(void **state)
{
    struct tokens *tokens = tokens_new(NULL);
    struct upstream *upstream = upstream_with_password();

    (void)state;
    learn(tokens, upstream, 0);
    test_clock_pass(0, TOKEN_IDLE_MS / 2);
    learn(tokens, upstream, 1);
    test_clock_pass(0, TOKEN_IDLE_MS / 2 + 1000);
    learn(tokens, upstream, 2);
    assert_false(is_kept(tokens, upstream, 0));
    assert_true(is_kept(tokens, upstream, 1));
    tokens_free(tokens);
    upstream_unref(upstream);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, case_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(auth_anonymous_token),
        TEST(auth_one_token_for_many),
        TEST(auth_token_used_again),
        TEST(auth_scopes_apart),
        TEST(auth_upstreams_apart),
        TEST(auth_renewed_before_expiry),
        TEST(auth_short_life),
        TEST(auth_revoked),
        TEST(auth_validators_sent_again),
        TEST(auth_denied),
        TEST(auth_denied_by_many),
        TEST(auth_denied_and_absent),
        TEST(auth_denied_and_there),
        TEST(auth_denied_and_trouble),
        TEST(auth_absent_with_token),
        TEST(auth_forbidden),
        TEST(auth_no_scope),
        TEST(auth_basic),
        TEST(auth_basic_without_credentials),
        TEST(auth_basic_wrong),
        cmocka_unit_test(auth_base64),
        TEST(auth_credentials_for_token),
        TEST(auth_wrong_credentials),
        TEST(auth_anonymous_refused),
        TEST(auth_token_garbage),
        TEST(auth_token_missing),
        TEST(auth_token_endless),
        TEST(auth_token_redirect_loop),
        TEST(auth_token_404),
        TEST(auth_token_server_recovers),
        TEST(auth_token_server_down),
        TEST(auth_no_challenge),
        TEST(auth_realm_elsewhere),
        TEST(auth_realm_listed),
        TEST(auth_realm_unusable),
        TEST(auth_kept_within_origin),
        TEST(auth_not_to_storage),
        TEST(auth_not_on_the_way_back),
        TEST(auth_basic_not_after_redirect),
        TEST(auth_challenge_of_storage),
        TEST(auth_other_origin),
        TEST(auth_secrets_not_logged),
        TEST(auth_waits_without_place),
        TEST(auth_many_with_one_place),
        TEST(auth_runs_out_in_line),
        TEST(auth_cancel),
        TEST(auth_cancel_one_of_two),
        TEST(auth_stop),
        TEST(auth_head),
        TEST(auth_quota),
        TEST(auth_quota_used_up),
        TEST(auth_signed_url_expires),
        TEST(auth_no_token_to_go_on),
        TEST(auth_thrown_away_in_line),
        cmocka_unit_test(auth_cache_bounded),
        cmocka_unit_test(auth_cache_forgets_idle),
    };

    test_clock_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
