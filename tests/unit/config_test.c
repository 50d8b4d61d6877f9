/* mirror.conf: what is read, what is refused, and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/config_file.h"
#include "base/config_value.h"
#include "base/memory.h"
#include "base/text.h"

#define UPSTREAM "[pypi \"a\"]\nindex = https://a.example/simple/\n"

static struct config *parsed(const char *text)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct config *config = NULL;

    if (config_parse(text, strlen(text), "m.conf", &config, &error) < 0)
        fail_msg("refused: %s", error.data);
    return config;
}

/* `expected` is how the message begins; a whole message ends in "$". */
static void refused_n(const char *text, size_t len, const char *expected)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct config *config = NULL;
    size_t expected_len = strlen(expected);
    bool whole = text_ends(expected, "$");

    if (config_parse(text, len, "m.conf", &config, &error) == 0)
        fail_msg("accepted, but should be refused with: %s", expected);
    assert_null(config);
    if (whole)
        expected_len--;
    if (strncmp(error.data, expected, expected_len) != 0 || (whole && error.len != expected_len))
        fail_msg("refused with:  %s\nnot with:      %s", error.data, expected);
}

static void refused(const char *text, const char *expected)
{
    refused_n(text, strlen(text), expected);
}

/* One key in [server] after a good upstream section: it stands in line 4. */
static void refused_key(const char *section, const char *line, const char *expected)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct buf CLEANUP_BUF message = BUF_INIT;

    buf_printf(&text, UPSTREAM "%s\n%s\n", section, line);
    buf_printf(&message, "m.conf:4: %s", expected);
    refused(text.data, message.data);
}

/* ---- what is read ---- */

static void config_defaults(void **state)
{
    (void)state;
    struct config *config = parsed(UPSTREAM);

    assert_int_equal(config->server.listen.count, 1);
    assert_string_equal(config->server.listen.items[0], "127.0.0.1:8080");
    assert_int_equal(config->server.workers, 0);
    assert_int_equal(config->server.max_connections, 20000);
    assert_int_equal(config->server.max_connections_per_client, 2000);
    assert_int_equal(config->server.memory_cache_bytes, 128 << 20);
    assert_string_equal(config->server.access_log, "-");
    assert_null(config->server.public_url);
    assert_false(config->server.offline);
    assert_string_equal(config->storage.path, "./var");
    assert_true(config->storage.max_size_bytes == INT64_C(100) << 30);
    assert_true(config->storage.min_free_bytes == INT64_C(2) << 30);
    assert_int_equal(config->storage.keep_s, 0);
    assert_int_equal(config->storage.pins.count, 0);
    assert_int_equal(config->pypi.ttl_s, 600);
    assert_int_equal(config->pypi.stale_ttl_s, 86400);
    assert_int_equal(config->pypi.negative_ttl_s, 60);
    assert_int_equal(config->pypi.list_ttl_s, 86400);
    assert_int_equal(config->pypi.max_page_bytes, 64 << 20);
    config_free(config);
}

static void config_upstream_defaults(void **state)
{
    (void)state;
    struct config *config = parsed(UPSTREAM);

    assert_int_equal(config->pypi_upstream_count, 1);
    const struct pypi_upstream_config *upstream = &config->pypi_upstreams[0];
    assert_string_equal(upstream->name, "a");
    assert_string_equal(upstream->index, "https://a.example/simple/");
    assert_null(upstream->files);
    assert_null(upstream->json);
    assert_int_equal(upstream->common.connections, 8);
    assert_int_equal(upstream->common.connect_timeout_s, 5);
    assert_int_equal(upstream->common.first_byte_timeout_s, 30);
    assert_int_equal(upstream->common.stall_timeout_s, 30);
    assert_null(upstream->common.proxy);
    config_free(config);
}

static void config_every_key(void **state)
{
    (void)state;
    struct config *config = parsed("[server]\n"
                                   "listen = 0.0.0.0:80\n"
                                   "listen = [::1]:0\n"
                                   "listen = *:8080\n"
                                   "listen = unix:/run/yizhan.sock\n"
                                   "workers = 7\n"
                                   "max_connections = 10\n"
                                   "max_connections_per_client = 5\n"
                                   "memory_cache = 0\n"
                                   "access_log = /var/log/yizhan log\n"
                                   "public_url = https://mirror.example:8443\n"
                                   "offline = yes\n"
                                   "[storage]\n"
                                   "path = /srv/yizhan\n"
                                   "max_size = 1T\n"
                                   "min_free = 512M\n"
                                   "keep = 30d\n"
                                   "pin = pypi:flask==3.0.0\n"
                                   "pin = docker:docker.io/library/nginx:1.27\n"
                                   "[pypi]\n"
                                   "ttl = 1h\n"
                                   "stale_ttl = 7d\n"
                                   "negative_ttl = 0\n"
                                   "list_ttl = 90\n"
                                   "max_page = 16K\n"
                                   "[pypi \"far.away_2\"]\n"
                                   "index = http://[fd00::1]:3141/root/pypi/+simple\n"
                                   "files = http://files.example/packages\n"
                                   "json = https://files.example/pypi/\n"
                                   "connections = 1\n"
                                   "connect_timeout = 10m\n"
                                   "first_byte_timeout = 2m\n"
                                   "stall_timeout = 1\n"
                                   "proxy = socks5h://user:secret@127.0.0.1:1080\n");
    const struct pypi_upstream_config *upstream = &config->pypi_upstreams[0];

    assert_int_equal(config->server.listen.count, 4);
    assert_string_equal(config->server.listen.items[0], "0.0.0.0:80");
    assert_string_equal(config->server.listen.items[3], "unix:/run/yizhan.sock");
    assert_int_equal(config->server.workers, 7);
    assert_int_equal(config->server.max_connections, 10);
    assert_int_equal(config->server.max_connections_per_client, 5);
    assert_int_equal(config->server.memory_cache_bytes, 0);
    assert_string_equal(config->server.access_log, "/var/log/yizhan log");
    assert_string_equal(config->server.public_url, "https://mirror.example:8443/");
    assert_true(config->server.offline);
    assert_string_equal(config->storage.path, "/srv/yizhan");
    assert_true(config->storage.max_size_bytes == INT64_C(1) << 40);
    assert_int_equal(config->storage.min_free_bytes, 512 << 20);
    assert_int_equal(config->storage.keep_s, 30 * 86400);
    assert_int_equal(config->storage.pins.count, 2);
    assert_string_equal(config->storage.pins.items[0], "pypi:flask==3.0.0");
    assert_string_equal(config->storage.pins.items[1], "docker:docker.io/library/nginx:1.27");
    assert_int_equal(config->pypi.ttl_s, 3600);
    assert_int_equal(config->pypi.stale_ttl_s, 604800);
    assert_int_equal(config->pypi.negative_ttl_s, 0);
    assert_int_equal(config->pypi.list_ttl_s, 90);
    assert_int_equal(config->pypi.max_page_bytes, 16384);
    assert_string_equal(upstream->name, "far.away_2");
    assert_string_equal(upstream->index, "http://[fd00::1]:3141/root/pypi/+simple/");
    assert_string_equal(upstream->files, "http://files.example/packages/");
    assert_string_equal(upstream->json, "https://files.example/pypi/");
    assert_int_equal(upstream->common.connections, 1);
    assert_int_equal(upstream->common.connect_timeout_s, 600);
    assert_int_equal(upstream->common.first_byte_timeout_s, 120);
    assert_int_equal(upstream->common.stall_timeout_s, 1);
    assert_string_equal(upstream->common.proxy, "socks5h://user:secret@127.0.0.1:1080");
    config_free(config);
}

static void config_upstream_order(void **state)
{
    (void)state;
    struct config *config = parsed("[pypi \"b\"]\nindex = http://b/\nconnections = 2\n[server]\nworkers = 1\n"
                                   "[pypi \"a\"]\nindex = http://a\n[pypi \"c\"]\nindex = http://c/x\n");

    assert_int_equal(config->pypi_upstream_count, 3);
    assert_string_equal(config->pypi_upstreams[0].name, "b");
    assert_string_equal(config->pypi_upstreams[0].index, "http://b/");
    assert_string_equal(config->pypi_upstreams[1].index, "http://a/");
    assert_string_equal(config->pypi_upstreams[2].index, "http://c/x/");
    assert_int_equal(config->pypi_upstreams[0].common.connections, 2);
    assert_int_equal(config->pypi_upstreams[1].common.connections, 8);
    config_free(config);
}

static void config_comments_and_blanks(void **state)
{
    (void)state;
    struct config *config = parsed("\xef\xbb\xbf; a byte order mark, then a comment\r\n"
                                   "# \xff\xfe not even text\r\n"
                                   "\r\n"
                                   "  [server]   ; behind a section\r\n"
                                   "\tworkers=3\t; behind a value\r\n"
                                   "    max_connections : 9\r\n"
                                   "[pypi \"a\"] # the other sign\r\n"
                                   "index = https://a.example/a;b/ ; only a blank begins a comment\r\n"
                                   "connections = 3");

    assert_int_equal(config->server.workers, 3);
    assert_int_equal(config->server.max_connections, 9);
    assert_string_equal(config->pypi_upstreams[0].index, "https://a.example/a;b/");
    assert_int_equal(config->pypi_upstreams[0].common.connections, 3);
    config_free(config);
}

static void config_byte_order_mark(void **state)
{
    (void)state;

    config_free(parsed("\xef\xbb\xbf" UPSTREAM));
    refused(UPSTREAM "\xef\xbb\xbf[server]\n", "m.conf:3: expected key = value$");
}

static void config_long_comment(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add_text(&text, "; ");
    for (int i = 0; i < 3000; i++)
        buf_add_char(&text, 'x');
    buf_add_text(&text, "\n" UPSTREAM);
    config_free(parsed(text.data));
}

static void config_offline_needs_no_upstream(void **state)
{
    (void)state;
    struct config *config = parsed("[server]\noffline = yes\n");

    assert_int_equal(config->pypi_upstream_count, 0);
    config_free(config);
}

static void config_proxy_none(void **state)
{
    (void)state;
    struct config *config = parsed(UPSTREAM "proxy = none\n");

    assert_string_equal(config->pypi_upstreams[0].common.proxy, "");
    config_free(config);
}

static void config_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes; /* -1: refused */
    } cases[] = {
        {"0", 0},
        {"1", 1},
        {"16K", 16384},
        {"3M", 3 << 20},
        {"2G", INT64_C(2) << 30},
        {"8388607T", INT64_C(8388607) << 40},
        {"8388608T", -1}, /* 2^63 */
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", -1},
        {"99999999999999999999", -1},
        {"", -1},
        {"K", -1},
        {"1KB", -1},
        {"1.5G", -1},
        {"-1", -1},
        {"1 K", -1},
        {" 1", -1},
        {"0x10", -1},
        {"1k", -1},
        {"1s", -1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t bytes = -1;
        int result = config_parse_size(cases[i].text, &bytes);
        if (result != (cases[i].bytes < 0 ? -1 : 0) || (result == 0 && bytes != cases[i].bytes))
            fail_msg("\"%s\" gives %d, %lld", cases[i].text, result, (long long)bytes);
    }
}

static void config_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* -1: refused */
    } cases[] = {
        {"0", 0},  {"45", 45}, {"45s", 45},   {"10m", 600}, {"2h", 7200}, {"3d", 259200}, {"", -1},
        {"m", -1}, {"1M", -1}, {"1h30m", -1}, {"-5s", -1},  {"1w", -1},   {"1.5h", -1},   {"5 min", -1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t seconds = -1;
        int result = config_parse_time(cases[i].text, &seconds);
        if (result != (cases[i].seconds < 0 ? -1 : 0) || (result == 0 && seconds != cases[i].seconds))
            fail_msg("\"%s\" gives %d, %lld", cases[i].text, result, (long long)seconds);
    }
}

/* ---- what is refused ---- */

static void config_bad_size(void **state)
{
    (void)state;
    refused_key("[storage]", "max_size = 100X",
                "max_size = 100X: expected a size such as 64M (K M G T), at least 1M; it is not one$");
    refused_key("[storage]", "max_size = 1K",
                "max_size = 1K: expected a size such as 64M (K M G T), at least 1M; it is out of range$");
    refused_key("[pypi]", "max_page = 2G",
                "max_page = 2G: expected a size such as 64M (K M G T) from 1K to 1G; it is out of range$");
}

static void config_bad_time(void **state)
{
    (void)state;
    refused_key("[pypi]", "ttl = soon",
                "ttl = soon: expected a time such as 10m (s m h d) from 0 to 365d; it is not one$");
    refused_key("[pypi]", "negative_ttl = 2d",
                "negative_ttl = 2d: expected a time such as 10m (s m h d) from 0 to 1d; it is out of range$");
}

static void config_bad_number(void **state)
{
    (void)state;
    refused_key("[server]", "workers = 0",
                "workers = 0: expected auto or a number from 1 to 256; it is out of range$");
    refused_key("[server]", "workers = 257", "workers = 257: expected auto or a number");
    refused_key("[server]", "workers = many",
                "workers = many: expected auto or a number from 1 to 256; it is not one$");
    refused_key("[server]", "max_connections = auto",
                "max_connections = auto: expected a number from 1 to 1000000; it is not one$");
    refused_key("[server]", "max_connections = 18446744073709551615",
                "max_connections = 18446744073709551615: ");
}

static void config_bad_bool(void **state)
{
    (void)state;
    refused_key("[server]", "offline = true", "offline = true: expected yes or no; it is neither$");
}

static void config_bad_url(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"ftp://a/", "it begins with neither https:// nor http://"},
        {"a.example/simple/", "it begins with neither https:// nor http://"},
        {"https:/a.example/", "it begins with neither https:// nor http://"},
        {"https://", "it names no host"},
        {"https:///simple/", "it names no host"},
        {"https://:80/", "the host is not a name of letters, digits, dots and hyphens"},
        {"https://a b/", "the host is not a name of letters, digits, dots and hyphens"},
        {"https://\xe9\x95\x9c\xe5\x83\x8f/", "the host is not a name of letters, digits, dots and hyphens"},
        {"https://.a/", "the host is not a name of letters, digits, dots and hyphens"},
        {"https://-a/", "the host is not a name of letters, digits, dots and hyphens"},
        {"https://user@a/", "it has credentials (\"@\")"},
        {"https://a/?x=1", "it has a query (\"?\")"},
        {"https://a?x=1", "it has a query (\"?\")"},
        {"https://a/#top", "it has a fragment (\"#\")"},
        {"https://a:0/", "the port is not a number from 1 to 65535"},
        {"https://a:65536/", "the port is not a number from 1 to 65535"},
        {"https://a:/", "the port is not a number from 1 to 65535"},
        {"https://a:80x/", "the port is not a number from 1 to 65535"},
        {"https://[::1/", "the text between [ and ] is not an IPv6 address"},
        {"https://[1.2.3.4]/", "the text between [ and ] is not an IPv6 address"},
        {"https://[::1]80/", "only a port may follow the address"},
        {"https://a/b c/", "it has a character that must be percent-encoded in URLs"},
        {"https://a/\xe5\x8c\x85/", "it has a character that must be percent-encoded in URLs"},
        {"https://a/%2/", "a \"%\" is not followed by two hex digits"},
        {"https://a/%", "a \"%\" is not followed by two hex digits"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *CLEANUP_FREE line = xasprintf("files = %s", cases[i][0]);
        char *CLEANUP_FREE expected =
            xasprintf("files = %s: expected an http:// or https:// URL; %s$", cases[i][0], cases[i][1]);
        refused_key("[pypi \"b\"]", line, expected);
    }
}

static void config_bad_listen(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"8080", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1:", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1:65536", "it does not end in a port from 0 to 65535"},
        {"127.0.0.1:http", "it does not end in a port from 0 to 65535"},
        {":8080", "the host is not an IP address"},
        {"localhost:8080", "the host is not an IP address"},
        {"127.0.0.256:8080", "the host is not an IP address"},
        {"::1:8080", "an IPv6 address must be in [ and ]"},
        {"[::g]:8080", "the text between [ and ] is not an IPv6 address"},
        {"[:8080", "the text between [ and ] is not an IPv6 address"},
        {"[]:8080", "the text between [ and ] is not an IPv6 address"},
        {"[::1]x:8080", "the text between [ and ] is not an IPv6 address"},
        {"unix:", "a path from the root must follow unix:"},
        {"unix:run/x.sock", "a path from the root must follow unix:"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *CLEANUP_FREE line = xasprintf("listen = %s", cases[i][0]);
        char *CLEANUP_FREE expected =
            xasprintf("listen = %s: expected address:port, [IPv6 address]:port, *:port or unix:/path; %s$",
                      cases[i][0], cases[i][1]);
        refused_key("[server]", line, expected);
    }
}

static void config_listen_path_too_long(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF line = BUF_INIT;

    buf_add_text(&line, "listen = unix:/");
    for (int i = 0; i < 106; i++)
        buf_add_char(&line, 'x');
    char *CLEANUP_FREE fits = xasprintf(UPSTREAM "[server]\n%s\n", line.data);
    config_free(parsed(fits));
    buf_add_char(&line, 'x');
    char *CLEANUP_FREE too_long = xasprintf(UPSTREAM "[server]\n%s\n", line.data);
    refused(too_long, "m.conf:4: listen = unix:/xxx");
}

static void config_bad_proxy(void **state)
{
    (void)state;
    refused_key(
        "[pypi \"b\"]", "proxy = 127.0.0.1:3128",
        "proxy = 127.0.0.1:3128: expected a URL such as http://127.0.0.1:3128 or socks5h://127.0.0.1:1080, "
        "or none; it begins with none of http://, https://, socks5://, socks5h://$");
    refused_key("[pypi \"b\"]", "proxy = http://user:x@", "proxy = http://user:...@: ");
    refused_key("[pypi \"b\"]", "proxy = http://a:99999", "proxy = http://a:99999: ");
}

static void config_unknown_key(void **state)
{
    (void)state;
    refused_key("[storage]", "size = 1G",
                "unknown key \"size\" in [storage]; expected one of path, max_size, min_free, keep, pin$");
    refused_key("[pypi]", "index = https://a/",
                "unknown key \"index\" in [pypi]; it belongs to [pypi \"name\"]$");
    refused_key("[pypi \"b\"]", "ttl = 5m", "unknown key \"ttl\" in [pypi \"b\"]; it belongs to [pypi]$");
    refused_key("[storage]", "= 1G", "unknown key \"\" in [storage]; expected one of");
}

static void config_unknown_section(void **state)
{
    (void)state;
    refused("\n[serve]\n",
            "m.conf:2: unknown section \"serve\"; expected one of [server], [storage], [pypi], "
            "[pypi \"name\"], [registry \"name\"], [upstream \"URL\"], [prefetch \"name\"]$");
    refused("[registry]\n", "m.conf:1: [registry] takes a name; expected [registry \"name\"]$");
    refused("[server \"x\"]\n", "m.conf:1: [server] takes no name; expected [server]$");
}

static void config_bad_section(void **state)
{
    (void)state;
    static const char *const cases[] = {"[server",    "[server] workers = 1", "[]",
                                        "[pypi \"a]", "[pypi \"a\" x]",       "[pypi a]",
                                        "[\"pypi\"]", "[ server ]",           "[server]x"};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(cases[i], "m.conf:1: expected [section] or [section \"name\"] on a line of its own$");
}

static void config_bad_upstream_name(void **state)
{
    (void)state;
    static const char expected[] =
        " is not a valid name for [pypi]; expected up to 64 letters, digits, dots, hyphens and underscores$";
    static const char *const names[] = {"", "a b", "a/b", "\xe6\xb8\x85\xe5\x8d\x8e",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *CLEANUP_FREE text = xasprintf("[pypi \"%s\"]\nindex = https://a/\n", names[i]);
        char *CLEANUP_FREE message = xasprintf("m.conf:1: \"%s\"%s", names[i], expected);
        refused(text, message);
    }
}

static void config_duplicate_key(void **state)
{
    (void)state;
    refused("[server]\nworkers = 1\n\nworkers = 1\n", "m.conf:4: workers is given already, in line 2$");
}

static void config_duplicate_section(void **state)
{
    (void)state;
    refused(UPSTREAM "[pypi \"b\"]\nindex = http://b/\n" UPSTREAM,
            "m.conf:5: this section is there already, in line 1; merge the two$");
    refused("[server]\n[storage]\n[server]\n",
            "m.conf:3: this section is there already, in line 1; merge the two$");
}

static void config_missing_index(void **state)
{
    (void)state;
    refused("\n[pypi \"a\"]\nconnections = 3\n[server]\n",
            "m.conf:2: [pypi \"a\"] has no index; expected index = an http:// or https:// URL$");
    refused(UPSTREAM "[pypi \"b\"]", "m.conf:3: [pypi \"b\"] has no index; expected index = ");
}

static void config_no_upstream(void **state)
{
    (void)state;
    refused(
        "[server]\n[pypi]\n",
        "m.conf: no upstream is named; expected a section [pypi \"name\"] with index = URL, a section "
        "[registry \"name\"] with upstream = URL, or offline = yes in [server] (see mirror.conf.example)$");
    refused("; nothing but a comment\n", "m.conf: no upstream is named");
}

/* ---- registries ---- */

#define HUB "[registry \"docker.io\"]\nupstream = https://a.example\n"

static void config_registry_defaults(void **state)
{
    (void)state;
    struct config *config = parsed(HUB);
    const struct registry_config *registry = &config->registries[0];
    const struct registry_upstream_config *upstream = &registry->upstreams[0];

    assert_int_equal(config->registry_count, 1);
    assert_string_equal(registry->name, "docker.io");
    assert_false(registry->is_default);
    assert_int_equal(registry->hosts.count, 0);
    assert_int_equal(registry->tag_ttl_s, 600);
    assert_int_equal(registry->stale_ttl_s, 86400);
    assert_int_equal(registry->negative_ttl_s, 60);
    assert_int_equal(registry->upstream_count, 1);
    assert_string_equal(upstream->url, "https://a.example/");
    assert_true(upstream->resolve);
    assert_null(upstream->username);
    assert_null(upstream->password);
    assert_int_equal(upstream->realms.count, 0);
    assert_int_equal(upstream->rewrites.count, 0);
    assert_int_equal(upstream->common.connections, 8);
    config_free(config);
}

static void config_registry_keys(void **state)
{
    (void)state;
    struct config *config = parsed("[registry \"127.0.0.1:5000\"]\n"
                                   "upstream = http://127.0.0.1:5000/v2/\n"
                                   "default = yes\nhost = images.lan\nhost = [::1]:80\ntag_ttl = 1m\n"
                                   "stale_ttl = 2m\nnegative_ttl = 3s\nusername = me\npassword = s=e;c\n"
                                   "realm = auth.example\nrewrite = library/ hub/\nrewrite = a b\n"
                                   "connections = 3\n");
    const struct registry_config *registry = &config->registries[0];
    const struct registry_upstream_config *upstream = &registry->upstreams[0];

    assert_string_equal(registry->name, "127.0.0.1:5000");
    assert_true(registry->is_default);
    assert_int_equal(registry->hosts.count, 2);
    assert_string_equal(registry->hosts.items[1], "[::1]:80");
    assert_int_equal(registry->tag_ttl_s, 60);
    assert_int_equal(registry->stale_ttl_s, 120);
    assert_int_equal(registry->negative_ttl_s, 3);
    assert_string_equal(upstream->url, "http://127.0.0.1:5000/");
    assert_string_equal(upstream->username, "me");
    assert_string_equal(upstream->password, "s=e;c");
    assert_string_equal(upstream->realms.items[0], "auth.example");
    assert_int_equal(upstream->rewrites.count, 2);
    assert_string_equal(upstream->rewrites.items[0], "library/ hub/");
    assert_int_equal(upstream->common.connections, 3);
    config_free(config);
}

/* An [upstream] section stands for itself, before or behind the registry; the others have the registry's keys. */
static void config_registry_upstream_sections(void **state)
{
    (void)state;
    struct config *config = parsed("[upstream \"https://b.example\"]\nusername = u\npassword = p\n"
                                   "[registry \"docker.io\"]\nupstream = https://a.example/x\n"
                                   "upstream = https://b.example/\nupstream = https://c.example/v2\n"
                                   "connections = 2\nrewrite = a b\n"
                                   "[upstream \"https://c.example\"]\nresolve = no\nconnect_timeout = 9s\n");
    const struct registry_upstream_config *upstreams = config->registries[0].upstreams;

    assert_int_equal(config->registries[0].upstream_count, 3);
    assert_string_equal(upstreams[0].url, "https://a.example/x/");
    assert_null(upstreams[0].username);
    assert_int_equal(upstreams[0].common.connections, 2);
    assert_int_equal(upstreams[0].rewrites.count, 1);
    assert_string_equal(upstreams[1].username, "u");
    assert_string_equal(upstreams[1].password, "p");
    assert_int_equal(upstreams[1].common.connections, 8);
    assert_int_equal(upstreams[1].rewrites.count, 0);
    assert_string_equal(upstreams[2].url, "https://c.example/");
    assert_false(upstreams[2].resolve);
    assert_int_equal(upstreams[2].common.connect_timeout_s, 9);
    config_free(config);
}

static void config_registry_alone(void **state)
{
    (void)state;
    struct config *config = parsed(HUB);

    assert_int_equal(config->pypi_upstream_count, 0);
    assert_int_equal(config->registry_count, 1);
    config_free(config);
}

static void config_registry_order(void **state)
{
    (void)state;
    struct config *config = parsed("[registry \"b\"]\nupstream = http://z\nupstream = http://a\n"
                                   "[registry \"a:5000\"]\nupstream = http://z\ndefault = yes\n" UPSTREAM);

    assert_int_equal(config->registry_count, 2);
    assert_string_equal(config->registries[0].name, "b");
    assert_string_equal(config->registries[0].upstreams[0].url, "http://z/");
    assert_string_equal(config->registries[0].upstreams[1].url, "http://a/");
    assert_string_equal(config->registries[1].name, "a:5000");
    assert_false(config->registries[0].is_default);
    assert_true(config->registries[1].is_default);
    config_free(config);
}

static void config_registry_url_is_normalised(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"https://a.example", "https://a.example/"},
        {"https://a.example/", "https://a.example/"},
        {"https://a.example/v2", "https://a.example/"},
        {"https://a.example/v2/", "https://a.example/"},
        {"https://A.Example:5000/x/v2/", "https://a.example:5000/x/"},
        {"http://[FD00::1]/docker.io", "http://[fd00::1]/docker.io/"},
        {"https://a.example/notv2", "https://a.example/notv2/"},
        {"https://a.example/v2/x", "https://a.example/v2/x/"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *CLEANUP_FREE text = xasprintf("[registry \"r\"]\nupstream = %s\n", cases[i][0]);
        struct config *config = parsed(text);
        assert_string_equal(config->registries[0].upstreams[0].url, cases[i][1]);
        config_free(config);
    }
}

static void config_registry_section_is_found_by_url(void **state)
{
    (void)state;
    struct config *config = parsed("[upstream \"https://A.example/v2/\"]\nconnections = 2\n" HUB);

    assert_int_equal(config->registries[0].upstreams[0].common.connections, 2);
    config_free(config);
    refused(HUB "[upstream \"https://a.example\"]\n[upstream \"https://a.example/v2\"]\n",
            "m.conf:4: this section is there already, in line 3; merge the two$");
}

/* One upstream may serve several registries. */
static void config_registry_upstream_is_shared(void **state)
{
    (void)state;
    struct config *config = parsed(HUB "[registry \"ghcr.io\"]\nupstream = https://a.example\n"
                                       "[upstream \"https://a.example\"]\nusername = u\npassword = p\n");

    assert_string_equal(config->registries[0].upstreams[0].password, "p");
    assert_string_equal(config->registries[1].upstreams[0].password, "p");
    config_free(config);
}

static void config_registry_bad_name(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",           "docker.io/library", "Docker.io", "a b", "docker.io:", "docker.io:99999",
        "docker.io ", "https://docker.io", "a_b",       "a@b", "[::1]:5000", ".io"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *CLEANUP_FREE text = xasprintf("\n[registry \"%s\"]\nupstream = https://a/\n", names[i]);
        char *CLEANUP_FREE message = xasprintf(
            "m.conf:2: \"%s\" is not a valid name for [registry]; expected a registry as images name it: a "
            "host in lower case, optionally with a port, such as docker.io$",
            names[i]);
        refused(text, message);
    }
    refused("[upstream \"a.example\"]\n",
            "m.conf:1: \"a.example\" is not a valid name for [upstream]; expected the URL ");
}

static void config_registry_twice(void **state)
{
    (void)state;
    refused(HUB HUB, "m.conf:3: this section is there already, in line 1; merge the two$");
}

static void config_prefetch_sections(void **state)
{
    (void)state;
    struct config *config = parsed(UPSTREAM "[prefetch \"nightly\"]\n"
                                            "list = a.txt\n"
                                            "list = uv.lock\n"
                                            "images = images.txt\n"
                                            "name = pypi:flask,docker:nginx:1.27\n"
                                            "python = 3.10,3.11\n"
                                            "platform = linux_x86_64,linux/amd64\n"
                                            "implementation = pp\n"
                                            "sdist = always\n"
                                            "versions = 3\n"
                                            "every = 12h\n"
                                            "at = 03:05\n"
                                            "[prefetch \"other\"]\n"
                                            "name = pypi:flask\n");
    const struct prefetch_config *nightly = &config->prefetches[0];
    const struct prefetch_config *other = &config->prefetches[1];

    assert_int_equal(config->prefetch_count, 2);
    assert_string_equal(nightly->name, "nightly");
    assert_int_equal(nightly->lists.count, 2);
    assert_string_equal(nightly->lists.items[1], "uv.lock");
    assert_string_equal(nightly->images.items[0], "images.txt");
    assert_string_equal(nightly->names.items[0], "pypi:flask,docker:nginx:1.27");
    assert_string_equal(nightly->pythons.items[0], "3.10,3.11");
    assert_string_equal(nightly->platforms.items[0], "linux_x86_64,linux/amd64");
    assert_string_equal(nightly->implementation, "pp");
    assert_string_equal(nightly->sdist, "always");
    assert_string_equal(nightly->versions, "3");
    assert_int_equal(nightly->every_s, 12 * 3600);
    assert_string_equal(nightly->at, "03:05");
    assert_string_equal(other->implementation, "cp");
    assert_string_equal(other->sdist, "fallback");
    assert_string_equal(other->versions, "newest");
    assert_int_equal(other->every_s, 86400);
    assert_null(other->at);
    config_free(config);
}

static void config_bad_prefetch_keys(void **state)
{
    (void)state;
    refused_key("[prefetch \"a\"]", "at = 24:00",
                "at = 24:00: expected a time of day such as 03:00; it is not one");
    refused_key("[prefetch \"a\"]", "at = 3:00",
                "at = 3:00: expected a time of day such as 03:00; it is not one");
    refused_key("[prefetch \"a\"]", "sdist = maybe", "sdist = maybe: expected never, fallback or always;");
    refused_key("[prefetch \"a\"]", "versions = 0", "versions = 0: expected newest, all or a number;");
    refused_key("[prefetch \"a\"]", "every = 5s",
                "every = 5s: expected a time such as 10m (s m h d) from 1m to 365d;");
}

static void config_bad_pins(void **state)
{
    (void)state;
    refused_key("[storage]", "pin = flask",
                "pin = flask: expected pypi:PROJECT, docker:IMAGE or prefetch:LIST; it begins with none of");
    refused_key("[storage]", "pin = deb:left-pad",
                "pin = deb:left-pad: expected pypi:PROJECT, docker:IMAGE or prefetch:LIST");
}

static void config_registry_bad_keys(void **state)
{
    (void)state;
    refused("[registry \"docker.io\"]\n", "m.conf:1: [registry \"docker.io\"] has no upstream; expected "
                                          "upstream = an http:// or https:// URL$");
    refused_key("[registry \"a\"]", "upstream = a.example", "upstream = a.example: expected an http:// or ");
    refused_key("[registry \"a\"]", "host = http://a/",
                "host = http://a/: expected a host name, optionally with a port; ");
    refused_key("[registry \"a\"]", "default = 1", "default = 1: expected yes or no; it is neither$");
    refused_key("[registry \"a\"]", "resolve = never", "resolve = never: expected yes or no; ");
    refused_key("[registry \"a\"]", "tag_ttl = 2y", "tag_ttl = 2y: expected a time such as 10m (s m h d) ");
    refused_key("[registry \"a\"]", "username = a:b",
                "username = a:b: expected a user name; it has a colon (\":\")$");
    refused_key("[upstream \"http://a\"]", "upstream = http://b",
                "unknown key \"upstream\" in [upstream \"http://a/\"]; it belongs to [registry \"name\"]$");
    refused_key("[pypi \"b\"]", "realm = a",
                "unknown key \"realm\" in [pypi \"b\"]; it belongs to [registry \"name\"]$");
}

static void config_registry_bad_realm(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"https://auth.example/token", "it is a whole URL"},
        {"auth.example:5000", "it has a port"},
        {"[::1]:5000", "it has a port"},
        {"auth.example/token", "it is not a host"},
        {"a b", "it is not a host"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *CLEANUP_FREE line = xasprintf("realm = %s", cases[i][0]);
        char *CLEANUP_FREE message = xasprintf(
            "realm = %s: expected a host without scheme, port and path, such as auth.docker.io; %s$",
            cases[i][0], cases[i][1]);
        refused_key("[registry \"a\"]", line, message);
    }
}

/* As the hosts of URLs are compared with them: an IPv6 address without brackets. */
static void config_registry_realms(void **state)
{
    (void)state;
    struct config *config = parsed(HUB "realm = auth.example\nrealm = [::1]\nrealm = fd00::2\n");
    const struct string_list *realms = &config->registries[0].upstreams[0].realms;

    assert_int_equal(realms->count, 3);
    assert_string_equal(realms->items[0], "auth.example");
    assert_string_equal(realms->items[1], "::1");
    assert_string_equal(realms->items[2], "fd00::2");
    config_free(config);
}

static void config_registry_bad_rewrite(void **state)
{
    (void)state;
    static const char *const values[] = {"a", "a b c", "A b", "a :b", "a b?"};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char *CLEANUP_FREE line = xasprintf("rewrite = %s", values[i]);
        char *CLEANUP_FREE message =
            xasprintf("rewrite = %s: expected two repository name prefixes: from to; it is not two "
                      "words of lower-case letters, digits, \".\", \"_\", \"-\" and \"/\"$",
                      values[i]);
        refused_key("[registry \"a\"]", line, message);
    }
}

/* Where its upstreams have no sections of their own, all of them have the registry's rules. */
static void config_registry_rewrite_is_for_all(void **state)
{
    (void)state;
    struct config *config = parsed(HUB "upstream = https://b.example\nrewrite = library/ hub/\n");

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(config->registries[0].upstreams[i].rewrites.count, 1);
        assert_string_equal(config->registries[0].upstreams[i].rewrites.items[0], "library/ hub/");
    }
    config_free(config);
}

static void config_registry_one_default(void **state)
{
    (void)state;
    refused(HUB "default = yes\n[registry \"b\"]\nupstream = http://b\ndefault = yes\n",
            "m.conf:6: default = yes, but [registry \"docker.io\"] has it already; expected it for one "
            "registry$");
    config_free(parsed(HUB "default = yes\n[registry \"b\"]\nupstream = http://b\ndefault = no\n"));
}

static void config_registry_host_means_one(void **state)
{
    (void)state;
    refused(HUB "host = hub.lan\n[registry \"b\"]\nupstream = http://b\nhost = b.lan\nhost = HUB.lan\n",
            "m.conf:7: host = HUB.lan means [registry \"docker.io\"] already; expected another name$");
}

static void config_registry_upstream_twice(void **state)
{
    (void)state;
    refused(HUB "upstream = https://a.example/v2/\n",
            "m.conf:3: upstream = https://a.example/ is given twice; expected it once$");
}

static void config_registry_somebody_resolves(void **state)
{
    (void)state;
    static const char expected[] =
        "no upstream may say what a tag means; expected resolve = yes for one of them at least$";
    char *CLEANUP_FREE key = xasprintf("m.conf:3: %s", expected);
    char *CLEANUP_FREE section = xasprintf("m.conf:1: %s", expected);

    refused(HUB "resolve = no\n", key);
    refused(HUB "[upstream \"https://a.example\"]\nresolve = no\n", section);
    /* The section of one upstream stands in place of the registry's key. */
    config_free(parsed(HUB "resolve = no\n[upstream \"https://a.example\"]\nresolve = yes\n"));
}

static void config_registry_unused_upstream(void **state)
{
    (void)state;
    refused(HUB "[registry \"b\"]\nupstream = http://b\n[upstream \"https://b.example\"]\n",
            "m.conf:5: no registry has upstream = https://b.example/; expected one of https://a.example/, "
            "http://b/$");
    refused(UPSTREAM "[upstream \"https://b.example\"]\n",
            "m.conf:3: no registry has upstream = https://b.example/; expected a section [registry \"name\"] "
            "with it$");
}

/* What is meant for one server must not go to another. */
static void config_registry_credentials_of_many(void **state)
{
    (void)state;
    static const char *const keys[] = {"username = u\npassword = p", "password = p",
                                       "password_file = /nonexistent", "realm = r.example"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char *CLEANUP_FREE text = xasprintf(HUB "upstream = https://b.example\n\n%s\n", keys[i]);
        char *CLEANUP_FREE message =
            xasprintf("m.conf:5: %.*s is given for 2 upstreams, and credentials must go to one only; put it "
                      "into a section of the one that it is for, such as [upstream \"https://a.example/\"]$",
                      (int)strcspn(keys[i], " "), keys[i]);
        refused(text, message);
    }
}

/* They would be ignored there. */
static void config_registry_credentials_beside_section(void **state)
{
    (void)state;
    refused(HUB "username = u\npassword = p\n[upstream \"https://a.example\"]\nconnections = 2\n",
            "m.conf:3: username is given here, but the upstream has a section of its own; put it into "
            "[upstream \"https://a.example/\"]$");
}

static void config_registry_half_credentials(void **state)
{
    (void)state;
    refused(HUB "username = u\n",
            "m.conf:3: username is given, but no password; expected password_file = or password = too$");
    refused(HUB "password = p\n", "m.conf:3: password is given, but no username; expected username = ");
    refused(HUB "password_file = f\n", "m.conf:3: password_file is given, but no username; expected ");
    refused(HUB "username = u\npassword_file = f\npassword = p\n",
            "m.conf:4: password and password_file are both given; expected one of them$");
    refused(HUB "[upstream \"https://a.example\"]\n\nusername = u\n", "m.conf:5: username is given, but no ");
}

/* ---- passwords ---- */

/* A file in /tmp with this content; its path is the caller's to unlink and to free. */
static char *password_file(const char *content, size_t len)
{
    char *path = xstrdup("/tmp/config_test.XXXXXX");
    int CLEANUP_CLOSE fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    return path;
}

static void config_password_is_first_line(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"secret", "secret"},
        {"secret\n", "secret"},
        {"se cret ; # x\r\nmore\n", "se cret ; # x"},
        {" \xe5\xaf\x86\tx \n", " \xe5\xaf\x86\tx "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *CLEANUP_FREE path = password_file(cases[i][0], strlen(cases[i][0]));
        char *CLEANUP_FREE text = xasprintf(HUB "username = u\npassword_file = %s\n", path);
        struct config *config = parsed(text);
        assert_string_equal(config->registries[0].upstreams[0].password, cases[i][1]);
        config_free(config);
        unlink(path);
    }
}

/* In a section for one upstream, too. */
static void config_password_file_of_upstream(void **state)
{
    (void)state;
    char *CLEANUP_FREE path = password_file("secret\n", 7);
    char *CLEANUP_FREE text = xasprintf(HUB "upstream = https://b.example\n[upstream \"https://b.example\"]\n"
                                            "username = u\npassword_file = %s\n",
                                        path);
    struct config *config = parsed(text);

    assert_null(config->registries[0].upstreams[0].password);
    assert_string_equal(config->registries[0].upstreams[1].password, "secret");
    config_free(config);
    unlink(path);
}

static void refused_password(const char *content, size_t len)
{
    char *CLEANUP_FREE path = password_file(content, len);
    char *CLEANUP_FREE text = xasprintf(HUB "username = u\npassword_file = %s\n", path);
    char *CLEANUP_FREE message = xasprintf("m.conf:4: password_file = %s has no password; expected its first "
                                           "line to be 1 to 4096 bytes without control characters$",
                                           path);

    refused(text, message);
    unlink(path);
}

static void config_password_file_without_password(void **state)
{
    (void)state;
    refused_password("", 0);
    refused_password("\nsecret\n", 8);
    refused_password("\r\nsecret\n", 9);
    refused_password("sec\0ret\n", 8);
    refused_password("sec\033ret\n", 8);
}

static void config_password_longest(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF longest = BUF_INIT;

    for (int i = 0; i < 4096; i++)
        buf_add_char(&longest, 'x');
    buf_add_text(&longest, "\r\n");
    char *CLEANUP_FREE path = password_file(longest.data, longest.len);
    char *CLEANUP_FREE text = xasprintf(HUB "username = u\npassword_file = %s\n", path);
    struct config *config = parsed(text);
    assert_int_equal(strlen(config->registries[0].upstreams[0].password), 4096);
    config_free(config);
    unlink(path);
    longest.data[4096] = 'x';
    refused_password(longest.data, longest.len);
}

static void config_password_file_unreadable(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"/nonexistent/password", "No such file or directory", ""},
        {"nonexistent/password", "No such file or directory",
         " (the path starts where the program is started)"},
        {"/", "Is a directory", ""},
        {"/dev/null", "it is not a regular file", ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *CLEANUP_FREE text = xasprintf(HUB "username = u\npassword_file = %s\n", cases[i][0]);
        char *CLEANUP_FREE message =
            xasprintf("m.conf:4: password_file = %s cannot be read: %s; expected a file that the server may "
                      "read, whose first line is the password%s$",
                      cases[i][0], cases[i][1], cases[i][2]);
        refused(text, message);
    }
}

/* Nobody writes to it: that must not hold up the start. */
static void config_password_file_is_a_pipe(void **state)
{
    (void)state;
    char folder[] = "/tmp/config_test.XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *CLEANUP_FREE path = xasprintf("%s/pipe", folder);
    char *CLEANUP_FREE text = xasprintf(HUB "username = u\npassword_file = %s\n", path);
    char *CLEANUP_FREE message =
        xasprintf("m.conf:4: password_file = %s cannot be read: it is not a regular file", path);

    assert_int_equal(mkfifo(path, 0600), 0);
    refused(text, message);
    unlink(path);
    rmdir(folder);
}

/* Whatever is wrong near it. */
static void config_password_is_never_shown(void **state)
{
    (void)state;
    static const char *const texts[] = {
        HUB "password = hunter2\n",
        HUB "username = u\npassword = hunter2 # mine\n",
        HUB "username = u\npassword = a\npassword = hunter2\n",
        HUB "username = u\npassword hunter2\n",
        HUB "username = u\npasword = hunter2\n",
        HUB "username = u\npassword = hunter2\npassword_file = f\n",
        HUB "username = u\npassword = hunter2\nupstream = http://b\n",
        HUB "username = u\npassword = hunter2\nresolve = no\n",
        "password = hunter2\n" HUB,
        UPSTREAM "password = hunter2\n",
        "[registry \"a\"]\nupstream = https://me:hunter2@a.example/\n",
        "[registry \"a\"]\nupstream = https://me:hunt/er2:hunter2@a.example/\n",
        "[registry \"a\"]\nupstream = me:hunter2@a.example\n",
        "[registry \"a\"]\nupstream = http://a # https://me:hunter2@a.example/\n",
        "[upstream \"https://me:hunter2@a.example\"]\n",
        "[pypi \"a\"]\nindex = https://me:hunter2@a.example/simple/\n",
        UPSTREAM "proxy = ftp://me:hunter2@a.example\n",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buf CLEANUP_BUF error = BUF_INIT;
        struct config *config = NULL;
        assert_int_equal(config_parse(texts[i], strlen(texts[i]), "m.conf", &config, &error), -1);
        if (strstr(error.data, "hunter2") || !text_starts(error.data, "m.conf:"))
            fail_msg("\"%s\" is refused with: %s", texts[i], error.data);
    }
    refused("[registry \"a\"]\nupstream = https://me:hunter2@a.example/\n",
            "m.conf:2: upstream = https://me:...@a.example/: expected an http:// or https:// URL; it has "
            "credentials (\"@\")$");
}

static void config_too_many_registries(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    for (int i = 0; i < 64; i++)
        buf_printf(&text, "[registry \"r%d\"]\nupstream = http://a%d/\n", i, i);
    for (int i = 0; i < 64; i++)
        buf_printf(&text, "[upstream \"http://a%d\"]\n", i);
    config_free(parsed(text.data));
    size_t len = text.len;
    buf_add_text(&text, HUB);
    refused(text.data, "m.conf:193: too many sections; at most 64 of one kind$");
    buf_truncate(&text, len);
    buf_add_text(&text, "[upstream \"http://a\"]\n");
    refused(text.data, "m.conf:193: too many sections; at most 64 of one kind$");
}

static void config_too_many_upstreams(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    for (int i = 0; i < 64; i++)
        buf_printf(&text, "[pypi \"u%d\"]\nindex = http://a/\n", i);
    config_free(parsed(text.data));
    buf_add_text(&text, UPSTREAM);
    refused(text.data, "m.conf:129: too many sections; at most 64 of one kind$");
}

static void config_too_many_items(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add_text(&text, UPSTREAM "[server]\n");
    for (int i = 0; i < 64; i++)
        buf_add_text(&text, "listen = *:0\n");
    config_free(parsed(text.data));
    buf_add_text(&text, "listen = *:0\n");
    refused(text.data, "m.conf:68: listen = *:0: expected ");
}

static void config_no_value(void **state)
{
    (void)state;
    refused_key("[server]", "access_log =", "access_log has no value$");
    refused_key("[server]", "access_log = ; off", "access_log has no value$");
}

static void config_no_equals_sign(void **state)
{
    (void)state;
    refused_key("[server]", "offline yes", "expected key = value$");
    /* The first of two errors is told. */
    refused_key("[server]", "offline yes\nworkers = x", "expected key = value$");
    refused_key("[server]", "workers = x\noffline yes", "workers = x: ");
}

static void config_indented_line_is_no_continuation(void **state)
{
    (void)state;
    refused("[server]\naccess_log = /var/log\n    /yizhan.log\n", "m.conf:3: expected key = value$");
}

static void config_hash_behind_value(void **state)
{
    (void)state;
    refused_key("[storage]", "path = ./var # the store",
                "path = ./var # the store: a comment after a value begins with \" ;\", not with \"#\"$");
}

static void config_key_above_sections(void **state)
{
    (void)state;
    refused("offline = yes\n",
            "m.conf:1: \"offline\" comes before the first section; expected [server] or another$");
}

static void config_line_too_long(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    /* inih was built for lines of 200 bytes with their end and a NUL, and would cut this one. */
    buf_add_text(&text, UPSTREAM "files = https://a/");
    size_t prefix = strlen("files = https://a/");
    for (size_t i = prefix; i < 198; i++)
        buf_add_char(&text, 'x');
    struct config *config = parsed(text.data);
    assert_int_equal(strlen(config->pypi_upstreams[0].files), 198 - strlen("files = ") + 1);
    config_free(config);
    buf_add_char(&text, 'x');
    refused(text.data, "m.conf:3: the line has 199 bytes; at most 198 are read$");
    buf_add_text(&text, " ; why");
    refused(text.data,
            "m.conf:3: the line has 205 bytes; at most 198 are read: put the comment on a line of its own$");
}

static void config_not_text(void **state)
{
    (void)state;
    static const char expected[] =
        "m.conf:2: the line is not text; expected UTF-8 without control characters$";
    static const char nul[] = "[storage]\npath = ./v\0ar\n";
    static const char utf16[] = "\n[\0s\0e\0r\0v\0e\0r\0]\0\n\0";

    refused_n(nul, sizeof(nul) - 1, expected);
    refused_n(utf16, sizeof(utf16) - 1, expected);
    refused("[storage]\npath = \xff\n", expected);
    refused("[storage]\npath = a\rb\n", expected);
}

static void config_empty(void **state)
{
    (void)state;
    refused("", "m.conf: the file is empty; begin with a copy of mirror.conf.example$");
}

static void config_too_large(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    while (text.len <= 1 << 20)
        buf_add_text(&text, ";\n");
    refused_n(text.data, text.len, "m.conf: larger than 1048576 bytes; this is not a mirror.conf$");
}

/* ---- files ---- */

static void refused_file(const char *path, const char *expected)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct config *config = NULL;

    assert_int_equal(config_load(path, &config, &error), -1);
    assert_null(config);
    assert_string_equal(error.data, expected);
}

static void config_file_missing(void **state)
{
    (void)state;
    refused_file("/nonexistent/mirror.conf", "cannot read the configuration /nonexistent/mirror.conf: No "
                                             "such file or directory; begin with a copy "
                                             "of mirror.conf.example, or name another file with -c");
}

static void config_file_is_a_folder(void **state)
{
    (void)state;
    refused_file("/", "cannot read the configuration /: Is a directory");
}

static void config_file_without_end(void **state)
{
    (void)state;
    refused_file("/dev/zero", "/dev/zero: larger than 1048576 bytes; this is not a mirror.conf");
}

static void config_file_unreadable(void **state)
{
    (void)state;
    char path[] = "/tmp/config_test.XXXXXX";
    int CLEANUP_CLOSE fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0), 0);
    bool root = geteuid() == 0;
    char *CLEANUP_FREE expected = xasprintf("cannot read the configuration %s: Permission denied", path);

    if (root)
        assert_int_equal(seteuid(65534), 0);
    refused_file(path, expected);
    if (root)
        assert_int_equal(seteuid(0), 0);
    unlink(path);
}

static void config_file_is_read(void **state)
{
    (void)state;
    char path[] = "/tmp/config_test.XXXXXX";
    int CLEANUP_CLOSE fd = mkstemp(path);
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct config *config = NULL;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, UPSTREAM "x = 1\n", strlen(UPSTREAM "x = 1\n")), strlen(UPSTREAM "x = 1\n"));
    char *CLEANUP_FREE expected = xasprintf("%s:3: unknown key \"x\" in [pypi \"a\"]", path);
    assert_int_equal(config_load(path, &config, &error), -1);
    assert_true(text_starts(error.data, expected));
    assert_int_equal(ftruncate(fd, (off_t)strlen(UPSTREAM)), 0);
    assert_int_equal(config_load(path, &config, &error), 0);
    assert_string_equal(config->pypi_upstreams[0].index, "https://a.example/simple/");
    config_free(config);
    unlink(path);
}

static void config_example_is_valid(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct config *config = NULL;

    if (config_load("mirror.conf.example", &config, &error) < 0)
        fail_msg("%s", error.data);
    assert_true(config->pypi_upstream_count >= 2);
    assert_true(config->registry_count >= 5);
    assert_string_equal(config->registries[0].name, "docker.io");
    assert_true(config->registries[0].is_default);
    assert_string_equal(config->server.listen.items[0], "127.0.0.1:8080");
    assert_string_equal(config->storage.path, "./var");
    config_free(config);
}

/* ---- the reference ---- */

static void config_reference_lists_keys(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;
    static const char *const expected[] = {
        "### `[server]`\n",
        "### `[pypi \"name\"]`\n",
        ("| `listen` | address:port, [IPv6 address]:port, *:port or unix:/path; may be given several times | "
         "`127.0.0.1:8080` | Where"),
        "| `max_size` | a size such as 64M (K M G T), at least 1M | `100G` | ",
        "| `min_free` | a size such as 64M (K M G T) | `2G` | ",
        "| `keep` | a time such as 10m (s m h d) from 0 to 3650d | `0s` | ",
        "| `pin` | pypi:PROJECT, docker:IMAGE or prefetch:LIST; may be given several times | – | ",
        "| `ttl` | a time such as 10m (s m h d) from 0 to 365d | `10m` | ",
        "| `index` | an http:// or https:// URL | must be given | ",
        "| `proxy` | ",
        "### `[registry \"name\"]`\n",
        "| `upstream` | an http:// or https:// URL; may be given several times | must be given | ",
        "| `default` | yes or no | `no` | ",
        "| `tag_ttl` | a time such as 10m (s m h d) from 0 to 365d | `10m` | ",
        "### `[upstream \"URL\"]`\n",
        "| `resolve` | yes or no | `yes` | ",
        "| `password` | a password | – | ",
    };

    config_print_reference(&text);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        if (!strstr(text.data, expected[i]))
            fail_msg("not in the reference: %s", expected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_defaults),
        cmocka_unit_test(config_upstream_defaults),
        cmocka_unit_test(config_every_key),
        cmocka_unit_test(config_upstream_order),
        cmocka_unit_test(config_comments_and_blanks),
        cmocka_unit_test(config_byte_order_mark),
        cmocka_unit_test(config_long_comment),
        cmocka_unit_test(config_offline_needs_no_upstream),
        cmocka_unit_test(config_proxy_none),
        cmocka_unit_test(config_sizes),
        cmocka_unit_test(config_times),
        cmocka_unit_test(config_bad_size),
        cmocka_unit_test(config_bad_time),
        cmocka_unit_test(config_bad_number),
        cmocka_unit_test(config_bad_bool),
        cmocka_unit_test(config_bad_url),
        cmocka_unit_test(config_bad_listen),
        cmocka_unit_test(config_listen_path_too_long),
        cmocka_unit_test(config_bad_proxy),
        cmocka_unit_test(config_unknown_key),
        cmocka_unit_test(config_unknown_section),
        cmocka_unit_test(config_bad_section),
        cmocka_unit_test(config_bad_upstream_name),
        cmocka_unit_test(config_duplicate_key),
        cmocka_unit_test(config_duplicate_section),
        cmocka_unit_test(config_missing_index),
        cmocka_unit_test(config_no_upstream),
        cmocka_unit_test(config_registry_defaults),
        cmocka_unit_test(config_registry_keys),
        cmocka_unit_test(config_registry_upstream_sections),
        cmocka_unit_test(config_registry_alone),
        cmocka_unit_test(config_registry_order),
        cmocka_unit_test(config_registry_url_is_normalised),
        cmocka_unit_test(config_registry_section_is_found_by_url),
        cmocka_unit_test(config_registry_upstream_is_shared),
        cmocka_unit_test(config_registry_bad_name),
        cmocka_unit_test(config_registry_twice),
        cmocka_unit_test(config_prefetch_sections),
        cmocka_unit_test(config_bad_prefetch_keys),
        cmocka_unit_test(config_bad_pins),
        cmocka_unit_test(config_registry_bad_keys),
        cmocka_unit_test(config_registry_bad_realm),
        cmocka_unit_test(config_registry_realms),
        cmocka_unit_test(config_registry_bad_rewrite),
        cmocka_unit_test(config_registry_rewrite_is_for_all),
        cmocka_unit_test(config_registry_one_default),
        cmocka_unit_test(config_registry_host_means_one),
        cmocka_unit_test(config_registry_upstream_twice),
        cmocka_unit_test(config_registry_somebody_resolves),
        cmocka_unit_test(config_registry_unused_upstream),
        cmocka_unit_test(config_registry_credentials_of_many),
        cmocka_unit_test(config_registry_credentials_beside_section),
        cmocka_unit_test(config_registry_half_credentials),
        cmocka_unit_test(config_password_is_first_line),
        cmocka_unit_test(config_password_file_of_upstream),
        cmocka_unit_test(config_password_file_without_password),
        cmocka_unit_test(config_password_longest),
        cmocka_unit_test(config_password_file_unreadable),
        cmocka_unit_test(config_password_file_is_a_pipe),
        cmocka_unit_test(config_password_is_never_shown),
        cmocka_unit_test(config_too_many_registries),
        cmocka_unit_test(config_too_many_upstreams),
        cmocka_unit_test(config_too_many_items),
        cmocka_unit_test(config_no_value),
        cmocka_unit_test(config_no_equals_sign),
        cmocka_unit_test(config_indented_line_is_no_continuation),
        cmocka_unit_test(config_hash_behind_value),
        cmocka_unit_test(config_key_above_sections),
        cmocka_unit_test(config_line_too_long),
        cmocka_unit_test(config_not_text),
        cmocka_unit_test(config_empty),
        cmocka_unit_test(config_too_large),
        cmocka_unit_test(config_file_missing),
        cmocka_unit_test(config_file_is_a_folder),
        cmocka_unit_test(config_file_without_end),
        cmocka_unit_test(config_file_unreadable),
        cmocka_unit_test(config_file_is_read),
        cmocka_unit_test(config_example_is_valid),
        cmocka_unit_test(config_reference_lists_keys),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
