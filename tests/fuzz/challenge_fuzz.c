/* WWW-Authenticate, realms, and the token server's answers. */
#include <ctype.h>
#include <stdint.h>
#include <strings.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/url.h"
#include "upstreams/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_parameter(const char *name, const char *value, struct buf *out)
{
    if (!value)
        return;
    CHECK(*value);
    buf_printf(out, "%s%s=\"", text_ends(out->data, " ") ? "" : ", ", name);
    for (; *value; value++) {
        CHECK(!iscntrl((unsigned char)*value) || *value == '\t');
        if (*value == '"' || *value == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *value);
    }
    buf_add_char(out, '"');
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Written out again it is read as the same, unless the escapes made it too long. */
static void check_round_trip(const struct challenge *challenge)
{
    struct buf CLEANUP_BUF printed = BUF_INIT;
    struct challenge CLEANUP_CHALLENGE again;

    buf_add_text(&printed, challenge->scheme == CHALLENGE_BEARER ? "Bearer " : "Basic ");
    print_parameter("realm", challenge->realm, &printed);
    print_parameter("service", challenge->service, &printed);
    print_parameter("scope", challenge->scope, &printed);
    print_parameter("error", challenge->error, &printed);
    challenge_parse(printed.data, &again);
    if (printed.len > CHALLENGE_MAX_BYTES)
        return;
    CHECK(again.scheme == challenge->scheme && same(again.realm, challenge->realm));
    CHECK(same(again.service, challenge->service) && same(again.scope, challenge->scope));
    CHECK(same(again.error, challenge->error));
}

/* Whatever service and scope are, they stay inside their parameters. */
static void check_token_url(const struct challenge *challenge)
{
    struct buf CLEANUP_BUF url = BUF_INIT;
    size_t realm_len = strcspn(challenge->realm, "#");

    challenge_token_url(challenge, NULL, &url);
    CHECK(url.len >= realm_len && memcmp(url.data, challenge->realm, realm_len) == 0);
    const char *added = url.data + realm_len;
    CHECK(added[strspn(added, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%&=?")] ==
          '\0');
    CHECK(!strchr(url.data, '#'));
}

static void check_challenge(const char *value)
{
    struct challenge CLEANUP_CHALLENGE challenge;

    challenge_parse(value, &challenge);
    if (challenge.scheme == CHALLENGE_NONE) {
        CHECK(!challenge.realm && !challenge.service && !challenge.scope && !challenge.error);
        return;
    }
    check_round_trip(&challenge);
    if (challenge.scheme == CHALLENGE_BEARER)
        check_token_url(&challenge);
}

/* A token server that may be asked for docker.io's upstream is docker.io's. */
static void check_realm(const char *realm)
{
    struct url url;

    if (!challenge_realm_allowed(realm, "https://registry-1.docker.io/", NULL, 0))
        return;
    CHECK(url_split(realm, strlen(realm), &url) == 0 && url.https);
    size_t len = url.host.len - (url.host.text[url.host.len - 1] == '.');
    CHECK(len >= 9 && strncasecmp(url.host.text + len - 9, "docker.io", 9) == 0);
    CHECK(len == 9 || url.host.text[len - 10] == '.');
}

static void check_answer(const char *body, size_t len)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    char *CLEANUP_FREE token = NULL;
    int64_t lifetime_s = 0;

    if (challenge_read_token(body, len, &token, &lifetime_s, &error) < 0) {
        CHECK(error.len && !token);
        return;
    }
    CHECK(*token && strlen(token) <= TOKEN_MAX_BYTES);
    CHECK(lifetime_s >= 1 && lifetime_s <= TOKEN_LIFETIME_MAX_S);
    for (const char *c = token; *c; c++)
        CHECK(isgraph((unsigned char)*c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *CLEANUP_FREE text = xstrndup((const char *)data, size);

    check_challenge(text);
    check_realm(text);
    check_answer((const char *)data, size);
    return 0;
}
