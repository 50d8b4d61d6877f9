/* No state. Half sentences that name a fault; config.c puts the key, the value and the expectation before
 * them. */
#include "base/config_value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

struct unit {
    char letter;
    int64_t factor;
};

/* Largest first, for printing. */
static const struct unit size_units[] = {
    {'T', INT64_C(1) << 40}, {'G', 1 << 30}, {'M', 1 << 20}, {'K', 1 << 10}, {0, 0}};
static const struct unit time_units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}, {0, 0}};

/* ---- numbers with units ---- */

static int parse_with_unit(const char *text, const struct unit *units, int64_t *out)
{
    size_t len = strlen(text);
    uint64_t number;
    int64_t factor = 1;

    for (const struct unit *unit = units; len && unit->letter; unit++) {
        if (text[len - 1] == unit->letter) {
            factor = unit->factor;
            len--;
            break;
        }
    }
    if (text_parse_uint(text, len, &number) < 0 || number > INT64_MAX)
        return -1;
    return __builtin_mul_overflow((int64_t)number, factor, out) ? -1 : 0;
}

int config_parse_size(const char *text, int64_t *bytes)
{
    return parse_with_unit(text, size_units, bytes);
}

int config_parse_time(const char *text, int64_t *seconds)
{
    return parse_with_unit(text, time_units, seconds);
}

static void print_with_unit(struct buf *out, int64_t number, const struct unit *units)
{
    for (const struct unit *unit = units; number && unit->letter; unit++) {
        if (number % unit->factor == 0) {
            buf_printf(out, "%" PRId64 "%c", number / unit->factor, unit->letter);
            return;
        }
    }
    buf_printf(out, "%" PRId64, number);
}

void config_print_size(struct buf *out, int64_t bytes)
{
    print_with_unit(out, bytes, size_units);
}

void config_print_time(struct buf *out, int64_t seconds)
{
    print_with_unit(out, seconds, time_units);
}

void config_print_masked(struct buf *out, const char *text)
{
    const char *scheme = strstr(text, "://");
    const char *at = strrchr(text, '@');
    const char *colon = strchr(scheme ? scheme + strlen("://") : text, ':');

    if (at && colon && colon < at) {
        buf_add(out, text, (size_t)(colon + 1 - text));
        buf_add_text(out, "...");
        text = at;
    }
    buf_add_text(out, text);
}

/* ---- hosts and ports ---- */

static bool is_port(const char *text, size_t len, uint64_t min)
{
    uint64_t port;

    return text_parse_uint(text, len, &port) == 0 && port >= min && port <= 65535;
}

static bool is_ipv6(const char *text, size_t len)
{
    struct in6_addr address;
    char copy[INET6_ADDRSTRLEN];

    if (len >= sizeof(copy))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

static bool is_host_name(const char *text, size_t len)
{
    if (!len || len > 253 || text[0] == '.' || text[0] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
              c == '.' || c == '_'))
            return false;
    }
    return true;
}

/* host, host:port, [ipv6] or [ipv6]:port. */
static const char *authority_problem(const char *text, size_t len)
{
    const char *colon;

    if (!len)
        return "it names no host";
    if (text[0] == '[') {
        const char *end = memchr(text, ']', len);
        if (!end || !is_ipv6(text + 1, (size_t)(end - text - 1)))
            return "the text between [ and ] is not an IPv6 address";
        colon = end + 1 < text + len ? end + 1 : NULL;
        if (colon && *colon != ':')
            return "only a port may follow the address";
    } else {
        colon = memchr(text, ':', len);
        if (!is_host_name(text, colon ? (size_t)(colon - text) : len))
            return "the host is not a name of letters, digits, dots and hyphens";
    }
    if (colon && !is_port(colon + 1, (size_t)(text + len - colon - 1), 1))
        return "the port is not a number from 1 to 65535";
    return NULL;
}

/* ---- URLs ---- */

static const char *path_problem(const char *path)
{
    for (const char *c = path; *c; c++) {
        if (*c == '?')
            return "it has a query (\"?\")";
        if (*c == '#')
            return "it has a fragment (\"#\")";
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || strchr("\"<>\\^`{|}", *c))
            return "it has a character that must be percent-encoded in URLs";
        if (*c == '%' && (text_hex_digit(c[1]) < 0 || text_hex_digit(c[2]) < 0))
            return "a \"%\" is not followed by two hex digits";
    }
    return NULL;
}

const char *config_url_problem(const char *text, struct buf *normal)
{
    const char *authority = text_starts(text, "https://")  ? text + strlen("https://")
                            : text_starts(text, "http://") ? text + strlen("http://")
                                                           : NULL;

    if (!authority)
        return "it begins with neither https:// nor http://";
    size_t len = strcspn(authority, "/?#");
    if (memchr(authority, '@', len))
        return "it has credentials (\"@\")";
    const char *problem = authority_problem(authority, len);
    if (!problem)
        problem = path_problem(authority + len);
    if (problem)
        return problem;
    buf_add_text(normal, text);
    if (!text_ends(text, "/"))
        buf_add_char(normal, '/');
    return NULL;
}

const char *config_proxy_problem(const char *text)
{
    static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (!text_starts(text, schemes[i]))
            continue;
        const char *authority = text + strlen(schemes[i]);
        const char *at = strrchr(authority, '@');
        const char *host = at ? at + 1 : authority;
        size_t len = strlen(host);
        if (len && host[len - 1] == '/')
            len--;
        return authority_problem(host, len);
    }
    return "it begins with none of http://, https://, socks5://, socks5h://";
}

/* ---- listen ---- */

const char *config_listen_problem(const char *text)
{
    struct in_addr ipv4;
    const char *colon = strrchr(text, ':');

    if (text_starts(text, "unix:")) {
        size_t len = strlen(text + strlen("unix:"));
        if (text[strlen("unix:")] != '/')
            return "a path from the root must follow unix:";
        return len < sizeof(((struct sockaddr_un *)0)->sun_path) ? NULL : "the path is too long for a socket";
    }
    if (!colon || !is_port(colon + 1, strlen(colon + 1), 0))
        return "it does not end in a port from 0 to 65535";
    char *CLEANUP_FREE host = xstrndup(text, (size_t)(colon - text));
    if (host[0] == '[') {
        size_t len = strlen(host);
        if (host[len - 1] != ']' || !is_ipv6(host + 1, len - 2))
            return "the text between [ and ] is not an IPv6 address";
        return NULL;
    }
    if (strcmp(host, "*") != 0 && inet_pton(AF_INET, host, &ipv4) != 1)
        return strchr(host, ':') ? "an IPv6 address must be in [ and ]" : "the host is not an IP address";
    return NULL;
}

/* ---- registries ---- */

#define MAX_NAME_BYTES 64

const char *config_host_problem(const char *text)
{
    return authority_problem(text, strlen(text));
}

const char *config_realm_problem(const char *text, struct buf *normal)
{
    size_t len = strlen(text);
    bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';

    if (brackets) {
        text++;
        len -= 2;
    }
    if (is_ipv6(text, len) || (!brackets && is_host_name(text, len))) {
        buf_add(normal, text, len);
        return NULL;
    }
    return strstr(text, "://") ? "it is a whole URL"
           : strchr(text, ':') ? "it has a port"
                               : "it is not a host";
}

const char *config_username_problem(const char *text)
{
    return strchr(text, ':') ? "it has a colon (\":\")" : NULL;
}

/* [upstream "URL"] and upstream = URL are matched as text, so both are kept in one form. */
static void lower_host(char *url)
{
    for (char *c = strstr(url, "://") + strlen("://"); *c && *c != '/'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
}

const char *config_registry_url_problem(const char *text, struct buf *normal)
{
    const char *problem = config_url_problem(text, normal);

    if (problem)
        return problem;
    lower_host(normal->data);
    if (text_ends(normal->data, "/v2/"))
        buf_truncate(normal, normal->len - strlen("v2/"));
    return NULL;
}

const char *config_rewrite_problem(const char *text)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/";
    size_t from = strspn(text, name);
    size_t blanks = strspn(text + from, " \t");
    size_t to = strspn(text + from + blanks, name);

    if (!from || !blanks || !to || text[from + blanks + to])
        return "it is not two words of lower-case letters, digits, \".\", \"_\", \"-\" and \"/\"";
    return NULL;
}

const char *config_clock_problem(const char *text)
{
    uint64_t hour, minute;

    if (strlen(text) != 5 || text[2] != ':' || text_parse_uint(text, 2, &hour) < 0 ||
        text_parse_uint(text + 3, 2, &minute) < 0 || hour > 23 || minute > 59)
        return "it is not one";
    return NULL;
}

const char *config_sdist_problem(const char *text)
{
    if (strcmp(text, "never") != 0 && strcmp(text, "fallback") != 0 && strcmp(text, "always") != 0)
        return "it is none of these";
    return NULL;
}

const char *config_versions_problem(const char *text)
{
    uint64_t number;

    if (strcmp(text, "newest") == 0 || strcmp(text, "all") == 0)
        return NULL;
    return text_parse_uint(text, strlen(text), &number) < 0 || number < 1 || number > INT64_MAX
               ? "it is none of these"
               : NULL;
}

const char *config_pin_problem(const char *text)
{
    if (!text_starts(text, "pypi:") && !text_starts(text, "docker:") && !text_starts(text, "prefetch:"))
        return "it begins with none of pypi:, docker: and prefetch:";
    return NULL;
}

/* ---- names of sections ---- */

const char *config_word_expected(const char *name, struct buf *normal)
{
    size_t len = strlen(name);

    if (!len || len > MAX_NAME_BYTES ||
        len != strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"))
        return "up to 64 letters, digits, dots, hyphens and underscores";
    buf_add(normal, name, len);
    return NULL;
}

/* The name is used as it is in image names and in keys of the store, so it must be one that docker can write:
 * lower case, no underscore, no IPv6 address. */
const char *config_registry_expected(const char *name, struct buf *normal)
{
    static const char expected[] =
        "a registry as images name it: a host in lower case, optionally with a port, such as docker.io";

    if (strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_[]") || authority_problem(name, strlen(name)))
        return expected;
    buf_add_text(normal, name);
    return NULL;
}

const char *config_registry_url_expected(const char *name, struct buf *normal)
{
    return config_registry_url_problem(name, normal)
               ? "the URL of an upstream, as upstream = in a registry's section says it"
               : NULL;
}
