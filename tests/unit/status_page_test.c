#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <libxml/HTMLparser.h>

#include "base/buf.h"
#include "base/counters.h"
#include "base/version.h"
#include "proxy/status_page.h"

static const struct status_upstream upstreams[] = {
    {"tuna", "https://pypi.tuna.tsinghua.edu.cn/simple/", true},
    {"aliyun", "https://mirrors.aliyun.com/pypi/simple/", false},
};

static const struct status_input usual = {
    .scheme = "http",
    .host = "mirror.lan:8080",
    .fallback_host = "127.0.0.1:8080",
    .pypi = true,
    .registries = true,
    .upstreams = upstreams,
    .upstream_count = 2,
    .store_bytes = 1536,
    .store_max_bytes = 107374182400,
    .store_blobs = 7,
    .uptime_s = 93784,
    .offline = false,
};

static void page_of(const struct status_input *input, struct buf *out)
{
    buf_reset(out);
    status_page(out, input);
}

static void assert_has(const struct buf *page, const char *text)
{
    if (!strstr(page->data, text))
        fail_msg("the page has no \"%s\":\n%s", text, page->data);
}

static void assert_lacks(const struct buf *page, const char *text)
{
    if (strstr(page->data, text))
        fail_msg("the page has \"%s\":\n%s", text, page->data);
}

static void status_shows_how_to_use_it(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF page = BUF_INIT;

    page_of(&usual, &page);
    assert_has(&page, "pip config set global.index-url http://mirror.lan:8080/simple/");
    assert_has(&page, "pip config set global.trusted-host mirror.lan<");
    assert_has(&page,
               "pip install --index-url http://mirror.lan:8080/simple/ --trusted-host mirror.lan PACKAGE");
    assert_has(&page, "UV_DEFAULT_INDEX=http://mirror.lan:8080/simple/");
    assert_has(&page, "{\"registry-mirrors\": [\"http://mirror.lan:8080\"], \"insecure-registries\": "
                      "[\"mirror.lan:8080\"]}");
    assert_has(&page, "docker pull mirror.lan:8080/ghcr.io/OWNER/IMAGE:TAG");
}

static void status_trust_is_for_remote_http_only(void **state)
{
    (void)state;
    static const char *const local[] = {"127.0.0.1:8080", "localhost", "LocalHost:1", "[::1]:8080"};
    static const char *const remote[] = {"127.example:8080", "localhost.lan", "[2001:db8::1]:8080",
                                         "10.0.0.1"};
    struct status_input input = usual;
    struct buf CLEANUP_BUF page = BUF_INIT;

    for (size_t i = 0; i < 4; i++) {
        input.host = local[i];
        page_of(&input, &page);
        assert_lacks(&page, "trusted-host");
        input.host = remote[i];
        page_of(&input, &page);
        assert_has(&page, "trusted-host");
    }
    input.scheme = "https";
    page_of(&input, &page);
    assert_has(&page, "https://10.0.0.1/simple/");
    assert_lacks(&page, "trusted-host");
}

static void status_trusts_no_host_header(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "<script>alert(1)</script>", "a b", "evil\"onload=", "", NULL, "h&amp;"};
    struct status_input input = usual;
    struct buf CLEANUP_BUF page = BUF_INIT;

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        input.host = hosts[i];
        page_of(&input, &page);
        assert_has(&page, "index-url http://127.0.0.1:8080/simple/");
        assert_lacks(&page, "alert");
        assert_lacks(&page, "evil");
    }
}

static void status_escapes_names(void **state)
{
    (void)state;
    const struct status_upstream odd = {"<b>\"x\"", "http://u/?a='1'&b=2", true};
    struct status_input input = usual;
    struct buf CLEANUP_BUF page = BUF_INIT;

    input.upstreams = &odd;
    input.upstream_count = 1;
    page_of(&input, &page);
    assert_has(&page, "&lt;b&gt;&quot;x&quot;");
    assert_has(&page, "http://u/?a=&#39;1&#39;&amp;b=2");
}

static void status_shows_the_upstreams(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF page = BUF_INIT;

    page_of(&usual, &page);
    const char *tuna = strstr(page.data, "https://pypi.tuna.tsinghua.edu.cn/simple/");
    const char *aliyun = strstr(page.data, "https://mirrors.aliyun.com/pypi/simple/");
    const char *failed = strstr(page.data, "failed lately");
    assert_non_null(tuna);
    assert_true(aliyun > tuna);
    assert_true(failed > aliyun);
    assert_lacks(&page, "Offline");
}

static void status_shows_the_figures(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF page = BUF_INIT;

    counter_set(COUNTER_HITS, 1234);
    counter_set(COUNTER_MISSES, 567);
    counter_set(COUNTER_STALE, 89);
    page_of(&usual, &page);
    assert_has(&page, "<td>1234</td>");
    assert_has(&page, "<td>567</td>");
    assert_has(&page, "<td>89</td>");
    assert_has(&page, "1.5 KiB / 100.0 GiB, 7 blobs");
    assert_has(&page, "<td>1 d 2 h 3 min</td>");
    assert_has(&page, "Yizhan " YIZHAN_VERSION);
}

static void status_says_offline(void **state)
{
    (void)state;
    struct status_input input = usual;
    struct buf CLEANUP_BUF page = BUF_INIT;

    input.offline = true;
    page_of(&input, &page);
    assert_has(&page, "Offline");
}

static void status_speaks_both_languages(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF page = BUF_INIT;

    page_of(&usual, &page);
    assert_has(&page, "Use it");
    assert_has(&page, "使用方法");
    assert_has(&page, "首次下载需等待，之后直接从本地获取");
}

/* Well-formed, and loads nothing from elsewhere. */
static void status_is_complete_in_itself(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF page = BUF_INIT;

    page_of(&usual, &page);
    htmlParserCtxtPtr parser = htmlNewParserCtxt();
    htmlDocPtr document = htmlCtxtReadMemory(parser, page.data, (int)page.len, "http://x/", NULL,
                                             HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);
    int broken = parser->errNo;
    xmlFreeDoc(document);
    htmlFreeParserCtxt(parser);
    xmlCleanupParser();
    assert_int_equal(broken, 0);
    assert_lacks(&page, "src=");
    assert_lacks(&page, "<link");
    assert_lacks(&page, "@import");
    assert_lacks(&page, "href=\"http");
}

static void status_health_is_ok(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    status_health(&text);
    assert_string_equal(text.data, "ok\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_shows_how_to_use_it),
        cmocka_unit_test(status_trust_is_for_remote_http_only),
        cmocka_unit_test(status_trusts_no_host_header),
        cmocka_unit_test(status_escapes_names),
        cmocka_unit_test(status_shows_the_upstreams),
        cmocka_unit_test(status_shows_the_figures),
        cmocka_unit_test(status_says_offline),
        cmocka_unit_test(status_speaks_both_languages),
        cmocka_unit_test(status_is_complete_in_itself),
        cmocka_unit_test(status_health_is_ok),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
