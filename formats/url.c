/* RFC 3986, sections 3 (syntax) and 5 (references), for http and https only. URLs come from pages and headers
 * of upstreams; a reference becomes an absolute URL in one plain form here before anything else looks at it:
 * dot segments and stray characters are not left for the policy and for curl to read in two ways.
 *
 * Where real pages break the RFC, this is lenient as browsers and pip are: whitespace around a reference is
 * trimmed, and characters that no URL has (spaces, UTF-8, "\", "|") are escaped in paths and queries. In the
 * host they are refused. */
#include "formats/url.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"

static bool is_url_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim(const char **text, size_t *len)
{
    while (*len && is_url_space(**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len && is_url_space((*text)[*len - 1]))
        (*len)--;
}

/* Length of text before the first of the characters a, b and c. */
static size_t before(const char *text, size_t len, char a, char b, char c)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == a || text[i] == b || text[i] == c)
            return i;
    return len;
}

/* Length of text before the first `stop`. */
static size_t before_one(const char *text, size_t len, char stop)
{
    const char *found = memchr(text, stop, len);

    return found ? (size_t)(found - text) : len;
}

/* Length of "scheme" when the text begins with "scheme:", else 0. "a/b:c" has no scheme: a "/" comes
 * first. */
static size_t scheme_len(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = (char)(text[i] | 0x20);
        if (text[i] == ':')
            return i;
        if (!(c >= 'a' && c <= 'z') &&
            (i == 0 || !((text[i] >= '0' && text[i] <= '9') || strchr("+-.", text[i]))))
            return 0;
    }
    return 0;
}

/* True for characters that a path or a query may have unescaped. "%" is among them: escapes of the reference
 * stay, as decoding and encoding again could make another path of it. */
static bool stays(char c)
{
    switch (c) {
    case '"':
    case '<':
    case '>':
    case '\\':
    case '^':
    case '`':
    case '{':
    case '|':
    case '}':
        return false;
    default:
        return (unsigned char)c > ' ' && (unsigned char)c < 0x7f;
    }
}

/* No check that the name can exist, only that nothing in it could end the host early for another parser, such
 * as "\", "#" or a second "@". */
static bool host_valid(const struct url_span *host, bool bracketed)
{
    for (size_t i = 0; i < host->len; i++) {
        char c = host->text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (!c || !strchr(bracketed ? ":." : "-._~%", c)))
            return false;
    }
    return host->len > 0 && host->len <= 255;
}

static bool user_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!stays(text[i]))
            return false;
    return true;
}

/* authority = [ userinfo "@" ] host [ ":" port ]. Of "a@b@c" the host is c. An empty port is the scheme's
 * own. */
static int split_authority(struct url *url)
{
    const char *at = memrchr(url->authority.text, '@', url->authority.len);
    const char *host = at ? at + 1 : url->authority.text;
    const char *end = url->authority.text + url->authority.len;
    const char *port = NULL;
    bool bracketed = host < end && *host == '[';

    if (bracketed) {
        const char *close = memchr(host, ']', (size_t)(end - host));
        if (!close)
            return -1;
        url->host = (struct url_span){host + 1, (size_t)(close - host - 1)};
        port = close + 1;
        if (port < end && *port != ':')
            return -1;
    } else {
        port = memchr(host, ':', (size_t)(end - host));
        port = port ? port : end;
        url->host = (struct url_span){host, (size_t)(port - host)};
    }
    url->port = url->https ? 443 : 80;
    if (port + 1 < end) {
        uint64_t number;
        if (text_parse_uint(port + 1, (size_t)(end - port - 1), &number) < 0 || !number || number > 65535)
            return -1;
        url->port = (unsigned)number;
    }
    if (at && !user_valid(url->authority.text, (size_t)(at - url->authority.text)))
        return -1;
    return host_valid(&url->host, bracketed) ? 0 : -1;
}

/* Everything after "scheme:". */
static int split_rest(const char *text, size_t len, struct url *out)
{
    if (len < 2 || text[0] != '/' || text[1] != '/')
        return -1;
    text += 2;
    len -= 2;
    size_t authority = before(text, len, '/', '?', '#');
    out->authority = (struct url_span){text, authority};
    text += authority;
    len -= authority;
    size_t path = before(text, len, '?', '#', '#');
    out->path = (struct url_span){text, path};
    out->query = (struct url_span){NULL, 0};
    if (path < len && text[path] == '?')
        out->query = (struct url_span){text + path + 1, before_one(text + path + 1, len - path - 1, '#')};
    return split_authority(out);
}

/* A control character is refused, not escaped: a line break in a URL is an attempt to get it into a header.
 * Spaces in the host are refused by host_valid(). */
static bool printable(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

int url_split(const char *text, size_t len, struct url *out)
{
    size_t scheme = scheme_len(text, len);

    if (len > URL_MAX_BYTES || !printable(text, len))
        return -1;
    if (scheme == 5 && strncasecmp(text, "https", 5) == 0)
        out->https = true;
    else if (scheme == 4 && strncasecmp(text, "http", 4) == 0)
        out->https = false;
    else
        return -1;
    return split_rest(text + scheme + 1, len - scheme - 1, out);
}

/* Appends text with the characters escaped that a path or query may not have. */
static void url_add_escaped(const char *text, size_t len, struct buf *out)
{
    size_t plain = 0;

    for (size_t i = 0; i < len; i++) {
        if (stays(text[i]))
            continue;
        buf_add(out, text + plain, i - plain);
        buf_printf(out, "%%%02X", (unsigned char)text[i]);
        plain = i + 1;
    }
    buf_add(out, text + plain, len - plain);
}

/* Appends the segments of `path` (without its first slash) to out, whose path begins at path_start and ends
 * in "/" now. RFC 3986 section 5.2.4, one segment at a time. ".." above the root stays at the root. */
static void url_add_path(const char *path, size_t len, size_t path_start, struct buf *out)
{
    for (;;) {
        const char *slash = memchr(path, '/', len);
        size_t segment = slash ? (size_t)(slash - path) : len;
        if (segment == 2 && path[0] == '.' && path[1] == '.') {
            if (out->len > path_start + 1) {
                const char *parent = memrchr(out->data + path_start, '/', out->len - path_start - 1);
                out->len = (size_t)(parent - out->data) + 1;
                out->data[out->len] = '\0';
            }
        } else if (!(segment == 1 && path[0] == '.')) {
            url_add_escaped(path, segment, out);
            if (slash)
                buf_add_char(out, '/');
        }
        if (!slash)
            return;
        path = slash + 1;
        len -= segment + 1;
    }
}

static void add_query(const struct url_span *query, struct buf *out)
{
    if (!query->text)
        return;
    buf_add_char(out, '?');
    url_add_escaped(query->text, query->len, out);
}

static void add_root(bool https, const struct url_span *authority, struct buf *out)
{
    buf_add_text(out, https ? "https://" : "http://");
    buf_add(out, authority->text, authority->len);
}

/* An absolute URL, or one that lacks only the scheme. */
static void add_whole(const struct url *url, struct buf *out)
{
    add_root(url->https, &url->authority, out);
    size_t path_start = out->len;
    buf_add_char(out, '/');
    if (url->path.len)
        url_add_path(url->path.text + 1, url->path.len - 1, path_start, out);
    add_query(&url->query, out);
}

/* A reference without scheme and authority: "../a", "/a", "?q", "" (RFC 3986 section 5.2.2). */
static void add_relative(const struct url *base, const char *text, size_t len, struct buf *out)
{
    size_t path = before_one(text, len, '?');
    struct url_span query = {NULL, 0};

    if (path < len)
        query = (struct url_span){text + path + 1, len - path - 1};
    add_root(base->https, &base->authority, out);
    size_t path_start = out->len;
    buf_add_char(out, '/');
    if (path && text[0] == '/') {
        url_add_path(text + 1, path - 1, path_start, out);
    } else if (path) {
        const char *last = memrchr(base->path.text, '/', base->path.len);
        if (last > base->path.text)
            url_add_path(base->path.text + 1, (size_t)(last - base->path.text), path_start, out);
        url_add_path(text, path, path_start, out);
    } else {
        if (base->path.len)
            url_add_path(base->path.text + 1, base->path.len - 1, path_start, out);
        if (!query.text)
            query = base->query;
    }
    add_query(&query, out);
}

int url_resolve(const char *base, const char *reference, size_t len, struct buf *out)
{
    struct url base_url, url;
    size_t start = out->len;

    trim(&reference, &len);
    len = before_one(reference, len, '#');
    if (len > URL_MAX_BYTES || !printable(reference, len))
        return -1;
    if (scheme_len(reference, len)) {
        if (url_split(reference, len, &url) < 0)
            return -1;
        add_whole(&url, out);
    } else {
        if (url_split(base, strlen(base), &base_url) < 0)
            return -1;
        url.https = base_url.https;
        if (len >= 2 && reference[0] == '/' && reference[1] == '/') {
            if (split_rest(reference, len, &url) < 0)
                return -1;
            add_whole(&url, out);
        } else {
            add_relative(&base_url, reference, len, out);
        }
    }
    if (out->len - start <= URL_MAX_BYTES)
        return 0;
    out->len = start;
    out->data[start] = '\0';
    return -1;
}
