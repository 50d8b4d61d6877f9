/* Bundles that were put together by hand: every digest is right, and what they say is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "admin/transfer/bundle.h"
#include "base/buf.h"
#include "base/digest.h"
#include "formats/tar.h"
#include "tests/unit/support/bundle_case.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD(blobs, entries, bytes)                                                                          \
    "{\"yizhan-bundle\":1,\"created_at\":1,\"blobs\":" blobs ",\"entries\":" entries ",\"bytes\":" bytes "}" \
    "\n"
#define BLOB(digest, size) "{\"sha256\":\"" digest "\",\"size\":" size "}\n"
#define ENTRY(space, key, sha256, size, confirmed, more)                                       \
    "{\"space\":" space ",\"key\":" key ",\"scope\":\"\",\"sha256\":" sha256 ",\"size\":" size \
    ",\"confirmed_at\":" confirmed ",\"attributes\":\"\"" more "}\n"

static void add_header(struct buf *bundle, const char *name, int64_t size_bytes)
{
    unsigned char header[TAR_BLOCK_BYTES];

    tar_make_header(header, name, size_bytes);
    buf_add(bundle, header, sizeof(header));
}

static void add_zeros(struct buf *bundle, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_char(bundle, '\0');
}

/* A whole member, with what makes it one. */
static void add_member(struct buf *bundle, const char *name, const char *bytes, size_t len)
{
    add_header(bundle, name, (int64_t)len);
    buf_add(bundle, bytes, len);
    add_zeros(bundle, tar_padding((int64_t)len));
}

/* A manifest with its right digest. */
static void add_manifest(struct buf *bundle, const char *text, size_t len)
{
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];
    char name[128];

    digest_of(text, len, &digest);
    digest_hex(&digest, hex);
    snprintf(name, sizeof(name), "manifest-%s.jsonl", hex);
    add_member(bundle, name, text, len);
}

static void assert_manifest_refused(const char *text, const char *why)
{
    struct buf CLEANUP_BUF bundle = BUF_INIT;

    add_manifest(&bundle, text, strlen(text));
    add_zeros(&bundle, TAR_END_BYTES);
    assert_refused(&bundle, why);
}

/* What the others below differ from. */
static void bundle_forged_without_fault_is_read(void **state)
{
    static const char manifest[] =
        HEAD("0", "2", "0") ENTRY("\"page\"", "\"a\"", "\"" DIGEST_A "\"", "5", "7", "")
            ENTRY("\"tag\"", "\"b\"", "null", "-1", "0", "");
    struct buf CLEANUP_BUF bundle = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    (void)state;

    add_manifest(&bundle, manifest, strlen(manifest));
    add_zeros(&bundle, TAR_END_BYTES);
    assert_int_equal(read_bytes(bundle.data, bundle.len, &error), 0);
}

static void bundle_of_another_version_refused(void **state)
{
    (void)state;
    assert_manifest_refused("{\"yizhan-bundle\":2}\n", "was made by a newer version of Yizhan (format 2)");
    /* A newer one may say what this program does not know. */
    assert_manifest_refused("{\"yizhan-bundle\":99,\"new\":\"x\"}\nmore\n", "newer version");
    assert_manifest_refused("{\"yizhan-bundle\":0}\n", "is not a bundle of Yizhan");
    assert_manifest_refused("{\"yizhan-bundle\":-1}\n", "is not a bundle of Yizhan");
    assert_manifest_refused("{\"yizhan-bundle\":\"1\"}\n", "is not a bundle of Yizhan");
    assert_manifest_refused("{}\n", "is not a bundle of Yizhan");
}

static void bundle_with_a_bad_first_line_refused(void **state)
{
    static const char *const heads[] = {
        "{\"yizhan-bundle\":1}\n",
        HEAD("-1", "0", "0"),
        HEAD("0", "-1", "0"),
        HEAD("0", "0", "-1"),
        HEAD("\"0\"", "0", "0"),
        HEAD("0.0", "0", "0"),
        HEAD("null", "0", "0"),
        HEAD("0", "0", "9223372036854775808"),
        HEAD("0", "0", "0,\"more\":1"),
        HEAD("0", "0", "[0]"),
        "[]\n",
        "\n",
        "\xff\n",
        "{\"yizhan-bundle\":1,\"yizhan-bundle\":1,\"created_at\":1,\"blobs\":0,\"entries\":0,\"bytes\":0}\n",
    };
    (void)state;

    for (size_t i = 0; i < COUNT(heads); i++)
        assert_manifest_refused(heads[i], "has a bad manifest, line 1: ");
    assert_manifest_refused("", "has a bad manifest");
    assert_manifest_refused("{\"yizhan-bundle\":1", "has a bad manifest");
}

static void bundle_with_wrong_counts_refused(void **state)
{
    static const char unlike[] = "does not have what its first line says";
    (void)state;

    assert_manifest_refused(HEAD("1", "0", "0"), unlike);
    assert_manifest_refused(HEAD("0", "1", "0"), unlike);
    assert_manifest_refused(HEAD("0", "0", "1"), unlike);
    assert_manifest_refused(HEAD("9223372036854775807", "0", "0") BLOB(DIGEST_A, "0"), unlike);
    assert_manifest_refused(HEAD("1", "0", "2") BLOB(DIGEST_A, "1"), unlike);
    assert_manifest_refused(HEAD("0", "0", "0") "{", unlike);
    assert_manifest_refused(HEAD("0", "0", "0") BLOB(DIGEST_A, "0"), "line 2: there are more lines");
    assert_manifest_refused(HEAD("0", "0", "0") "{}\n", "line 2: there are more lines");
    assert_manifest_refused(HEAD("0", "0", "0") "\n", "line 2: ");
    /* Blobs come before entries. */
    assert_manifest_refused(HEAD("1", "1", "0") ENTRY("\"page\"", "\"a\"", "null", "0", "0", "")
                                BLOB(DIGEST_A, "0"),
                            "line 2: a digest and a size of a blob were expected");
}

static void bundle_with_bad_blobs_refused(void **state)
{
    static const char expected[] = "line 2: a digest and a size of a blob were expected";
    static const char *const blobs[] = {
        BLOB("", "0"),
        BLOB("../../../../etc/passwd", "0"),
        BLOB("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "0"),
        BLOB(DIGEST_A "a", "0"),
        BLOB(DIGEST_A, "-1"),
        BLOB(DIGEST_A, "1.0"),
        BLOB(DIGEST_A, "\"1\""),
        BLOB(DIGEST_A, "0,\"more\":1"),
        "{\"sha256\":null,\"size\":1}\n",
        "{\"sha256\":\"" DIGEST_A "\"}\n",
        "{}\n",
    };
    struct buf CLEANUP_BUF text = BUF_INIT;
    (void)state;

    for (size_t i = 0; i < COUNT(blobs); i++) {
        buf_set(&text, "%s%s", HEAD("1", "0", "100"), blobs[i]);
        assert_manifest_refused(text.data, expected);
    }
    assert_manifest_refused(HEAD("2", "0", "2") BLOB(DIGEST_A, "1") BLOB(DIGEST_A, "1"),
                            "line 3: this blob has been named before");
    assert_manifest_refused(HEAD("1", "0", "1") BLOB(DIGEST_A, "2"), "line 2: the blobs have more bytes");
    assert_manifest_refused(HEAD("2", "0", "9223372036854775807") BLOB(DIGEST_A, "9223372036854775807")
                                BLOB(DIGEST_B, "1"),
                            "line 3: the blobs have more bytes");
    assert_manifest_refused(HEAD("1", "0", "1") BLOB(DIGEST_A, "9223372036854775808"), "line 2: ");
}

static void bundle_with_bad_entries_refused(void **state)
{
    static const char *const entries[] = {
        ENTRY("\"\"", "\"a\"", "null", "0", "0", ""),
        ENTRY("\"page\"", "\"\"", "null", "0", "0", ""),
        ENTRY("\"page\"", "\"a\\nb\"", "null", "0", "0", ""),
        ENTRY("\"page\"", "\"a\\u001b[31m\"", "null", "0", "0", ""),
        ENTRY("\"page\"", "\"a\\u007f\"", "null", "0", "0", ""),
        ENTRY("\"page\"", "\"a\\u0000\"", "null", "0", "0", ""),
        ENTRY("\"page\"", "\"\xff\"", "null", "0", "0", ""),
        ENTRY("\"page\"", "null", "null", "0", "0", ""),
        ENTRY("1", "\"a\"", "null", "0", "0", ""),
        ENTRY("\"page\"", "\"a\"", "1", "0", "0", ""),
        ENTRY("\"page\"", "\"a\"", "\"\"", "0", "0", ""),
        ENTRY("\"page\"", "\"a\"", "\"sha256:" DIGEST_A "\"", "0", "0", ""),
        ENTRY("\"page\"", "\"a\"", "null", "-2", "0", ""),
        ENTRY("\"page\"", "\"a\"", "null", "0", "-1", ""),
        ENTRY("\"page\"", "\"a\"", "null", "0", "null", ""),
        ENTRY("\"page\"", "\"a\"", "null", "null", "0", ""),
        ENTRY("\"page\"", "\"a\"", "null", "99999999999999999999", "0", ""),
        ENTRY("\"page\"", "\"a\"", "null", "0", "0", ",\"more\":1"),
        ENTRY("\"page\"", "\"a\"", "null", "0", "0", ",\"key\":\"b\""),
        ("{\"space\":\"page\",\"key\":\"a\",\"scope\":\"\",\"size\":0,\"confirmed_at\":0,\"attributes\":\"\"}"
         "\n"),
        "{}\n",
    };
    struct buf CLEANUP_BUF text = BUF_INIT;
    (void)state;

    for (size_t i = 0; i < COUNT(entries); i++) {
        buf_set(&text, "%s%s", HEAD("0", "1", "0"), entries[i]);
        assert_manifest_refused(text.data, "has a bad manifest, line 2: ");
    }
}

/* A thousandfold line is refused before there is memory for all of it. */
static void bundle_with_an_endless_line_refused(void **state)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    (void)state;

    buf_add_text(&text, HEAD("0", "1", "0"));
    buf_reserve(&text, 2 * 1024 * 1024);
    for (int i = 0; i < 2 * 1024 * 1024; i++)
        buf_add_char(&text, ' ');
    assert_manifest_refused(text.data, "line 2: it is too long");
}

/* ---- a good manifest, and other members than it says ---- */

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" /* of "hello" */
#define HELLO_NAME "blobs/sha256/2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define EMPTY_NAME "blobs/sha256/e3/b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char two_blobs[] = HEAD("2", "0", "5") BLOB(HELLO, "5") BLOB(EMPTY, "0");

static void bundle_members_as_promised_are_read(void **state)
{
    struct buf CLEANUP_BUF bundle = BUF_INIT;
    (void)state;

    add_manifest(&bundle, two_blobs, strlen(two_blobs));
    add_member(&bundle, HELLO_NAME, "hello", 5);
    add_member(&bundle, EMPTY_NAME, "", 0);
    add_zeros(&bundle, TAR_END_BYTES);
    assert_whole(&bundle, 2);
}

static void bundle_with_other_members_refused(void **state)
{
    static const struct {
        const char *name, *bytes;
    } cases[][3] = {
        {{EMPTY_NAME, ""}, {HELLO_NAME, "hello"}},                   /* other order */
        {{HELLO_NAME, "hello"}},                                     /* one too few */
        {{HELLO_NAME, "hello"}, {EMPTY_NAME, ""}, {EMPTY_NAME, ""}}, /* one too many */
        {{HELLO_NAME, "hello"}, {HELLO_NAME, "hello"}},              /* twice */
        {{HELLO_NAME, "hellO"}, {EMPTY_NAME, ""}},                   /* other bytes */
        {{HELLO_NAME, "hell"}, {EMPTY_NAME, ""}},                    /* other size */
        {{"../" HELLO_NAME, "hello"}, {EMPTY_NAME, ""}},             /* other names */
        {{"/" HELLO_NAME, "hello"}, {EMPTY_NAME, ""}},
        {{"./" HELLO_NAME, "hello"}, {EMPTY_NAME, ""}},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        add_manifest(&bundle, two_blobs, strlen(two_blobs));
        for (size_t j = 0; j < COUNT(cases[i]) && cases[i][j].name; j++)
            add_member(&bundle, cases[i][j].name, cases[i][j].bytes, strlen(cases[i][j].bytes));
        add_zeros(&bundle, TAR_END_BYTES);
        assert_refused(&bundle, "was altered");
    }
}

static void bundle_with_other_padding_refused(void **state)
{
    struct buf CLEANUP_BUF bundle = BUF_INIT;
    (void)state;

    add_manifest(&bundle, two_blobs, strlen(two_blobs));
    size_t manifest_end = bundle.len;
    add_member(&bundle, HELLO_NAME, "hello", 5);
    size_t hello_end = bundle.len;
    add_member(&bundle, EMPTY_NAME, "", 0);
    add_zeros(&bundle, TAR_END_BYTES);
    const size_t last[] = {manifest_end - 1, hello_end - 1, bundle.len - 1, bundle.len - TAR_END_BYTES};
    for (size_t i = 0; i < COUNT(last); i++) {
        bundle.data[last[i]] = 1;
        assert_refused(&bundle, "was altered");
        bundle.data[last[i]] = 0;
    }
    assert_whole(&bundle, 2);
}

/* The header's own sum is right in all of these. */
static void bundle_with_another_manifest_name_refused(void **state)
{
    static const char manifest[] = HEAD("0", "0", "0");
    static const char *const forms[] = {
        "manifest-%s.json",   "manifest-%s.jsonlx",    "manifest-%.63s.jsonl",
        "manifest-%s0.jsonl", "manifest-x%.63s.jsonl",
    };
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];
    struct buf CLEANUP_BUF name = BUF_INIT;
    (void)state;

    digest_of(manifest, strlen(manifest), &digest);
    digest_hex(&digest, hex);
    for (size_t i = 0; i <= COUNT(forms); i++) {
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        if (i < COUNT(forms)) {
            const char *form = forms[i];
            const char *rest = strchr(form, '%');
            buf_set(&name, "%.*s", (int)(rest - form), form);
            bool shorter = rest[1] == '.';
            buf_add(&name, hex, shorter ? 63 : 64);
            buf_add_text(&name, rest + (shorter ? 5 : 2));
        } else {
            /* Digits in upper case: the same digest, but another bundle. */
            for (char *c = hex; *c; c++)
                *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
            buf_set(&name, "manifest-%s.jsonl", hex);
        }
        add_member(&bundle, name.data, manifest, strlen(manifest));
        add_zeros(&bundle, TAR_END_BYTES);
        assert_refused(&bundle, "was altered");
    }
}

/* Only what the headers say: nobody has so much to hand. */
static void bundle_sizes_beyond_octal_are_read(void **state)
{
    static const struct {
        const char *head, *blob;
        int64_t size_bytes;
    } cases[] = {
        {HEAD("1", "0", "8589934591"), BLOB(HELLO, "8589934591"), 8589934591},
        {HEAD("1", "0", "8589934592"), BLOB(HELLO, "8589934592"), 8589934592},
        {HEAD("1", "0", "9223372036854775807"), BLOB(HELLO, "9223372036854775807"), INT64_MAX},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf CLEANUP_BUF manifest = BUF_INIT;
        struct buf CLEANUP_BUF bundle = BUF_INIT;
        struct buf CLEANUP_BUF error = BUF_INIT;
        const struct bundle_content *content = NULL;
        struct bundle_blob blob;
        char bytes[16];
        buf_set(&manifest, "%s%s", cases[i].head, cases[i].blob);
        add_manifest(&bundle, manifest.data, manifest.len);
        add_header(&bundle, HELLO_NAME, cases[i].size_bytes);
        buf_add_text(&bundle, "hello");
        struct source source = {.data = bundle.data, .len = bundle.len, .piece = SIZE_MAX};
        struct bundle_input input = {source_read, &source};
        struct bundle_reader *reader = bundle_reader_new(&input);
        assert_int_equal(bundle_read_content(reader, &content, &error), 0);
        assert_int_equal(content->bytes, cases[i].size_bytes);
        assert_int_equal(bundle_read_blob(reader, &blob, &error), 1);
        assert_int_equal(blob.size_bytes, cases[i].size_bytes);
        assert_int_equal(bundle_read_bytes(reader, bytes, 5, &error), 5);
        assert_memory_equal(bytes, "hello", 5);
        assert_int_equal(bundle_read_bytes(reader, bytes, sizeof(bytes), &error), -1);
        assert_string_equal(error.data, "is cut off: its end is missing");
        bundle_reader_free(&reader);
    }
}

static void bundle_manifest_beyond_the_limit_refused(void **state)
{
    static const char name[] = "manifest-" HELLO ".jsonl";
    (void)state;

    struct buf CLEANUP_BUF largest = BUF_INIT;
    add_header(&largest, name, BUNDLE_MANIFEST_MAX_BYTES);
    assert_refused(&largest, "is cut off");
    struct buf CLEANUP_BUF larger = BUF_INIT;
    add_header(&larger, name, BUNDLE_MANIFEST_MAX_BYTES + INT64_C(1));
    assert_refused(&larger, "was altered");
    struct buf CLEANUP_BUF huge = BUF_INIT;
    add_header(&huge, name, INT64_MAX);
    assert_refused(&huge, "was altered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundle_forged_without_fault_is_read),
        cmocka_unit_test(bundle_of_another_version_refused),
        cmocka_unit_test(bundle_with_a_bad_first_line_refused),
        cmocka_unit_test(bundle_with_wrong_counts_refused),
        cmocka_unit_test(bundle_with_bad_blobs_refused),
        cmocka_unit_test(bundle_with_bad_entries_refused),
        cmocka_unit_test(bundle_with_an_endless_line_refused),
        cmocka_unit_test(bundle_members_as_promised_are_read),
        cmocka_unit_test(bundle_with_other_members_refused),
        cmocka_unit_test(bundle_with_other_padding_refused),
        cmocka_unit_test(bundle_with_another_manifest_name_refused),
        cmocka_unit_test(bundle_sizes_beyond_octal_are_read),
        cmocka_unit_test(bundle_manifest_beyond_the_limit_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
