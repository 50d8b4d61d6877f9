/* The HTML scanner: what it takes for tags, attributes and text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/html.h"

/* Writes the events down: "<a href=[x]>", "</a>", text as it is. */
static int note_start(void *arg, const struct html_tag *tag)
{
    buf_printf(arg, "<%s", tag->name);
    for (size_t i = 0; i < tag->attribute_count; i++)
        buf_printf(arg, " %s=[%s]", tag->attributes[i].name, tag->attributes[i].value);
    buf_add_char(arg, '>');
    return strcmp(tag->name, "stop") == 0 ? -1 : 0;
}

static int note_end(void *arg, const char *name)
{
    buf_printf(arg, "</%s>", name);
    return strcmp(name, "stop") == 0 ? -1 : 0;
}

static void note_text(void *arg, const char *text, size_t len)
{
    buf_add(arg, text, len);
}

static const struct html_events note = {note_start, note_end, note_text};

static void check(const char *body, const char *expected)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(html_parse(body, strlen(body), &note, &out, &error), 0);
    assert_string_equal(out.data, expected);
}

static void html_tags(void **state)
{
    (void)state;
    check("<P><a HREF=x>y</A ></p\n><br/>", "<p><a href=[x]>y</a></p><br>");
    check("a<b", "a");
    check("1 < 2 <> <3", "1 < 2 <> <3");
    check("</>x</ >y", "xy");
    check("<a", "");
    check("<a href='x", "");
    check("<a href=\"x\"", "");
}

static void html_attributes(void **state)
{
    (void)state;
    check("<a a='1' b=\"2\" c=3 d e = 5 f='' g=>", "<a a=[1] b=[2] c=[3] d=[] e=[5] f=[] g=[]>");
    check("<a x='>' y=\"<a>\" z='\"'>", "<a x=[>] y=[<a>] z=[\"]>");
    check("<a x=1/y=2 /z='3'w='4'>", "<a x=[1/y=2] z=[3] w=[4]>");
    check("<a href=b/>", "<a href=[b/]>");
    check("<a =x=y>", "<a =x=[y]>");
    check("<a x\n=\n'1\n2'>", "<a x=[1\n2]>");
}

static void html_character_references(void **state)
{
    (void)state;
    check("<a x='&lt;&gt;&amp;&quot;&apos;&#39;&#x2B;&#X2b;&plus;'>&gt;=3&nbsp;",
          "<a x=[<>&\"''+++]>>=3\xc2\xa0");
    check("&amp;lt;", "&lt;");
    check("&unknown; & &; &# &#x; &#xg &amp", "&unknown; & &; &# &#x; &#xg &");
    check("<a x='?a=1&lt=2&ltx&lt'>", "<a x=[?a=1&lt=2&ltx<]>");
    check("&#65 &#233; &#x4e2d; &#x1F600;", "A \xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80");
    check("&#0;&#xd800;&#x110000;&#99999999999999999999;",
          "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void html_comments_and_declarations(void **state)
{
    (void)state;
    check("<!DOCTYPE html>a<!-- <a href=x> -- > -->b<!---->c<!-->d", "abcd");
    check("<?xml version='1.0'?>a", "a");
    check("a<!-- no end <a>", "a");
}

static void html_raw_text(void **state)
{
    (void)state;
    check("<script>if (a<b) '<a href=x>'</scripty></script>x", "<script></script>x");
    check("<STYLE>a>b{}</style >x", "<style></style>x");
    check("<title>a &amp; <b></title>", "<title>a & <b></title>");
    check("<script>never closed <a>", "<script>");
}

static void html_gives_up_when_told(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(html_parse("<a><stop><b>", 12, &note, &out, &error), -1);
    assert_string_equal(out.data, "<a><stop>");
    buf_reset(&out);
    assert_int_equal(html_parse("</stop><b>", 10, &note, &out, &error), -1);
    assert_string_equal(out.data, "</stop>");
    assert_int_equal(error.len, 0);
}

static void html_attribute_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    buf_add_text(&body, "<a");
    for (int i = 0; i < HTML_ATTRIBUTES_MAX; i++)
        buf_printf(&body, " x%d", i);
    size_t most = body.len;
    buf_add_char(&body, '>');
    assert_int_equal(html_parse(body.data, body.len, &note, &out, &error), 0);
    body.len = most;
    buf_add_text(&body, " y>");
    assert_int_equal(html_parse(body.data, body.len, &note, &out, &error), -1);
    assert_non_null(strstr(error.data, "attributes"));
}

static void html_nul_becomes_sub(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF out = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    assert_int_equal(html_parse("<a x='1\0002'>\0", 12, &note, &out, &error), 0);
    assert_string_equal(out.data, "<a x=[1\x1a"
                                  "2]>\x1a");
}

static void html_attribute_found(void **state)
{
    (void)state;
    struct html_tag tag = {
        .name = "a", .attributes = {{"x", "1"}, {"y", ""}, {"x", "2"}}, .attribute_count = 3};

    assert_string_equal(html_attribute(&tag, "x"), "1");
    assert_string_equal(html_attribute(&tag, "y"), "");
    assert_null(html_attribute(&tag, "z"));
}

/* What makes tree builders and naive scanners slow. Quadratic work would be 10^11 steps; the alarm ends the
 * test. */
static void html_hostile_is_linear(void **state)
{
    (void)state;
    static const char *const pieces[] = {"<div>", "<!--", "<title>", "<a x='",
                                         "&#",    "</",   "<a ",     "<script><"};
    struct buf CLEANUP_BUF error = BUF_INIT;

    alarm(60);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        struct buf CLEANUP_BUF body = BUF_INIT;
        struct buf CLEANUP_BUF out = BUF_INIT;
        for (int n = 0; n < 500000; n++)
            buf_add_text(&body, pieces[i]);
        html_parse(body.data, body.len, &note, &out, &error);
    }
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_tags),
        cmocka_unit_test(html_attributes),
        cmocka_unit_test(html_character_references),
        cmocka_unit_test(html_comments_and_declarations),
        cmocka_unit_test(html_raw_text),
        cmocka_unit_test(html_gives_up_when_told),
        cmocka_unit_test(html_attribute_limit),
        cmocka_unit_test(html_nul_becomes_sub),
        cmocka_unit_test(html_attribute_found),
        cmocka_unit_test(html_hostile_is_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
