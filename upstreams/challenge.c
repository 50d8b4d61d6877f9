/* Pure, but for the public suffix list. The values read here come from a registry, or from whoever answers
 * in its place, and decide where the password of the administrator goes. So a value that is not understood
 * completely gives no challenge at all, and the token server must belong to the upstream: by domain, as
 * Docker Hub's is at auth.docker.io for registry-1.docker.io, or by a line in the configuration. */
#include "upstreams/challenge.h"

#include <libpsl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/field.h"
#include "formats/url.h"

/* ---- WWW-Authenticate ---- */

/* Stores a known parameter, unless the challenge has it already. */
static void challenge_keep(struct challenge *challenge, const struct field_scan *name, struct buf *value)
{
    const struct {
        const char *name;
        char **member;
    } members[] = {
        {"realm", &challenge->realm},
        {"service", &challenge->service},
        {"scope", &challenge->scope},
        {"error", &challenge->error},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (field_token_is(name, members[i].name) && !*members[i].member && value->len)
            *members[i].member = buf_take(value);
}

/* Skips spaces and empty list elements. */
static void challenge_skip_commas(struct field_scan *scan)
{
    do
        field_skip_space(scan);
    while (field_take_char(scan, ','));
}

/* Takes a token68 (RFC 9110 section 11.2) such as "TlRMTVNTUAAB==": a value without a name, alone after
 * its scheme. */
static bool challenge_take_token68(struct field_scan *scan)
{
    struct field_scan rest = *scan;
    struct field_scan ignored;
    bool some = false;

    while (field_take_token(&rest, &ignored) || field_take_char(&rest, '/'))
        some = true;
    while (field_take_char(&rest, '='))
        ;
    field_skip_space(&rest);
    if (!some || (rest.len && *rest.text != ','))
        return false;
    *scan = rest;
    return true;
}

/* Takes one challenge. Returns false when the text is malformed. Commas separate challenges as well as
 * parameters: a token after a comma is the next scheme unless "=" follows it. */
static bool challenge_take(struct field_scan *scan, struct challenge *out)
{
    struct buf CLEANUP_BUF value = BUF_INIT;
    struct field_scan name, before;

    if (!field_take_token(scan, &name))
        return false;
    out->scheme = field_token_is(&name, "bearer")  ? CHALLENGE_BEARER
                  : field_token_is(&name, "basic") ? CHALLENGE_BASIC
                                                   : CHALLENGE_NONE;
    if (!scan->len || *scan->text == ',')
        return true;
    before = *scan;
    field_skip_space(scan);
    if (before.len == scan->len)
        return false;
    if (challenge_take_token68(scan))
        return true;
    do {
        if (!field_take_parameter(scan, &name, &value))
            break;
        challenge_keep(out, &name, &value);
        field_skip_space(scan);
        if (scan->len && *scan->text != ',')
            return false;
        challenge_skip_commas(scan);
    } while (scan->len);
    return true;
}

void challenge_parse(const char *value, struct challenge *out)
{
    struct field_scan scan = {value, value ? strlen(value) : 0};

    memset(out, 0, sizeof(*out));
    if (scan.len > CHALLENGE_MAX_BYTES)
        return;
    for (challenge_skip_commas(&scan); scan.len; challenge_skip_commas(&scan)) {
        struct challenge CLEANUP_CHALLENGE next = {.scheme = CHALLENGE_NONE};
        if (!challenge_take(&scan, &next)) {
            challenge_release(out);
            return;
        }
        if (next.scheme == CHALLENGE_BEARER && !next.realm)
            next.scheme = CHALLENGE_NONE;
        if (next.scheme > out->scheme) { /* in the order of preference; of equals the first stays */
            /* Swapped, so that the cleanup of `next` frees the lesser one. */
            struct challenge better = next;
            next = *out;
            *out = better;
        }
    }
}

void challenge_release(struct challenge *challenge)
{
    free(challenge->realm);
    free(challenge->service);
    free(challenge->scope);
    free(challenge->error);
    memset(challenge, 0, sizeof(*challenge));
}

/* ---- the token server ---- */

static void token_url_add(const char *name, const char *value, size_t len, bool *has_query, struct buf *out)
{
    char last = out->len ? out->data[out->len - 1] : '\0';

    if (!*has_query || (last != '?' && last != '&'))
        buf_add_char(out, *has_query ? '&' : '?');
    *has_query = true;
    buf_printf(out, "%s=", name);
    text_percent_encode(value, len, "", out);
}

void challenge_token_url(const struct challenge *challenge, const char *scope, struct buf *out)
{
    const char *rest = scope ? scope : challenge->scope;
    size_t realm = strcspn(challenge->realm, "#");
    bool has_query = memchr(challenge->realm, '?', realm) != NULL;
    const char *word;
    size_t len;

    buf_add(out, challenge->realm, realm);
    if (challenge->service)
        token_url_add("service", challenge->service, strlen(challenge->service), &has_query, out);
    while ((word = text_next(&rest, ' ', &len)))
        if (len)
            token_url_add("scope", word, len, &has_query, out);
}

static const psl_ctx_t *suffixes; /* never freed; NULL if this system has no list: then hosts must be equal */
static pthread_once_t suffixes_once = PTHREAD_ONCE_INIT;

static void suffixes_load(void)
{
    suffixes = psl_latest(NULL);
}

/* The forms that the resolver and curl take for an IPv4 address, "127.1" and "0x7f.1" included: the last
 * label is a number. */
static bool host_is_numeric(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *label = dot ? dot + 1 : host;

    if (strchr(host, ':'))
        return true;
    if (label[0] == '0' && (label[1] == 'x' || label[1] == 'X'))
        return label[2 + strspn(label + 2, "0123456789abcdefABCDEF")] == '\0';
    return label[strspn(label, "0123456789")] == '\0';
}

/* The host in lower case without the dot of the root; heap memory. NULL when the URL has none that can be
 * compared: with a "%" in it, the host that curl connects to is another text. */
static char *challenge_host_of(const struct url *url)
{
    char *host = xstrndup(url->host.text, url->host.len);
    size_t len = url->host.len;

    for (size_t i = 0; i < len; i++)
        if (host[i] >= 'A' && host[i] <= 'Z')
            host[i] = (char)(host[i] | 0x20);
    if (len && host[len - 1] == '.')
        host[--len] = '\0';
    if (len && !strchr(host, '%'))
        return host;
    free(host);
    return NULL;
}

static bool hosts_of_same_site(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return true;
    if (host_is_numeric(a) || host_is_numeric(b))
        return false;
    pthread_once(&suffixes_once, suffixes_load);
    const char *domain_a = suffixes ? psl_registrable_domain(suffixes, a) : NULL;
    const char *domain_b = suffixes ? psl_registrable_domain(suffixes, b) : NULL;
    return domain_a && domain_b && strcmp(domain_a, domain_b) == 0;
}

bool challenge_realm_allowed(const char *realm, const char *upstream_url, const char *const *allowed,
                             size_t allowed_count)
{
    struct url url, upstream;

    if (url_split(realm, strlen(realm), &url) < 0 ||
        url_split(upstream_url, strlen(upstream_url), &upstream) < 0)
        return false;
    /* The request may carry a password: not without encryption where the upstream has it. */
    if ((upstream.https && !url.https) || memchr(url.authority.text, '@', url.authority.len))
        return false;
    char *CLEANUP_FREE host = challenge_host_of(&url);
    char *CLEANUP_FREE upstream_host = challenge_host_of(&upstream);
    if (!host)
        return false;
    for (size_t i = 0; i < allowed_count; i++)
        if (strcasecmp(host, allowed[i]) == 0)
            return true;
    return upstream_host && hosts_of_same_site(host, upstream_host);
}

/* "expires_in" is a number of seconds; some servers write it with a fraction. */
static int64_t token_lifetime_s(const json_t *answer)
{
    double seconds = json_number_value(json_object_get(answer, "expires_in"));

    /* Negated, so that NaN counts as absent too. */
    if (!(seconds >= 1))
        return TOKEN_LIFETIME_S;
    return seconds < TOKEN_LIFETIME_MAX_S ? (int64_t)seconds : TOKEN_LIFETIME_MAX_S;
}

/* The token becomes a header value: a line end in it would add headers to our requests. */
static bool token_is_visible(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

int challenge_read_token(const char *body, size_t len, char **token, int64_t *lifetime_s, struct buf *error)
{
    static const struct json_limits limits = {.depth = 16, .containers = 256, .values = 1024};

    if (len > TOKEN_MAX_BYTES) {
        buf_set(error, "has more than %d bytes", TOKEN_MAX_BYTES);
        return -1;
    }
    json_t *CLEANUP_JSON answer = json_read_object(body, len, &limits, error);
    if (!answer)
        return -1;
    const char *text = json_text_member(answer, "token");
    if (!text)
        text = json_text_member(answer, "access_token");
    if (!text || !token_is_visible(text)) {
        buf_set(error, text ? "has a token with characters that do not fit a header"
                            : "has neither \"token\" nor \"access_token\"");
        return -1;
    }
    *token = xstrdup(text);
    *lifetime_s = token_lifetime_s(answer);
    return 0;
}
