/* The redirect policy. Any thread; no state but the environment.
 *
 * URLs are taken apart by the parser of curl, which will connect: with another one the host that was
 * checked might not be the host that is connected to. */
#include "upstreams/hop.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/address.h"
#include "formats/url.h"
#include "upstreams/upstream.h"

static void cleanup_parts(CURLU **parts)
{
    curl_url_cleanup(*parts);
}
#define CLEANUP_PARTS __attribute__((cleanup(cleanup_parts)))

void hop_release(struct hop *hop)
{
    free(hop->url);
    free(hop->shown);
    free(hop->host);
    free(hop->origin);
    free(hop->proxy);
    *hop = (struct hop)HOP_INIT;
}

/* Heap memory; "" when the URL has no such part. */
static char *url_part_of(CURLU *parts, CURLUPart which)
{
    char *text = NULL;

    if (curl_url_get(parts, which, &text, 0) != CURLUE_OK)
        return xstrdup("");
    char *copy = xstrdup(text);
    curl_free(text);
    return copy;
}

static char *hop_host_of(CURLU *parts)
{
    char *host = url_part_of(parts, CURLUPART_HOST);
    size_t len = strlen(host);

    if (len > 2 && host[0] == '[') {
        memmove(host, host + 1, len - 2);
        host[len - 2] = '\0';
    }
    return host;
}

static char *hop_shown_of(CURLU *parts)
{
    CURLU *CLEANUP_PARTS bare = curl_url_dup(parts);

    if (!bare)
        return xstrdup("");
    curl_url_set(bare, CURLUPART_QUERY, NULL, 0);
    curl_url_set(bare, CURLUPART_USER, NULL, 0);
    curl_url_set(bare, CURLUPART_PASSWORD, NULL, 0);
    curl_url_set(bare, CURLUPART_OPTIONS, NULL, 0);
    return url_part_of(bare, CURLUPART_URL);
}

/* Origins are compared as text, so case is folded and a default port spelled out. */
static char *hop_origin_of(CURLU *parts)
{
    char *CLEANUP_FREE scheme = url_part_of(parts, CURLUPART_SCHEME);
    char *CLEANUP_FREE host = url_part_of(parts, CURLUPART_HOST);
    char *port = NULL;

    if (curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return xstrdup(""); /* a scheme without ports */
    char *origin = xasprintf("%s://%s:%s", scheme, host, port);
    curl_free(port);
    for (char *c = origin; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 0x20);
    return origin;
}

/* "localhost" and the names in it (RFC 6761 section 6.3), with or without the dot of the root. */
static bool names_this_machine(const char *host)
{
    size_t len = strlen(host);
    size_t dot = len && host[len - 1] == '.' ? 1 : 0;

    len -= dot;
    return len >= 9 && strncasecmp(host + len - 9, "localhost", 9) == 0 &&
           (len == 9 || host[len - 10] == '.');
}

static int hop_check_host(const struct hop *hop, struct buf *problem)
{
    bool numeric;

    if (hop->trusted)
        return 0;
    if (!address_text_public(hop->host, &numeric) && numeric) {
        buf_set(problem, "%s is an address inside a private network, which only a configured host may have",
                hop->host);
        return -1;
    }
    /* The proxy would resolve the name to itself: a redirect could reach services on that machine. */
    if (*hop->proxy && names_this_machine(hop->host)) {
        buf_set(problem, "%s is this machine itself, which only a configured host may be", hop->host);
        return -1;
    }
    return 0;
}

/* Everything is checked before the hop is replaced. */
static int hop_from_parts(struct hop *hop, const struct upstream *upstream, CURLU *parts, struct buf *problem)
{
    char *CLEANUP_FREE scheme = url_part_of(parts, CURLUPART_SCHEME);
    struct hop next = HOP_INIT;

    next.https = strcasecmp(scheme, "https") == 0;
    if (!next.https && strcasecmp(scheme, "http") != 0) {
        buf_set(problem, "leads to the scheme \"%s\"; only http and https are followed", scheme);
        return -1;
    }
    if (hop->https && !next.https) {
        buf_set(problem, "leads from https to http, which is not followed");
        return -1;
    }
    curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0);
    next.url = url_part_of(parts, CURLUPART_URL);
    next.shown = hop_shown_of(parts);
    next.host = hop_host_of(parts);
    next.origin = hop_origin_of(parts);
    next.proxy = hop_proxy(upstream_get_options(upstream)->proxy, next.https, next.host);
    next.trusted = upstream_trusts_host(upstream, next.host);
    if (hop_check_host(&next, problem) < 0) {
        hop_release(&next);
        return -1;
    }
    hop_release(hop);
    *hop = next;
    return 0;
}

static int hop_set_url(CURLU *parts, const char *url, struct buf *problem)
{
    CURLUcode code = CURLUE_MALFORMED_INPUT;

    /* NON_SUPPORT_SCHEME lets our policy refuse a scheme, which can name it. URLENCODE, since servers send
     * spaces and UTF-8 in Location. */
    if (parts && strlen(url) <= URL_MAX_BYTES)
        code = curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE);
    if (code == CURLUE_OK)
        return 0;
    /* Secrets come before an "@" or after a "?"; no part that may hold one is repeated. */
    int len = strchr(url, '@') ? 0 : (int)strcspn(url, "?");
    buf_set(problem, "\"%.*s\" is not a usable URL (%s)", len < 200 ? len : 200, url,
            curl_url_strerror(code));
    return -1;
}

/* struct hop's origin of a URL, read by the same parser; NULL if it is not usable. */
static char *hop_origin_of_url(const char *url)
{
    CURLU *CLEANUP_PARTS parts = curl_url();
    struct buf CLEANUP_BUF problem = BUF_INIT;

    return hop_set_url(parts, url, &problem) < 0 ? NULL : hop_origin_of(parts);
}

/* files_url is not home: its host may have a private address, but gets no credentials. */
bool hop_is_home(const struct upstream *upstream, const char *url)
{
    char *CLEANUP_FREE origin = hop_origin_of_url(url);
    char *CLEANUP_FREE home = hop_origin_of_url(upstream_get_options(upstream)->base_url);

    return origin && home && *home && strcmp(origin, home) == 0;
}

int hop_start(struct hop *hop, const struct upstream *upstream, const char *url, struct buf *problem)
{
    CURLU *CLEANUP_PARTS parts = curl_url();

    if (hop_set_url(parts, url, problem) < 0)
        return -1;
    return hop_from_parts(hop, upstream, parts, problem);
}

int hop_follow(struct hop *hop, const struct upstream *upstream, const char *location, struct buf *problem)
{
    CURLU *CLEANUP_PARTS parts = curl_url();

    /* curl resolves the second against the first. */
    if (hop_set_url(parts, hop->url, problem) < 0 || hop_set_url(parts, location, problem) < 0)
        return -1;
    return hop_from_parts(hop, upstream, parts, problem);
}

/* One entry of no_proxy: "*", a domain with or without a leading dot, an address or a network. */
static bool no_proxy_entry_covers(const char *entry, const char *host)
{
    size_t host_len = strlen(host);
    size_t len;

    if (strcmp(entry, "*") == 0 || address_text_in(host, entry))
        return true;
    while (*entry == '.')
        entry++;
    len = strlen(entry);
    if (host_len && host[host_len - 1] == '.')
        host_len--;
    if (len && entry[len - 1] == '.')
        len--;
    if (!len || len > host_len || strncasecmp(host + host_len - len, entry, len) != 0)
        return false;
    return len == host_len || host[host_len - len - 1] == '.';
}

static bool no_proxy_covers(const char *list, const char *host)
{
    struct buf CLEANUP_BUF entry = BUF_INIT;

    while (*list) {
        size_t len = strcspn(list, ", ");
        buf_reset(&entry);
        buf_add(&entry, list, len);
        if (len && no_proxy_entry_covers(entry.data, host))
            return true;
        list += len;
        list += strspn(list, ", ");
    }
    return false;
}

static const char *proxy_variable(const char *lower, const char *upper)
{
    const char *value = getenv(lower);

    if (!value && upper)
        value = getenv(upper);
    return value && *value ? value : NULL;
}

/* `configured` may be "": no proxy, whatever the environment says. */
char *hop_proxy(const char *configured, bool https, const char *host)
{
    if (configured)
        return xstrdup(configured);
    const char *except = proxy_variable("no_proxy", "NO_PROXY");
    if (except && no_proxy_covers(except, host))
        return xstrdup("");
    /* Upper-case HTTP_PROXY is left alone: under CGI a client can set it. */
    const char *proxy =
        https ? proxy_variable("https_proxy", "HTTPS_PROXY") : proxy_variable("http_proxy", NULL);
    if (!proxy)
        proxy = proxy_variable("all_proxy", "ALL_PROXY");
    return xstrdup(proxy ? proxy : "");
}
