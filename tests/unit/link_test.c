/* Link headers: RFC 8288, and what registries send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/link.h"

#define BASE "https://r.example/v2/library/nginx/tags/list?n=2"

static void check(const char *value, const char *expected)
{
    struct buf CLEANUP_BUF out = BUF_INIT;
    bool found = link_next(value, BASE, &out);

    if (found != (expected != NULL) || strcmp(out.data, expected ? expected : "") != 0)
        fail_msg("%s gives \"%s\"", value, out.data);
}

static void link_next_of_registries(void **state)
{
    (void)state;
    check("</v2/library/nginx/tags/list?last=b&n=2>; rel=\"next\"",
          "https://r.example/v2/library/nginx/tags/list?last=b&n=2");
    check("<https://r.example/v2/x/tags/list?last=b>; rel=next", "https://r.example/v2/x/tags/list?last=b");
    check("<list?last=b>;rel=\"next\"", "https://r.example/v2/library/nginx/tags/list?last=b");
    check("<?last=b>; rel=next", "https://r.example/v2/library/nginx/tags/list?last=b");
    check("<//other.example/x>; rel=next", "https://other.example/x");
}

static void link_next_among_parameters(void **state)
{
    (void)state;
    check("</a>; rel=prev, </b>; rel=next", "https://r.example/b");
    check("</a>; rel=\"prev next\"", "https://r.example/a");
    check("</a>; REL=\"NEXT\"", "https://r.example/a");
    check("</a>; title=\"x, <y>; rel=next\"; rel=prev, </b>; rel=next", "https://r.example/b");
    check("</a>; title=\"\\\"; rel=prev\"; rel = next", "https://r.example/a");
    check(" , ,</a>\t;\trel=next ; x , ", "https://r.example/a");
    check("</a>;;rel=next;", "https://r.example/a");
    check("</a,b;c>; rel=next", "https://r.example/a,b;c");
    check("</a>; flag; rel=next", "https://r.example/a");
    check("</a>; rel=next, </b>; rel=next", "https://r.example/a");
    check("</a>; rel=prev; rel=next", NULL);
    check("</a>; rel=next; rel=prev", "https://r.example/a");
}

static void link_next_none(void **state)
{
    (void)state;
    static const char *const values[] = {
        "",
        "</a>",
        "</a>; rel=prev",
        "</a>; rel=nextish",
        "</a>; rel=\"\"",
        "</a>; rel=next; anchor=\"/other\"",
        "/a; rel=next",
        "</a; rel=next",
        "</a> rel=next",
        "</a>; rel=\"next",
        "</a>; rel=next x",
        "</a>; rel=/next",
        "</a>; =; rel=next",
        "<javascript:alert(1)>; rel=next",
        "<file:///etc/passwd>; rel=next",
        "<https://>; rel=next",
        "</a\nb>; rel=next",
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        check(values[i], NULL);
}

static void link_next_skips_what_is_no_url(void **state)
{
    (void)state;
    check("<mailto:a@b.example>; rel=next, </b>; rel=next", "https://r.example/b");
}

static void link_next_appends(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF out = BUF_INIT;

    buf_add_text(&out, "x ");
    assert_true(link_next("</a>; rel=next", BASE, &out));
    assert_string_equal(out.data, "x https://r.example/a");
    assert_false(link_next("</a>; rel=next", "no base", &out));
    assert_string_equal(out.data, "x https://r.example/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_next_of_registries), cmocka_unit_test(link_next_among_parameters),
        cmocka_unit_test(link_next_none),          cmocka_unit_test(link_next_skips_what_is_no_url),
        cmocka_unit_test(link_next_appends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
