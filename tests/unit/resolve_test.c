/* Resolving, in small universes (tests/unit/support/universe.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/support/universe.h"

#define TRIAL(universe_, requirements_, ...) \
    (&(struct trial){.universe = universe_, .requirements = requirements_, __VA_ARGS__})
#define GIVES(expected, ...) trial_gives(TRIAL(__VA_ARGS__), expected)

/* ---- choosing ---- */

static void resolve_takes_the_newest(void **state)
{
    (void)state;
    GIVES("a 10.0, b 1.0.post1", "a 9.0\na 10.0 : b\na 2.0\nb 1.0\nb 1.0.post1\nb 1.0.dev1\n", "a");
    GIVES("a 2.0, b 0.9", "a 9.0\na 2.0 : b<1\nb 1.0\nb 0.9", "a~=2.0");
    GIVES("", "a 1.0", "");
    GIVES("foo-bar 1.0", "Foo_Bar 1.0", "foo.bar");
}

static void resolve_tells_who_wanted_it(void **state)
{
    (void)state;
    GIVES("a 1.0, b 1.0", "a 1.0 : b\nb 1.0", "a");
    assert_string_equal(trial_wanted_by("a"), "r:1");
    assert_string_equal(trial_wanted_by("b"), "a 1.0");
}

static void resolve_goes_back(void **state)
{
    (void)state;
    /* a 2 cannot be: nothing has c 9. */
    GIVES("a 1.0, c 1.0", "a 2.0 : c>=9\na 1.0 : c\nc 1.0", "a");
    /* The dead end is two steps down. */
    GIVES("a 1.0, b 1.0, c 1.0", "a 2.0 : b>=2\na 1.0 : b\nb 2.0 : c>=9\nb 1.0 : c\nc 1.0", "a");
    /* x has nothing to do with it, and stays as new as it can be. */
    GIVES("a 1.0, b 1.0, c 1.0, x 3.0",
          "a 2.0 : b>=2, x\na 1.0 : b, x\nb 2.0 : c>=9\nb 1.0 : c\nc 1.0\nx 1.0\nx 2.0\nx 3.0", "x\na");
}

static void resolve_settles_diamonds(void **state)
{
    (void)state;
    /* Both want d; what was chosen first gives way, as with pip. */
    GIVES("a 2.0, b 2.0, c 2.0, d 1.0", "a 2.0 : b, c\nb 2.0 : d\nc 2.0 : d<2\nd 1.0\nd 2.0", "a");
    /* Only older b and c agree. */
    GIVES("a 1.0, b 1.0, c 2.0, d 2.0", "a 1.0 : b, c\nb 2.0 : d<2\nb 1.0 : d\nc 2.0 : d>=2\nd 1.0\nd 2.0",
          "a");
    /* A requirement of the user's is chosen again, too. */
    GIVES("a 1.0, b 1.0", "a 2.0\na 1.0\nb 1.0 : a<2", "a\nb");
    /* Found out only behind a third. */
    GIVES("a 1.0, b 1.0, c 1.0", "a 2.0\na 1.0\nb 1.0 : c\nc 1.0 : a<2", "a\nb");
}

static void resolve_searches_all(void **state)
{
    (void)state;
    /* Each of these pairs excludes itself in its own way. */
    static const char universe[] = "m 2.0 : b>=2\nm 1.0 : b<2\nb 2.0 : m<2\nb 1.0 : m>=2\n";
    FAILS(TRIAL(universe, "m\nb"), "no versions fit", "m 2.0 wants b>=2", "b 1.0 wants m>=2");
    GIVES("b 1.0, m 3.0", "m 3.0 : b<2\nm 2.0 : b>=2\nm 1.0 : b<2\nb 2.0 : m<2\nb 1.0 : m>=2\n", "m\nb");
}

static void resolve_walks_in_circles(void **state)
{
    (void)state;
    GIVES("a 1.0, b 1.0", "a 1.0 : b\nb 1.0 : a", "a");
    GIVES("a 1.0, b 2.0", "a 2.0 : b<2\na 1.0 : b\nb 2.0 : a<2\nb 1.0 : a<2", "b");
    GIVES("a 1.0", "a 1.0 : a", "a");
    GIVES("a 1.0", "a 2.0 : a<2\na 1.0", "a");
    FAILS(TRIAL("a 1.0 : a>1", "a"), "r:1 wants a", "a 1.0 wants a>1");
}

/* ---- extras ---- */

static void resolve_extras(void **state)
{
    (void)state;
    static const char universe[] = "a 1.0 : b ; extra fast: c ; extra all: a[fast], d\nb 1.0\nc 1.0\nd 1.0\n"
                                   "e 1.0 : a[fast]\nf 1.0 : a, e\n";
    GIVES("a 1.0, b 1.0", universe, "a");
    GIVES("a[fast] 1.0, b 1.0, c 1.0", universe, "a[fast]");
    GIVES("a[fast] 1.0, b 1.0, c 1.0", universe, "a[FAST,fast]");
    GIVES("a[all,fast] 1.0, b 1.0, c 1.0, d 1.0", universe, "a[all]");
    /* a was chosen before e asks for the extra. */
    GIVES("a[fast] 1.0, b 1.0, c 1.0, e 1.0", universe, "a\ne");
    GIVES("a[fast] 1.0, b 1.0, c 1.0, e 1.0, f 1.0", universe, "f");
}

static void resolve_extras_that_do_not_exist(void **state)
{
    (void)state;
    GIVES("a 1.0", "a 1.0 : b ;extra == 'slow'", "a[slow]");
    assert_string_equal(trial_notes(), "a 1.0 has no extra \"slow\", which r:1 wants");
}

static void resolve_extras_go_back(void **state)
{
    (void)state;
    /* What the extra brings rules out a 2, or the one who asked for the extra. */
    GIVES("a[x] 1.0, c 1.0", "a 2.0 : ; extra x: c>=2\na 1.0 : ; extra x: c\nc 1.0", "a[x]");
    GIVES("a 1.0, b 1.0, c 1.0", "a 1.0 : c<2 ; extra x: c>=2\nb 2.0 : a[x]\nb 1.0 : a\nc 1.0\nc 2.0",
          "a\nb");
    FAILS(TRIAL("a 1.0 : c<2 ; extra x: c>=2\nc 1.0\nc 2.0", "a[x]"), "a 1.0 wants c<2", "a 1.0 wants c>=2");
}

/* ---- which versions count ---- */

static void resolve_prereleases(void **state)
{
    (void)state;
    static const char universe[] = "a 1.0\na 2.0rc1\nb 1.0a1\nb 1.0a2.dev1\nc 1.0 : a>=2.0rc1";
    GIVES("a 1.0", universe, "a");
    GIVES("a 2.0rc1", universe, "a>=2.0rc1");
    GIVES("a 2.0rc1, c 1.0", universe, "c");
    GIVES("a 2.0rc1", universe, "a", .prereleases = RESOLVE_PRERELEASES_ALL);
    GIVES("a 2.0rc1", universe, "a", .constraints = "a>=1.0a1");
    /* There is nothing else. */
    GIVES("b 1.0a2.dev1", universe, "b");
    FAILS(TRIAL(universe, "b>0.1"), "r:1 wants b>0.1", "b 1.0a2.dev1 is a pre-release");
    GIVES("b 1.0a2.dev1", universe, "b>0.1", .prereleases = RESOLVE_PRERELEASES_IF_NEEDED);
    GIVES("a 1.0", universe, "a>0.1", .prereleases = RESOLVE_PRERELEASES_IF_NEEDED);
    GIVES("a 2.0rc1", universe, "a>1.0", .prereleases = RESOLVE_PRERELEASES_IF_NEEDED);
}

static void resolve_waits_for_who_names_a_prerelease(void **state)
{
    (void)state;
    /* a alone would have nothing; b, which is chosen later, allows the pre-release. */
    GIVES("a 2.0rc1, b 1.0", "a 1.0\na 2.0rc1\nb 1.0 : a>=2.0rc1", "a>1.0\nb");
}

static void resolve_yanked(void **state)
{
    (void)state;
    static const char universe[] = "a 1.0\na 2.0 yanked\nb 1.0 : a==2.0";
    GIVES("a 1.0", universe, "a");
    assert_string_equal(trial_notes(), "");
    GIVES("a 2.0", universe, "a==2.0");
    assert_string_equal(trial_notes(), "a 2.0 was yanked: bad, but r:1 pins it");
    GIVES("a 2.0", universe, "a===2.0");
    GIVES("a 2.0, b 1.0", universe, "a\nb");
    GIVES("a 2.0", universe, "a", .constraints = "a==2.0");
    FAILS(TRIAL(universe, "a>=2"), "r:1 wants a>=2; a 2.0 was yanked");
    FAILS(TRIAL(universe, "a==2.*"), "a 2.0 was yanked");
    /* A version with another file that was not yanked. */
    GIVES("a 2.0", "a 2.0 yanked\na 2.0 sdist", "a", .sdists = true);
    assert_string_equal(trial_metadata(), "a-2.0.tar.gz");
}

static void resolve_requires_python(void **state)
{
    (void)state;
    static const char universe[] = "a 3.0 >=3.12\na 2.0 meta>=3.11\na 1.0 >=3.8";
    GIVES("a 1.0", universe, "a");
    GIVES("a 2.0", universe, "a", .python = "3.11");
    GIVES("a 3.0", universe, "a", .python = "3.12");
    FAILS(TRIAL(universe, "a>1"), "a 3.0 requires Python >=3.12, a 2.0 requires Python >=3.11");
    /* The third number counts, and pre-releases of Python match. */
    GIVES("a 1.0", "a 2.0 >=3.9.2\na 1.0", "a", .python = "3.9.1");
    GIVES("a 2.0", "a 2.0 >=3.9.2\na 1.0", "a", .python = "3.9.2");
    GIVES("a 1.0", "a 1.0 >=3.13", "a", .python = "3.13.0rc1");
    /* One that cannot be read asks for nothing. */
    GIVES("a 1.0", "a 1.0 >=3.x", "a");
}

static void resolve_wheels_of_the_target(void **state)
{
    (void)state;
    static const char universe[] = "a 3.0 cp310-cp310-win_amd64\na 2.0 cp310-cp310-manylinux_2_17_x86_64\n"
                                   "a 2.0 py3-none-any\na 2.0 cp310-cp310-manylinux_2_28_x86_64\n"
                                   "a 1.0 py3-none-any\na 2.5 sdist";
    GIVES("a 2.0", universe, "a");
    assert_string_equal(trial_metadata(), "a-2.0-cp310-cp310-manylinux_2_28_x86_64.whl");
    GIVES("a 3.0", universe, "a", .platform = "win_amd64");
    GIVES("a 2.0", universe, "a", .platform = "macosx_arm64");
    assert_string_equal(trial_metadata(), "a-2.0-py3-none-any.whl");
    GIVES("a 2.5", universe, "a", .sdists = true);
    FAILS(TRIAL(universe, "a>2.1"), "a 3.0 has no wheel for CPython 3.10 on linux_x86_64",
          "a 2.5 has no wheel for CPython 3.10 on linux_x86_64, and its sdist may not be used");
    /* Of equal tags the later build; a wheel before an sdist. */
    GIVES("a 1.0", "a 1.0 sdist\na 1.0 2-py3-none-any\na 1.0 10-py3-none-any\na 1.0 py3-none-any", "a",
          .sdists = true);
    assert_string_equal(trial_metadata(), "a-1.0-10-py3-none-any.whl");
    /* Of equals the last. */
    GIVES("a 1.0", "a 1.0 py3-none-any\na 1.0 py2.py3-none-any\n", "a");
    assert_string_equal(trial_metadata(), "a-1.0-py2.py3-none-any.whl");
    GIVES("a 1.0", "a 1.0 py2.py3-none-any\na 1.0 py3-none-any\n", "a");
    assert_string_equal(trial_metadata(), "a-1.0-py3-none-any.whl");
}

static void resolve_formats_of_projects(void **state)
{
    (void)state;
    static const char universe[] = "a 3.0\na 2.0\na 2.0 sdist\na 1.0 sdist";
    GIVES("a 2.0", universe, "a", .sdists = true, .no_binary = "a");
    assert_string_equal(trial_metadata(), "a-2.0.tar.gz");
    GIVES("a 2.0", universe, "a", .sdists = true, .no_binary = ":all:");
    GIVES("a 3.0", universe, "a", .sdists = true, .no_binary = "b");
    FAILS(TRIAL(universe, "a<2", .sdists = true, .only_binary = "a"),
          "a 1.0 has no wheel for CPython 3.10 on linux_x86_64, and its sdist may not be used");
    FAILS(TRIAL(universe, "a<2", .sdists = true, .only_binary = ":all:"), "its sdist may not be used");
    /* Its own name counts, not what is said of all. */
    GIVES("a 2.0", universe, "a", .sdists = true, .only_binary = ":all:", .no_binary = "a");
    GIVES("a 3.0", universe, "a", .sdists = true, .only_binary = "a", .no_binary = ":all:");
    FAILS(TRIAL(universe, "a>2", .sdists = true, .no_binary = "a"),
          "a 3.0 has no sdist, and its wheels may not be used");
    FAILS(TRIAL(universe, "a==2", .no_binary = "a"),
          "a 2.0 has an sdist, which may not be used, and its wheels may not be used");
}

static void resolve_markers(void **state)
{
    (void)state;
    static const char universe[] =
        "a 1.0 : b ;sys_platform == 'win32', c ;python_version < '3.9', d ;platform_machine == 'aarch64'\n"
        "b 1.0\nc 1.0\nd 1.0";
    GIVES("a 1.0", universe, "a");
    GIVES("a 1.0, b 1.0", universe, "a", .platform = "win_amd64");
    GIVES("a 1.0, c 1.0", universe, "a", .python = "3.8");
    GIVES("a 1.0, d 1.0", universe, "a", .platform = "linux_aarch64");
    GIVES("b 1.0", universe, "a ; os_name == 'nt'\nb ; os_name == 'posix'");
    FAILS(TRIAL(universe, "a ; os_name ~= 'posix'"), "r:1: the marker of a cannot be evaluated: ");
}

static void resolve_constraints(void **state)
{
    (void)state;
    static const char universe[] = "a 2.0 : b\na 1.0 : b\nb 3.0\nb 2.0\nb 1.0";
    GIVES("a 2.0, b 2.0", universe, "a", .constraints = "b<3\nunknown==1");
    GIVES("a 1.0, b 3.0", universe, "a", .constraints = "a==1.0\nb==2.0 ; os_name == 'nt'");
    FAILS(TRIAL(universe, "a", .constraints = "b>=4"),
          "a 2.0 wants b (as other versions of a) but c:1 allows only b>=4",
          "no version of b is >=4, the newest is 3.0");
    FAILS(TRIAL(universe, "a", .constraints = "b[x]<3"), "c:1: the constraint of b has extras");
}

static void resolve_hashes(void **state)
{
    (void)state;
    static const char universe[] = "a 2.0\na 1.0\na 1.0 sdist\nb 1.0\nc 1.0 : b";
    GIVES("a 1.0", universe, "a #a-1.0-py3-none-any.whl");
    GIVES("a 1.0", universe, "a", .constraints = "a #a-1.0.tar.gz", .sdists = true);
    assert_string_equal(trial_metadata(), "a-1.0.tar.gz");
    FAILS(TRIAL(universe, "a #another"), "a 2.0 has no file with one of the hashes that are listed");
    /* Of two lists a file must be in both. */
    FAILS(TRIAL(universe, "a #a-1.0-py3-none-any.whl", .constraints = "a #a-2.0-py3-none-any.whl"),
          "r:1 wants a");
    FAILS(TRIAL(universe, "c #c-1.0-py3-none-any.whl", .require_hashes = true),
          "c 1.0 wants b; b 1.0 is not listed with a hash, which is required of all");
}

static void resolve_urls(void **state)
{
    (void)state;
    FAILS(TRIAL("a 1.0", "a @ https://host.example/a-1.0.zip"),
          "r:1: a @ https://host.example/a-1.0.zip is wanted by URL, which is not supported");
    GIVES("a 1.0", "a 2.0 : b @ https://host.example/b.zip\na 1.0", "a");
    FAILS(TRIAL("a 2.0 : b @ https://host.example/b.zip", "a"),
          "a 2.0 wants b @ https://host.example/b.zip, by URL, which is not supported");
}

static void resolve_metadata_that_is_none(void **state)
{
    (void)state;
    GIVES("a 1.0", "a 2.0 broken\na 1.5 bare\na 1.4 other\na 1.3 : b ;os_name ~= 'x'\na 1.0", "a");
    FAILS(TRIAL("a 2.0 broken", "a"),
          "a 2.0 has unusable metadata: line 3 of the metadata: Version is \"none\"");
    FAILS(TRIAL("a 2.0 bare", "a"), "a 2.0 has no metadata: nobody has it");
    FAILS(TRIAL("a 2.0 other", "a"), "a 2.0 has the metadata of another 2.0");
}

/* ---- the provider ---- */

static void resolve_stops_when_the_provider_fails(void **state)
{
    (void)state;
    FAILS(TRIAL("a 1.0 : unreachable", "a"), "cannot get the page of unreachable: the line is dead");
    FAILS(TRIAL("a 2.0 failing\na 1.0", "a"),
          "cannot get the metadata of a-2.0-py3-none-any.whl: the line is dead");
}

static void resolve_asks_once(void **state)
{
    (void)state;
    GIVES("a 1.0, b 1.0, c 1.0", "a 2.0 : b>=2\na 1.0 : b\nb 2.0 : c>=9\nb 1.0 : c\nc 1.0", "a");
    assert_string_equal(trial_pages(), "a, b, c");
    assert_string_equal(trial_metadata(),
                        "a-2.0-py3-none-any.whl, b-2.0-py3-none-any.whl, a-1.0-py3-none-any.whl, "
                        "b-1.0-py3-none-any.whl, c-1.0-py3-none-any.whl");
}

static void resolve_session_asks_once(void **state)
{
    (void)state;
    trial_gives_each(TRIAL("a 2.0 : b\na 1.0 : b<2\nb 2.0 : c\nb 1.0\nc 1.0", "a==2.0\na==1.0\na==3.0\na"),
                     "a 2.0, b 2.0, c 1.0 | a 1.0, b 1.0 | none | a 2.0, b 2.0, c 1.0");
    assert_string_equal(trial_pages(), "a, b, c");
    assert_string_equal(trial_metadata(),
                        "a-2.0-py3-none-any.whl, b-2.0-py3-none-any.whl, c-1.0-py3-none-any.whl, "
                        "a-1.0-py3-none-any.whl, b-1.0-py3-none-any.whl");
}

static void resolve_session_forgets_hashes(void **state)
{
    (void)state;
    trial_gives_each(TRIAL("a 2.0\na 1.0", "a #a-1.0-py3-none-any.whl\na\na #a-9-py3-none-any.whl\na"),
                     "a 1.0 | a 2.0 | none | a 2.0");
}

static void resolve_announces_pages_together(void **state)
{
    (void)state;
    GIVES("a 1.0, b 1.0, c 1.0, d 1.0", "a 1.0 : c, d, b\nb 1.0\nc 1.0\nd 1.0", "a\nb");
    assert_string_equal(trial_announced(), "a, b, c, d");
    /* Not what only a marker or an extra would bring. */
    GIVES("a 1.0", "a 1.0 : w ;os_name == 'nt' ; extra x: v", "a");
    assert_string_equal(trial_announced(), "a");
}

/* ---- messages ---- */

static void resolve_names_both_sides(void **state)
{
    (void)state;
    static const char universe[] =
        "flask 3.0 : werkzeug>=3\nflask 2.9 : werkzeug>=2.9\nwerkzeug 3.0\nwerkzeug 2.0";
    FAILS(TRIAL(universe, "flask\nwerkzeug==2.0"),
          "no versions fit the requirements for CPython 3.10 on linux_x86_64:", "r:2 pins werkzeug==2.0",
          " but ", "flask 3.0 wants werkzeug>=3", "flask 2.9 wants werkzeug>=2.9");
    FAILS(TRIAL(universe, "flask==3.0\nwerkzeug==2.0"), "flask 3.0 wants werkzeug>=3",
          "r:2 pins werkzeug==2.0");
}

static void resolve_tells_all_that_the_user_got_wrong(void **state)
{
    (void)state;
    FAILS(TRIAL("a 1.0\nb 1.0", "nosuch\na==7\nb\nempty"), "r:1 wants nosuch, but there is no project nosuch",
          "r:2 pins a==7; no version of a is ==7, the newest is 1.0",
          "r:4 wants empty, but the page of empty has no file of any version");
    FAILS(TRIAL("a 1.0 : nosuch>1", "a"), "a 1.0 wants nosuch>1, but there is no project nosuch");
}

static void resolve_tells_only_what_matters(void **state)
{
    (void)state;
    static const char universe[] =
        "a 1.0 : c<2\nb 1.0 : c>=2\nc 1.0\nc 2.0\nx 2.0 : y<2\nx 1.0\ny 2.0\ny 1.0";
    static const char *const all[] = {"a 1.0 wants c<2", "b 1.0 wants c>=2", NULL};

    trial_fails(TRIAL(universe, "x\ny\na\nb"), all);
    trial_lacks(TRIAL(universe, "x\ny\na\nb"), "y<");
}

static void resolve_gives_up(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF universe = BUF_INIT;

    /* Eight projects that all exclude one another, in twenty versions each. */
    for (int project = 0; project < 8; project++)
        for (int version = 1; version <= 20; version++) {
            buf_printf(&universe, "p%d %d : ", project, version);
            for (int other = 0; other < 8; other++)
                buf_printf(&universe, "%sp%d!=%d", other ? ", " : "", other,
                           other == project ? 99 : version + other - project);
            buf_add_char(&universe, '\n');
        }
    FAILS(TRIAL(universe.data, "p0\np1\np2\np3\np4\np5\np6\np7", .steps_max = 5),
          "gave up resolving the requirements for CPython 3.10 on linux_x86_64 after 5 steps");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolve_takes_the_newest),
        cmocka_unit_test(resolve_tells_who_wanted_it),
        cmocka_unit_test(resolve_goes_back),
        cmocka_unit_test(resolve_settles_diamonds),
        cmocka_unit_test(resolve_searches_all),
        cmocka_unit_test(resolve_walks_in_circles),
        cmocka_unit_test(resolve_extras),
        cmocka_unit_test(resolve_extras_that_do_not_exist),
        cmocka_unit_test(resolve_extras_go_back),
        cmocka_unit_test(resolve_prereleases),
        cmocka_unit_test(resolve_waits_for_who_names_a_prerelease),
        cmocka_unit_test(resolve_yanked),
        cmocka_unit_test(resolve_requires_python),
        cmocka_unit_test(resolve_wheels_of_the_target),
        cmocka_unit_test(resolve_formats_of_projects),
        cmocka_unit_test(resolve_markers),
        cmocka_unit_test(resolve_constraints),
        cmocka_unit_test(resolve_hashes),
        cmocka_unit_test(resolve_urls),
        cmocka_unit_test(resolve_metadata_that_is_none),
        cmocka_unit_test(resolve_stops_when_the_provider_fails),
        cmocka_unit_test(resolve_asks_once),
        cmocka_unit_test(resolve_session_asks_once),
        cmocka_unit_test(resolve_session_forgets_hashes),
        cmocka_unit_test(resolve_announces_pages_together),
        cmocka_unit_test(resolve_names_both_sides),
        cmocka_unit_test(resolve_tells_all_that_the_user_got_wrong),
        cmocka_unit_test(resolve_tells_only_what_matters),
        cmocka_unit_test(resolve_gives_up),
    };

    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
