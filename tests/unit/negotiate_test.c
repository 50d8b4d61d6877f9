/* Which representation a client gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/http/negotiate.h"

static const char *const offers[] = {"text/html", "application/json", "application/xml"};

static int media(const char *line)
{
    return negotiate_media(&line, 1, offers, 3);
}

static void negotiate_absent(void **state)
{
    (void)state;
    assert_int_equal(negotiate_media(NULL, 0, offers, 3), 0);
    assert_int_equal(media(""), 0);
    assert_int_equal(media(" , ,"), 0);
}

static void negotiate_quality(void **state)
{
    (void)state;
    assert_int_equal(media("text/html;q=0.1, application/json;q=0.2"), 1);
    assert_int_equal(media("text/html;q=0.201, application/json;q=0.2"), 0);
    assert_int_equal(media("application/json ; Q=1.000 , text/html;q=0.999"), 1);
}

static void negotiate_ties_by_offer(void **state)
{
    (void)state;
    assert_int_equal(media("application/xml, application/json"), 1);
    assert_int_equal(media("*/*"), 0);
    assert_int_equal(media("application/*"), 1);
}

static void negotiate_most_specific_range_wins(void **state)
{
    (void)state;
    assert_int_equal(media("*/*, text/html;q=0"), 1);
    assert_int_equal(media("text/*;q=0, */*;q=0.5, application/json;q=0.1"), 2);
    assert_int_equal(media("application/*;q=0.9, application/json;q=0.1, text/html;q=0.5"), 2);
}

static void negotiate_none_acceptable(void **state)
{
    (void)state;
    assert_int_equal(media("image/png"), -1);
    assert_int_equal(media("*/*;q=0"), -1);
    assert_int_equal(media("text/html;q=0.000"), -1);
}

static void negotiate_parameters(void **state)
{
    (void)state;
    assert_int_equal(media("application/json;charset=utf-8"), 1);
    assert_int_equal(media("application/json;charset=\"a,;q=0\";q=0.7, text/html;q=0.6"), 1);
    assert_int_equal(media("application/json;q=0.7;extension=1, text/html;q=0.6"), 1);
    /* The plain range speaks for the plain offer. */
    assert_int_equal(media("application/json;v=2, application/json;q=0.1, text/html;q=0.5"), 0);
}

static void negotiate_case(void **state)
{
    (void)state;
    assert_int_equal(media("APPLICATION/Json"), 1);
    assert_int_equal(media("Application/*"), 1);
}

static void negotiate_malformed_skipped(void **state)
{
    (void)state;
    assert_int_equal(media("text/html;q=2, application/json;q=0.1"), 1);
    assert_int_equal(media("text/html;q=0.1234, application/json;q=0.1"), 1);
    assert_int_equal(media("text/html;q=, application/json;q=0.1"), 1);
    assert_int_equal(media("text/html;q=1.001, application/json;q=0.1"), 1);
    assert_int_equal(media("text, te xt/html, /html, text/, a/b/c, application/json;q=0.1"), 1);
    assert_int_equal(media("nonsense"), 0);
}

static void negotiate_several_lines(void **state)
{
    (void)state;
    const char *lines[] = {"text/html;q=0.3", "", "application/xml;q=0.4, bogus", "application/json;q=0.2"};
    assert_int_equal(negotiate_media(lines, 4, offers, 3), 2);
}

static int simple(const char *line)
{
    return simple_format_negotiate(&line, 1);
}

static void negotiate_simple_clients(void **state)
{
    (void)state;
    /* pip, poetry, a browser, curl. */
    assert_int_equal(
        simple("application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, "
               "text/html; q=0.01"),
        SIMPLE_V1_JSON);
    assert_int_equal(simple("application/vnd.pypi.simple.v1+json, */*;q=0.1"), SIMPLE_V1_JSON);
    assert_int_equal(simple("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"),
                     SIMPLE_TEXT_HTML);
    assert_int_equal(simple("*/*"), SIMPLE_TEXT_HTML);
    assert_int_equal(simple_format_negotiate(NULL, 0), SIMPLE_TEXT_HTML);
    assert_int_equal(simple("application/vnd.pypi.simple.v1+html"), SIMPLE_V1_HTML);
    assert_int_equal(simple("application/json"), -1);
    assert_int_equal(simple("application/vnd.pypi.simple.v2+json"), -1);
}

static void negotiate_simple_latest(void **state)
{
    (void)state;
    assert_int_equal(simple("application/vnd.pypi.simple.latest+json"), SIMPLE_V1_JSON);
    assert_int_equal(simple("application/vnd.pypi.simple.latest+html"), SIMPLE_V1_HTML);
    assert_int_equal(simple_format_by_type("application/vnd.pypi.simple.latest+json"), SIMPLE_V1_JSON);
    assert_string_equal(simple_format_type(SIMPLE_V1_JSON), "application/vnd.pypi.simple.v1+json");
    assert_string_equal(simple_format_type(SIMPLE_V1_HTML), "application/vnd.pypi.simple.v1+html");
    assert_string_equal(simple_format_type(SIMPLE_TEXT_HTML), "text/html");
    assert_int_equal(simple_format_by_type("json"), -1);
}

static bool gzip(const char *line)
{
    return negotiate_gzip(&line, 1);
}

static void negotiate_gzip_accepted(void **state)
{
    (void)state;
    assert_true(gzip("gzip"));
    assert_true(gzip("deflate, GZIP;q=0.5, br"));
    assert_true(gzip("x-gzip"));
    assert_true(gzip("*"));
    assert_true(gzip("identity;q=0.5, *;q=0.7"));
    const char *lines[] = {"br", "gzip"};
    assert_true(negotiate_gzip(lines, 2));
}

static void negotiate_gzip_refused(void **state)
{
    (void)state;
    assert_false(negotiate_gzip(NULL, 0));
    assert_false(gzip(""));
    assert_false(gzip("identity"));
    assert_false(gzip("gzip;q=0"));
    assert_false(gzip("gzip;q=0, *"));
    assert_false(gzip("*;q=0"));
    assert_false(gzip("identity, gzip;q=0.5"));
    assert_false(gzip("gzip;q=x"));
    assert_false(gzip("gzipped"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiate_absent),
        cmocka_unit_test(negotiate_quality),
        cmocka_unit_test(negotiate_ties_by_offer),
        cmocka_unit_test(negotiate_most_specific_range_wins),
        cmocka_unit_test(negotiate_none_acceptable),
        cmocka_unit_test(negotiate_parameters),
        cmocka_unit_test(negotiate_case),
        cmocka_unit_test(negotiate_malformed_skipped),
        cmocka_unit_test(negotiate_several_lines),
        cmocka_unit_test(negotiate_simple_clients),
        cmocka_unit_test(negotiate_simple_latest),
        cmocka_unit_test(negotiate_gzip_accepted),
        cmocka_unit_test(negotiate_gzip_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
