/* Names, tags, digests of images, names of registries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/oci/image.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef bool predicate(const char *text, size_t len);

static void check_all(predicate *valid, const char *const *texts, size_t count, bool expected)
{
    for (size_t i = 0; i < count; i++)
        if (valid(texts[i], strlen(texts[i])) != expected)
            fail_msg("\"%s\" is %s", texts[i], expected ? "refused" : "accepted");
}
#define CHECK_ALL(valid, texts, expected) \
    check_all(valid, texts, sizeof(texts) / sizeof((texts)[0]), expected)

static void image_names(void **state)
{
    (void)state;
    static const char *const good[] = {
        "nginx",
        "library/nginx",
        "a",
        "0",
        "a/b/c/d/e/f/g",
        "my.app",
        "a_b",
        "a__b",
        "a-b",
        "a---b",
        "foo/bar-baz_qux.quux",
        "m.daocloud.io/docker.io/library/nginx",
    };
    static const char *const bad[] = {
        "",       "/",     "/a",  "a/",         "a//b",  "A",     "a/B",  "-a",   "a-",   "_a",
        "a_",     ".a",    "a.",  "a..b",       "a___b", "a._b",  "a-_b", "a.-b", "a/-b", "a-/b",
        "a/../b", "a/./b", "a:b", "a@sha256:0", "a b",   "a%2fb", "a\nb", "é",    "a\\b", "a?b",
    };
    CHECK_ALL(image_name_valid, good, true);
    CHECK_ALL(image_name_valid, bad, false);
    assert_false(image_name_valid("a\0b", 3));
    assert_false(image_name_valid(NULL, 0));
}

static void image_names_length(void **state)
{
    (void)state;
    char text[IMAGE_NAME_MAX_BYTES + 1];

    memset(text, 'a', sizeof(text));
    assert_true(image_name_valid(text, IMAGE_NAME_MAX_BYTES));
    assert_false(image_name_valid(text, IMAGE_NAME_MAX_BYTES + 1));
}

static void image_tags(void **state)
{
    (void)state;
    static const char *const good[] = {"latest", "1", "1.25.3-alpine", "_", "_.-", "V1.0", "A__b..c--"};
    static const char *const bad[] = {"",    ".",    "..",  "-",   ".a",
                                      "-a",  "a/b",  "a:b", "a b", "a+b",
                                      "a%b", "a\nb", "a@b", "é",   ("sha256:" HEX64)};
    CHECK_ALL(image_tag_valid, good, true);
    CHECK_ALL(image_tag_valid, bad, false);
    assert_false(image_tag_valid("a\0b", 3));

    char text[IMAGE_TAG_MAX_BYTES + 1];
    memset(text, 'a', sizeof(text));
    assert_true(image_tag_valid(text, IMAGE_TAG_MAX_BYTES));
    assert_false(image_tag_valid(text, IMAGE_TAG_MAX_BYTES + 1));
}

static void image_registries(void **state)
{
    (void)state;
    static const char *const good[] = {
        "docker.io",     "ghcr.io",        "localhost",          "localhost:5000",
        "registry:5000", "127.0.0.1",      "127.0.0.1:5000",     "m.daocloud.io:443",
        "[::1]:5000",    "[2001:db8::1]",  "a-b.example",        "A.Example",
        "my.app",        "registry:65535", "xn--fiqs8s.example",
    };
    static const char *const bad[] = {
        "",      "library", "registry",   "my_app.x",  ".",       "a.",         ".a",          "a..b",
        "a.b:",  ":5000",   "a:0",        "a:65536",   "a:5o",    "a:+5",       "a:000005000", "-a.b",
        "a-.b",  "a.-b",    "a.b-",       "a.b/c",     "a.b?c",   "u@a.b",      "a.b:1:2",     "[::1",
        "::1",   "[]",      "[a.b]",      "[1.2.3.4]", "[::1%1]", "[::1%\r\n]", "[::g]",       "[::1]x:1",
        "a b.c", "a\nb.c",  "LOCALHOST1",
    };
    CHECK_ALL(image_registry_like, good, true);
    CHECK_ALL(image_registry_like, bad, false);
    assert_false(image_registry_like("a.b\0c", 5));
    assert_false(image_registry_like("[::1\0]", 6));
}

static void image_digests_round_trip(void **state)
{
    (void)state;
    static const char *const good[] = {"sha256:" HEX64, "sha512:" HEX64 HEX64};
    static const enum hash_kind kinds[] = {HASH_SHA256, HASH_SHA512};
    char printed[IMAGE_DIGEST_SIZE];
    struct checksum digest;

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(image_digest_parse(good[i], strlen(good[i]), &digest), 0);
        assert_int_equal(digest.kind, kinds[i]);
        assert_int_equal(digest.bytes[0], 0x01);
        assert_int_equal(digest.bytes[31], 0xef);
        image_digest_print(&digest, printed);
        assert_string_equal(printed, good[i]);
    }
}

static void image_digests_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "sha256",
        "sha256:",
        "sha256:" HEX64 "0",
        "sha256:0123",
        "sha512:" HEX64,
        "sha256:" HEX64 HEX64,
        HEX64,
        "SHA256:" HEX64,
        "sha256=" HEX64,
        "sha256-" HEX64,
        "md5:0123456789abcdef0123456789abcdef",
        "sha1:0123456789abcdef0123456789abcdef01234567",
        "blake2b_256:" HEX64,
        " sha256:" HEX64,
        "sha256:" HEX64 "\n",
        "sha256:../../etc/passwd",
        "sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "sha256:g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    };
    struct checksum digest, untouched;

    memset(&digest, 0x5a, sizeof(digest));
    untouched = digest;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (image_digest_parse(bad[i], strlen(bad[i]), &digest) != -1)
            fail_msg("\"%s\" is accepted", bad[i]);
        assert_memory_equal(&digest, &untouched, sizeof(digest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_names),
        cmocka_unit_test(image_names_length),
        cmocka_unit_test(image_tags),
        cmocka_unit_test(image_registries),
        cmocka_unit_test(image_digests_round_trip),
        cmocka_unit_test(image_digests_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
