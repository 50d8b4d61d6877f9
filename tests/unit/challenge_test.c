/* WWW-Authenticate, which token servers may be asked, and what they answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/memory.h"
#include "upstreams/challenge.h"

/* ---- WWW-Authenticate ---- */

static void assert_text(const char *value, const char *what, const char *got, const char *expected)
{
    if ((got == NULL) != (expected == NULL) || (got && strcmp(got, expected) != 0))
        fail_msg("%s has the %s %s where %s was expected", value, what, got ? got : "NULL",
                 expected ? expected : "NULL");
}

static void check_bearer(const char *value, const char *realm, const char *service, const char *scope,
                         const char *error)
{
    struct challenge CLEANUP_CHALLENGE challenge;

    challenge_parse(value, &challenge);
    assert_int_equal(challenge.scheme, CHALLENGE_BEARER);
    assert_text(value, "realm", challenge.realm, realm);
    assert_text(value, "service", challenge.service, service);
    assert_text(value, "scope", challenge.scope, scope);
    assert_text(value, "error", challenge.error, error);
}

static void check_scheme(const char *value, enum challenge_scheme expected)
{
    struct challenge CLEANUP_CHALLENGE challenge;

    challenge_parse(value, &challenge);
    if (challenge.scheme != expected)
        fail_msg("%s has the scheme %d where %d was expected", value, challenge.scheme, expected);
    if (expected == CHALLENGE_NONE)
        assert_true(!challenge.realm && !challenge.service && !challenge.scope && !challenge.error);
}

static void challenge_bearer(void **state)
{
    (void)state;
    check_bearer("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
                 "scope=\"repository:library/nginx:pull\"",
                 "https://auth.docker.io/token", "registry.docker.io", "repository:library/nginx:pull", NULL);
    check_bearer("bearer REALM=\"https://a.example/t\" , Scope=\"a b\", error=insufficient_scope",
                 "https://a.example/t", NULL, "a b", "insufficient_scope");
    check_bearer("Bearer realm = \"https://a.example/\\\"x\\\\\", service=\"a,b=c\"",
                 "https://a.example/\"x\\", "a,b=c", NULL, NULL);
    check_bearer("BEARER\t realm=\"r\",,service=\"\", unknown=1,", "r", NULL, NULL, NULL);
    check_bearer("Bearer realm=one, realm=two", "one", NULL, NULL, NULL);
}

static void challenge_several(void **state)
{
    (void)state;
    const char *bearer = "https://a.example/t";

    check_bearer("Basic realm=\"x\", Bearer realm=\"https://a.example/t\"", bearer, NULL, NULL, NULL);
    check_bearer("Bearer realm=\"https://a.example/t\", Basic realm=\"x\"", bearer, NULL, NULL, NULL);
    check_bearer("Negotiate, NTLM TlRMTVNTUAAB==, Bearer realm=\"https://a.example/t\"", bearer, NULL, NULL,
                 NULL);
    check_bearer("Digest realm=\"d\", nonce=\"n, Bearer realm=x\", Bearer realm=\"https://a.example/t\"",
                 bearer, NULL, NULL, NULL);
    check_bearer("Bearer, Bearer realm=\"https://a.example/t\",service=s, Bearer realm=other", bearer, "s",
                 NULL, NULL);
    check_bearer(", Bearer realm=\"https://a.example/t\", Unknown", bearer, NULL, NULL, NULL);
    check_scheme("Basic", CHALLENGE_BASIC);
    check_scheme("basic realm=\"Registry Realm\"", CHALLENGE_BASIC);
    check_scheme("Bearer service=\"no realm\", Basic realm=\"x\"", CHALLENGE_BASIC);
    check_scheme("Basic , Digest a=b", CHALLENGE_BASIC);
    check_scheme("Negotiate abc=, Basic", CHALLENGE_BASIC);
}

static void challenge_none(void **state)
{
    (void)state;
    static const char *const values[] = {
        "",
        " ,, ",
        "Bearer",
        "Bearer ",
        "Bearer service=\"s\"",
        "Bearer realm=\"\"",
        "Bearer realm",
        "Bearer realm=",
        "Bearer abc==",
        "Digest realm=\"d\"",
        "Negotiate",
        "BearerX realm=\"r\"",
        "=",
        "\"Bearer\" realm=\"r\"",
        "Bearer=realm",
        "Bearer realm=\"unterminated",
        "Bearer realm=\"ends in a backslash\\",
        "Bearer realm=\"r\" service=\"s\"",
        "Bearer realm=\"r\"x",
        "Bearer realm=\"r\", =x",
        "Bearer realm=\"r\", service=",
        "Bearer realm=https://a.example/t",
        "Bearer realm=\"a\r\nb\"",
        ("Bearer realm=\"a\x01"
         "b\""),
        "Basic realm=\"unterminated",
    };
    check_scheme(NULL, CHALLENGE_NONE);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        check_scheme(values[i], CHALLENGE_NONE);
}

static void challenge_length_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF value = BUF_INIT;

    buf_add_text(&value, "Bearer realm=");
    while (value.len < CHALLENGE_MAX_BYTES)
        buf_add_char(&value, 'x');
    check_scheme(value.data, CHALLENGE_BEARER);
    buf_add_char(&value, 'x');
    check_scheme(value.data, CHALLENGE_NONE);
}

/* ---- the token request ---- */

static void challenge_token_urls(void **state)
{
    (void)state;
    static const struct {
        const char *challenge;
        const char *scope;
        const char *expected;
    } cases[] = {
        {"Bearer realm=\"https://a.example/t\"", NULL, "https://a.example/t"},
        {"Bearer realm=\"https://a.example/t\",service=\"r.example\"", "repository:a/b:pull",
         "https://a.example/t?service=r.example&scope=repository%3Aa%2Fb%3Apull"},
        {"Bearer realm=\"https://a.example/t\",scope=\"one two\"", NULL,
         "https://a.example/t?scope=one&scope=two"},
        {"Bearer realm=\"https://a.example/t\",scope=\"one\"", " three  four ",
         "https://a.example/t?scope=three&scope=four"},
        {"Bearer realm=\"https://a.example/t\",scope=\"one\"", "", "https://a.example/t"},
        {"Bearer realm=\"https://a.example/t?x=y\",service=s", NULL, "https://a.example/t?x=y&service=s"},
        {"Bearer realm=\"https://a.example/t?x=y&\",service=s", NULL, "https://a.example/t?x=y&service=s"},
        {"Bearer realm=\"https://a.example/t?\",service=s", "o", "https://a.example/t?service=s&scope=o"},
        {"Bearer realm=\"https://a.example/t#f?\",service=s", NULL, "https://a.example/t?service=s"},
        {"Bearer realm=\"https://a.example/t\",service=\"a&b=c#d e\"", NULL,
         "https://a.example/t?service=a%26b%3Dc%23d%20e"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct challenge CLEANUP_CHALLENGE challenge;
        struct buf CLEANUP_BUF url = BUF_INIT;
        challenge_parse(cases[i].challenge, &challenge);
        assert_int_equal(challenge.scheme, CHALLENGE_BEARER);
        challenge_token_url(&challenge, cases[i].scope, &url);
        assert_string_equal(url.data, cases[i].expected);
    }
}

/* ---- which token servers ---- */

static void check_realm(const char *realm, const char *upstream, bool expected)
{
    static const char *const allowed[] = {"tokens.elsewhere.example", "10.1.1.1"};

    if (challenge_realm_allowed(realm, upstream, allowed, 2) != expected)
        fail_msg("%s is %s for %s", realm, expected ? "refused" : "allowed", upstream);
}

static void challenge_realm_same_site(void **state)
{
    (void)state;
    check_realm("https://auth.docker.io/token", "https://registry-1.docker.io/", true);
    check_realm("https://auth.m.daocloud.io/token", "https://docker.m.daocloud.io/", true);
    check_realm("https://AUTH.Docker.IO./token", "https://registry-1.docker.io/", true);
    check_realm("https://r.example/token", "https://r.example:8443/prefix/", true);
    check_realm("https://r.example:5001/token", "https://r.example/", true);
    check_realm("https://r.example/token", "http://r.example/", true);
    check_realm("http://r.example/token", "http://r.example/", true);
    check_realm("https://auth.corp.internal/token", "https://registry.corp.internal/", true);
    check_realm("https://a.b.co.uk/", "https://c.b.co.uk/", true);
}

static void challenge_realm_other_site(void **state)
{
    (void)state;
    check_realm("https://auth.evil.example/", "https://r.good.example/", false);
    check_realm("https://docker.io.evil.example/", "https://registry-1.docker.io/", false);
    check_realm("https://evildocker.io/", "https://docker.io/", false);
    check_realm("https://evil.co.uk/", "https://good.co.uk/", false);
    /* Private suffixes: each name below belongs to someone else. */
    check_realm("https://evil.github.io/", "https://good.github.io/", false);
    check_realm("https://github.io/", "https://good.github.io/", false);
    check_realm("https://good.github.io/", "https://github.io/", false);
}

static void challenge_realm_schemes(void **state)
{
    (void)state;
    check_realm("http://r.example/token", "https://r.example/", false);
    check_realm("http://tokens.elsewhere.example/", "https://r.example/", false);
    check_realm("ftp://r.example/token", "https://r.example/", false);
    check_realm("file:///etc/passwd", "https://r.example/", false);
    check_realm("//r.example/token", "https://r.example/", false);
    check_realm("r.example", "https://r.example/", false);
    check_realm("", "https://r.example/", false);
    check_realm("https://user:pw@r.example/", "https://r.example/", false);
    check_realm("https://r.example@evil.example/", "https://r.example/", false);
    check_realm("https://r.example/", "no url", false);
}

static void challenge_realm_numbers_and_labels(void **state)
{
    (void)state;
    check_realm("https://10.0.0.1:5001/t", "https://10.0.0.1/", true);
    check_realm("https://9.0.0.1/t", "https://10.0.0.1/", false);
    check_realm("https://127.1/t", "https://10.127.1/", false);
    check_realm("https://0x7f.0x1/t", "https://a.0x7f.0x1/", false);
    check_realm("https://10.0.0.1./t", "https://9.0.0.1/", false);
    check_realm("https://[::1]/t", "https://[::1]:5000/", true);
    check_realm("https://[::2]/t", "https://[::1]/", false);
    check_realm("https://localhost/t", "https://localhost:5000/", true);
    check_realm("https://registry/t", "https://auth/", false);
    check_realm("https://r%2eexample/t", "https://r%2eexample/", false);
}

static void challenge_realm_listed(void **state)
{
    (void)state;
    check_realm("https://Tokens.Elsewhere.example:444/t", "https://r.example/", true);
    check_realm("https://10.1.1.1/t", "https://r.example/", true);
    check_realm("https://sub.tokens.elsewhere.example/", "https://r.example/", false);
}

/* ---- the token server's answer ---- */

static void check_token(const char *body, const char *expected, int64_t expected_s)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    char *CLEANUP_FREE token = NULL;
    int64_t lifetime_s = -1;

    if (challenge_read_token(body, strlen(body), &token, &lifetime_s, &error) < 0)
        fail_msg("%s: %s", body, error.data);
    assert_string_equal(token, expected);
    assert_int_equal(lifetime_s, expected_s);
}

static void token_answers(void **state)
{
    (void)state;
    check_token("{\"token\":\"abc\"}", "abc", TOKEN_LIFETIME_S);
    check_token("{\"access_token\":\"abc\",\"expires_in\":300}", "abc", 300);
    check_token(" {\"token\":\"one\",\"access_token\":\"two\"}\n", "one", TOKEN_LIFETIME_S);
    check_token("{\"token\":\"\",\"access_token\":\"two\"}", "two", TOKEN_LIFETIME_S);
    check_token("{\"token\":null,\"access_token\":\"two\",\"issued_at\":\"x\"}", "two", TOKEN_LIFETIME_S);
    check_token("{\"token\":\"aA0-._~+/==\"}", "aA0-._~+/==", TOKEN_LIFETIME_S);
}

static void token_lifetimes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t expected_s;
    } cases[] = {
        {"1", 1},
        {"0", TOKEN_LIFETIME_S},
        {"-5", TOKEN_LIFETIME_S},
        {"null", TOKEN_LIFETIME_S},
        {"\"300\"", TOKEN_LIFETIME_S},
        {"[300]", TOKEN_LIFETIME_S},
        {"0.5", TOKEN_LIFETIME_S},
        {"299.9", 299},
        {"86399", 86399},
        {"86401", TOKEN_LIFETIME_MAX_S},
        {"9223372036854775807", TOKEN_LIFETIME_MAX_S},
        {"-9223372036854775808", TOKEN_LIFETIME_S},
        {"1e300", TOKEN_LIFETIME_MAX_S},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf CLEANUP_BUF body = BUF_INIT;
        buf_printf(&body, "{\"token\":\"t\",\"expires_in\":%s}", cases[i].text);
        check_token(body.data, "t", cases[i].expected_s);
    }
}

static void check_no_token(const char *body, size_t len, const char *expected)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    char *token = NULL;
    int64_t lifetime_s = -1;

    if (challenge_read_token(body, len, &token, &lifetime_s, &error) != -1)
        fail_msg("%s is accepted", body);
    assert_null(token);
    if (!strstr(error.data, expected))
        fail_msg("%.100s: \"%s\" where \"%s\" was expected", body, error.data, expected);
    assert_null(strstr(error.data, "secret"));
}

static void token_answers_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "is empty"},
        {"<html>secret</html>", "is HTML"},
        {"secret", "is not valid JSON"},
        {"[\"secret\"]", "not an object"},
        {"{}", "has neither"},
        {"{\"token\":42}", "has neither"},
        {"{\"details\":\"secret\"}", "has neither"},
        {"{\"token\":\"secret\"", "is not valid JSON"},
        {"{\"token\":\"secret\"}x", "is not valid JSON"},
        {"{\"token\":\"secret\"}{}", "is not valid JSON"},
        {"{\"token\":\"secret\",\"token\":\"secret\"}", "names a member twice"},
        {"{\"token\":\"secret\",\"expires_in\":99999999999999999999}", "a number that is too big"},
        {"{\"token\":\"sec ret\"}", "do not fit a header"},
        {"{\"token\":\"a\\r\\nX-Evil: 1\"}", "do not fit a header"},
        {"{\"token\":\"a\\u0000b\"}", "is not valid JSON"},
        {"{\"token\":\"\xc3\xa9\"}", "do not fit a header"},
        {"{\"token\":\"\xff\"}", "is not valid JSON"},
        {"{\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "nests deeper than 16 levels"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_no_token(cases[i][0], strlen(cases[i][0]), cases[i][1]);
}

static void token_answers_size_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF body = BUF_INIT;

    buf_add_text(&body, "{\"token\":\"t\"}");
    while (body.len < TOKEN_MAX_BYTES)
        buf_add_char(&body, ' ');
    check_token(body.data, "t", TOKEN_LIFETIME_S);
    buf_add_char(&body, ' ');
    check_no_token(body.data, body.len, "has more than 16384 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge_bearer),
        cmocka_unit_test(challenge_several),
        cmocka_unit_test(challenge_none),
        cmocka_unit_test(challenge_length_limit),
        cmocka_unit_test(challenge_token_urls),
        cmocka_unit_test(challenge_realm_same_site),
        cmocka_unit_test(challenge_realm_other_site),
        cmocka_unit_test(challenge_realm_schemes),
        cmocka_unit_test(challenge_realm_numbers_and_labels),
        cmocka_unit_test(challenge_realm_listed),
        cmocka_unit_test(token_answers),
        cmocka_unit_test(token_lifetimes),
        cmocka_unit_test(token_answers_refused),
        cmocka_unit_test(token_answers_size_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
