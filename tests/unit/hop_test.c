/* The policy: URLs, addresses, proxies of the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/memory.h"
#include "formats/address.h"
#include "formats/url.h"
#include "upstreams/hop.h"
#include "upstreams/upstream.h"

static struct upstream *mirror(const char *proxy)
{
    struct upstream_options options = {.name = "mirror",
                                       .base_url = "https://mirror.example/simple/",
                                       .files_url = "http://10.1.2.3/",
                                       .proxy = proxy};
    return upstream_new(&options);
}

/* 0 when both steps are allowed; the last hop's URL in `url`. */
static int walk(const char *proxy, const char *from, const char *to, struct buf *url)
{
    struct upstream *upstream = mirror(proxy);
    struct buf CLEANUP_BUF problem = BUF_INIT;
    struct hop hop = HOP_INIT;
    int result = hop_start(&hop, upstream, from, &problem);

    if (result == 0 && to)
        result = hop_follow(&hop, upstream, to, &problem);
    if (result < 0)
        assert_true(problem.len > 0);
    if (url && hop.url)
        buf_set(url, "%s", hop.url);
    hop_release(&hop);
    upstream_unref(upstream);
    return result;
}

static void hop_relative(void **state)
{
    struct buf CLEANUP_BUF url = BUF_INIT;

    (void)state;
    assert_int_equal(walk("", "https://mirror.example/simple/x/", "../../packages/y?a=b#part", &url), 0);
    assert_string_equal(url.data, "https://mirror.example/packages/y?a=b");
    assert_int_equal(walk("", "https://mirror.example/simple/x/", "//cdn.example/y", &url), 0);
    assert_string_equal(url.data, "https://cdn.example/y");
}

static void hop_no_step_down(void **state)
{
    (void)state;
    assert_int_equal(walk("", "https://mirror.example/x", "http://mirror.example/x", NULL), -1);
    assert_int_equal(walk("", "http://mirror.example/x", "https://mirror.example/x", NULL), 0);
    assert_int_equal(walk("", "http://mirror.example/x", "http://cdn.example/x", NULL), 0);
}

static void hop_schemes(void **state)
{
    static const char *const bad[] = {"ftp://mirror.example/x",
                                      "file:///etc/passwd",
                                      "gopher://mirror.example/",
                                      "javascript:alert(1)",
                                      "dict://mirror.example:11211/",
                                      "",
                                      "http://"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(walk("", bad[i], NULL, NULL), -1);
    assert_int_equal(walk("", "HTTP://mirror.example/x", NULL, NULL), 0);
}

static void hop_private_literals(void **state)
{
    static const char *const bad[] = {
        "http://127.0.0.1/",         "http://127.1/",          "http://0x7f000001/",
        "http://2130706433/",        "http://[::1]/",          "http://[::]/",
        "http://[::ffff:10.0.0.1]/", "http://[fe80::1]/",      "http://169.254.169.254/",
        "http://100.100.100.200/",   "http://0.0.0.0/",        "http://10.1.2.4/",
        "http://192.168.0.1/",       "http://172.31.255.255/", "http://224.0.0.1/",
        "http://user@127.0.0.1/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(walk("", bad[i], NULL, NULL), -1);
        assert_int_equal(walk("http://proxy.example:3128", bad[i], NULL, NULL), -1);
    }
    assert_int_equal(walk("", "http://93.184.216.34/", NULL, NULL), 0);
}

/* 10.1.2.3 is configured. */
static void hop_trusted_literal(void **state)
{
    (void)state;
    assert_int_equal(walk("", "http://10.1.2.3/x", NULL, NULL), 0);
    assert_int_equal(walk("", "http://mirror.example/x", "http://10.1.2.3/x", NULL), 0);
}

/* Behind a proxy the name is resolved there, so that only the name can tell. */
static void hop_localhost_behind_proxy(void **state)
{
    (void)state;
    assert_int_equal(walk("http://proxy.example:3128", "http://localhost/", NULL, NULL), -1);
    assert_int_equal(walk("http://proxy.example:3128", "http://a.LOCALHOST./", NULL, NULL), -1);
    assert_int_equal(walk("http://proxy.example:3128", "http://notlocalhost/", NULL, NULL), 0);
}

static void hop_shown_without_secrets(void **state)
{
    struct upstream *upstream = mirror("");
    struct buf CLEANUP_BUF problem = BUF_INIT;
    struct hop hop = HOP_INIT;

    (void)state;
    assert_int_equal(hop_start(&hop, upstream, "https://me:secret@mirror.example/x?signature=1", &problem),
                     0);
    assert_string_equal(hop.shown, "https://mirror.example/x");
    assert_string_equal(hop.host, "mirror.example");
    assert_string_equal(hop.url, "https://me:secret@mirror.example/x?signature=1");
    hop_release(&hop);
    upstream_unref(upstream);
}

static void hop_unusable_without_secrets(void **state)
{
    static const char *const unusable[] = {"https://mirror.example:99999/x?signature=secret",
                                           "https://me:secret@mirror.example:99999/x"};
    struct upstream *upstream = mirror("");
    struct hop hop = HOP_INIT;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct buf CLEANUP_BUF problem = BUF_INIT;
        assert_int_equal(hop_start(&hop, upstream, unusable[i], &problem), -1);
        assert_true(problem.len > 0);
        assert_null(strstr(problem.data, "secret"));
    }
    upstream_unref(upstream);
}

/* Credentials go to the scheme, host and port of the configured URL. */
/* The limit is that of all URLs: one that a page or a list may hold can be asked for, and no longer one. */
static void hop_longest_url(void **state)
{
    struct buf CLEANUP_BUF url = BUF_INIT;

    (void)state;
    buf_add_text(&url, "https://cdn.example/");
    while (url.len < URL_MAX_BYTES)
        buf_add_char(&url, 'x');
    assert_int_equal(walk("", url.data, NULL, NULL), 0);
    assert_int_equal(walk("", "https://mirror.example/", url.data, NULL), 0);
    buf_add_char(&url, 'x');
    assert_int_equal(walk("", url.data, NULL, NULL), -1);
    assert_int_equal(walk("", "https://mirror.example/", url.data, NULL), -1);
}

static void hop_home(void **state)
{
    static const char *const away[] = {
        "http://mirror.example/x",    "https://mirror.example:8443/x",
        "https://a.mirror.example/x", "https://mirror.example.evil/x",
        "https://10.1.2.3/x",         "https://mirror.example@evil.example/",
        "ftp://mirror.example/",      "/x",
    };
    struct upstream *upstream = mirror("");

    (void)state;
    assert_true(hop_is_home(upstream, "https://mirror.example/v2/x?y"));
    assert_true(hop_is_home(upstream, "HTTPS://MIRROR.example:443/"));
    for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++)
        if (hop_is_home(upstream, away[i]))
            fail_msg("%s is taken for the upstream itself", away[i]);
    upstream_unref(upstream);
}

static void hop_refusal_keeps_hop(void **state)
{
    struct upstream *upstream = mirror("");
    struct buf CLEANUP_BUF problem = BUF_INIT;
    struct hop hop = HOP_INIT;

    (void)state;
    assert_int_equal(hop_start(&hop, upstream, "https://mirror.example/x", &problem), 0);
    assert_int_equal(hop_follow(&hop, upstream, "http://mirror.example/y", &problem), -1);
    assert_string_equal(hop.url, "https://mirror.example/x");
    hop_release(&hop);
    upstream_unref(upstream);
}

static void assert_proxy(const char *configured, bool https, const char *host, const char *proxy)
{
    char *CLEANUP_FREE chosen = hop_proxy(configured, https, host);

    assert_string_equal(chosen, proxy);
}

static void hop_proxy_environment(void **state)
{
    (void)state;
    assert_proxy(NULL, true, "mirror.example", "");
    setenv("http_proxy", "http://plain:1", 1);
    setenv("HTTPS_PROXY", "http://secure:2", 1);
    setenv("all_proxy", "socks5://all:3", 1);
    assert_proxy(NULL, false, "mirror.example", "http://plain:1");
    assert_proxy(NULL, true, "mirror.example", "http://secure:2");
    assert_proxy("", true, "mirror.example", "");
    assert_proxy("http://mine:4", true, "mirror.example", "http://mine:4");
    unsetenv("http_proxy");
    setenv("HTTP_PROXY", "http://evil:5", 1);
    assert_proxy(NULL, false, "mirror.example", "socks5://all:3");
    unsetenv("HTTP_PROXY");
    unsetenv("HTTPS_PROXY");
    unsetenv("all_proxy");
}

static void hop_proxy_exceptions(void **state)
{
    (void)state;
    setenv("https_proxy", "http://secure:2", 1);
    setenv("no_proxy", "localhost, .inside.example,10.0.0.0/8 fd00::/8,exact.example", 1);
    assert_proxy(NULL, true, "localhost", "");
    assert_proxy(NULL, true, "a.inside.example", "");
    assert_proxy(NULL, true, "INSIDE.example.", "");
    assert_proxy(NULL, true, "notinside.example", "http://secure:2");
    assert_proxy(NULL, true, "sub.exact.example", "");
    assert_proxy(NULL, true, "10.200.0.1", "");
    assert_proxy(NULL, true, "11.0.0.1", "http://secure:2");
    assert_proxy(NULL, true, "fd12::1", "");
    setenv("no_proxy", "*", 1);
    assert_proxy(NULL, true, "mirror.example", "");
    unsetenv("no_proxy");
    unsetenv("https_proxy");
}

static void address_classes(void **state)
{
    static const char *const closed[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.1",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.0",
        "192.0.0.170",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::1",
        "fe80::1%eth0",
    };
    static const char *const open[] = {
        "1.1.1.1",        "9.255.255.255",  "11.0.0.0",         "100.63.255.255",  "100.128.0.0",
        "172.15.255.255", "172.32.0.0",     "192.167.1.1",      "198.18.0.1",      "223.5.5.5",
        "2400:3200::1",   "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1",
    };
    bool numeric;

    (void)state;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        assert_false(address_text_public(closed[i], &numeric));
        assert_true(numeric);
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        assert_true(address_text_public(open[i], &numeric));
    assert_false(address_text_public("mirror.example", &numeric));
    assert_false(numeric);
}

static void address_of_other_family(void **state)
{
    struct sockaddr address = {.sa_family = AF_UNIX};

    (void)state;
    assert_false(address_public(&address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hop_relative),
        cmocka_unit_test(hop_no_step_down),
        cmocka_unit_test(hop_schemes),
        cmocka_unit_test(hop_private_literals),
        cmocka_unit_test(hop_trusted_literal),
        cmocka_unit_test(hop_localhost_behind_proxy),
        cmocka_unit_test(hop_shown_without_secrets),
        cmocka_unit_test(hop_unusable_without_secrets),
        cmocka_unit_test(hop_longest_url),
        cmocka_unit_test(hop_home),
        cmocka_unit_test(hop_refusal_keeps_hop),
        cmocka_unit_test(hop_proxy_environment),
        cmocka_unit_test(hop_proxy_exceptions),
        cmocka_unit_test(address_classes),
        cmocka_unit_test(address_of_other_family),
    };
    static const char *const variables[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                            "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
