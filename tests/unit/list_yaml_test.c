/* Compose files and Kubernetes manifests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/list_case.h"

static void check(const char *text, const char *images, const char *notes)
{
    struct wants CLEANUP_WANTS wants;

    list_case_read("c.yml", text, &wants);
    list_case_images(&wants, images);
    list_case_strings(&wants.notes, notes);
}

/* ---- Compose ---- */

static void compose_images(void **state)
{
    (void)state;
    check("services:\n  web:\n    image: nginx:1.27\n  db:\n    image: 'postgres:16'\n    platform: "
          "linux/arm64/v8\n"
          "x-other: {image: none}\n",
          "nginx:1.27 (c.yml:3) | postgres:16 linux/arm64/v8 (c.yml:5)", "");
}

static void compose_built(void **state)
{
    (void)state;
    check("services:\n  web:\n    build: .\n  other:\n    build: .\n    image: own/app\n  third:\n    "
          "image:\n    build: x\n",
          "own/app (c.yml:6)",
          "c.yml:2: skipped the service \"web\", which is built and has no image | "
          "c.yml:7: skipped the service \"third\", which is built and has no image");
}

static void compose_merged(void **state)
{
    (void)state;
    check(
        "x-base: &base\n  image: base:1\n  platform: linux/amd64\nx-more: &more {image: more:1}\nservices:\n"
        "  a: *base\n  b:\n    <<: *base\n    platform: linux/arm64\n  c:\n    <<: [*more, *base]\n",
        "base:1 linux/amd64 (c.yml:2) | base:1 linux/arm64 (c.yml:2) | more:1 linux/amd64 (c.yml:4)", "");
}

static void compose_variables(void **state)
{
    (void)state;
    assert_int_equal(setenv("LIST_TAG", "1.27", 1), 0);
    assert_int_equal(setenv("LIST_EMPTY", "", 1), 0);
    unsetenv("LIST_NONE");
    check("services:\n"
          "  a: {image: \"nginx:$LIST_TAG\"}\n"
          "  b: {image: \"nginx:${LIST_TAG:-2}\"}\n"
          "  c: {image: \"nginx:${LIST_NONE:-2}\"}\n"
          "  d: {image: \"nginx:${LIST_EMPTY:-3}\"}\n"
          "  e: {image: \"nginx${LIST_EMPTY-4}\"}\n"
          "  f: {image: \"nginx:${LIST_NONE-${LIST_TAG}}-x\"}\n"
          "  g: {image: \"nginx:${LIST_TAG:+5}\"}\n"
          "  h: {image: \"nginx${LIST_NONE:+:6}\"}\n"
          "  i: {image: \"nginx:${LIST_TAG?needed}\"}\n",
          "nginx:1.27 (c.yml:2) | nginx:1.27 (c.yml:3) | nginx:2 (c.yml:4) | nginx:3 (c.yml:5) | nginx "
          "(c.yml:6) | "
          "nginx:1.27-x (c.yml:7) | nginx:5 (c.yml:8) | nginx (c.yml:9) | nginx:1.27 (c.yml:10)",
          "");
}

static void compose_unset_variables(void **state)
{
    (void)state;
    unsetenv("LIST_NONE");
    check("services:\n  a: {image: \"nginx:$LIST_NONE\"}\n  b: {image: \"nginx:${LIST_NONE?needed}\"}\n"
          "  c: {image: nginx, platform: \"${LIST_NONE}\"}\n",
          "",
          "c.yml:2: skipped \"nginx:$LIST_NONE\": LIST_NONE is not set and has no default | "
          "c.yml:3: skipped \"nginx:${LIST_NONE?needed}\": LIST_NONE is not set and has no default | "
          "c.yml:4: skipped \"${LIST_NONE}\": LIST_NONE is not set and has no default");
}

static void compose_other_files(void **state)
{
    (void)state;
    check("include:\n  - other.yml\nservices:\n  a:\n    extends: {file: b.yml, service: x}\n    image: "
          "nginx\n",
          "nginx (c.yml:6)",
          "c.yml:2: the files that this one includes were not read: name them, too | c.yml:4: the file that "
          "the service \"a\" extends was not read: name it, too");
}

static void compose_faults(void **state)
{
    (void)state;
    list_case_fault(
        "c.yml", "services:\n  a:\n    image: Nginx",
        "c.yml:3:12: in character 1 of this image: expected a repository of at most 255 bytes: words of a-z "
        "and 0-9, with . _ __ or - between them and \"/\" between words, found \"Nginx\"");
    list_case_fault("c.yml", "services:\n  a:\n    image: [x]",
                    "c.yml:3:12: expected the reference of an image, found no string");
    list_case_fault("c.yml", "services:\n  a: x", "c.yml:2:6: expected the mapping of a service, found none");
    list_case_fault(
        "c.yml", "services:\n  a: {image: nginx, platform: linux}",
        "c.yml:2:31: in character 6 of this platform: expected \"/\" and an architecture after \"linux\", "
        "found the end");
    list_case_fault(
        "c.yml", "services:\n  a: {image: \"nginx:${1}\"}",
        "c.yml:2:14: expected \"${NAME}\" or \"${NAME:-default}\" after \"$\", found something else");
    list_case_fault(
        "c.yml", "services:\n  a: {image: \"nginx\\0x\"}",
        "c.yml:2:14: in character 1 of this image: expected a repository of at most 255 bytes: words of a-z "
        "and 0-9, with . _ __ or - between them and \"/\" between words, found \"nginx\"");
}

static void compose_deep_variables(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    unsetenv("LIST_NONE");
    buf_add_text(&text, "services:\n  a:\n    image: \"");
    for (int i = 0; i < 10000; i++)
        buf_add_text(&text, "${LIST_NONE:-");
    buf_add_text(&text, "\"");
    list_case_fault("c.yml", text.data,
                    "c.yml:3:12: expected \"${NAME}\" or \"${NAME:-default}\" after \"$\", found "
                    "something else");
}

/* ---- Kubernetes ---- */

static void kubernetes_documents(void **state)
{
    (void)state;
    check(
        "apiVersion: v1\nkind: Pod\nspec:\n  initContainers:\n  - {name: i, image: busybox}\n  containers:\n"
        "  - name: a\n    image: nginx@sha256:"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
        "  ephemeralContainers: [{image: debug:1}]\n"
        "---\n# nothing\n---\n"
        "kind: CronJob\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          "
        "containers:\n"
        "          - image: job:2\n---\n"
        "kind: List\nitems:\n- kind: Deployment\n  spec: {template: {spec: {containers: [{image: "
        "listed}]}}}\n---\n"
        "kind: Own\nspec:\n  services: {a: {image: no}}\n  image: no\n  containers: {image: no}\n"
        "  pods: [{containers: [{image: crd}, {image: null}, {name: x}, y]}]\n",
        "busybox (c.yml:5) | nginx@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
        "(c.yml:8) | "
        "debug:1 (c.yml:9) | job:2 (c.yml:20) | listed (c.yml:25) | crd (c.yml:32)",
        "");
}

static void kubernetes_no_interpolation(void **state)
{
    (void)state;
    list_case_fault(
        "c.yml", "kind: Pod\ncontainers:\n- image: nginx:${TAG}",
        "c.yml:3:10: in character 7 of this image: expected a tag after \":\", at most 128 of a-z A-Z 0-9 _ "
        ". -, found \"${TAG}\"");
}

static void kubernetes_json(void **state)
{
    (void)state;
    check("{\"kind\": \"Pod\", \"spec\": {\"containers\": [{\"image\": \"nginx\"}]}}", "nginx (c.yml:1)", "");
}

static void yaml_without_images(void **state)
{
    (void)state;
    check("a: 1\n", "",
          "c.yml: names no image: expected services of a Compose file, or containers of Kubernetes");
    check("", "", "c.yml: names no image: expected services of a Compose file, or containers of Kubernetes");
}

/* ---- hostile YAML ---- */

static void yaml_faults(void **state)
{
    (void)state;
    list_case_fault("c.yml", "a: [1,\nb: c: d",
                    "c.yml:2:5: expected YAML, found an error: did not find expected ',' or ']'");
    list_case_fault("c.yml", "a: *none",
                    "c.yml:1:4: expected the alias of an anchor before it, found one without an anchor");
    list_case_fault("c.yml", "a: &a\n  - *a",
                    "c.yml:2:5: expected the alias of an anchor before it, found one inside its own anchor");
    list_case_fault("c.yml", "{{ .Values.image }}\nx",
                    "c.yml:2:1: expected YAML, found an error: did not find expected <document start>");
}

static void yaml_anchors_end_with_document(void **state)
{
    (void)state;
    list_case_fault("c.yml", "a: &a 1\n---\nb: *a",
                    "c.yml:3:4: expected the alias of an anchor before it, found one without an anchor");
}

static void yaml_many_laughs(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add_text(&text, "kind: Pod\na0: &a0 {containers: [{image: nginx}]}\n");
    for (int i = 1; i <= 50; i++)
        buf_printf(&text, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1);
    check(text.data, "nginx (c.yml:2)", "");
}

static void yaml_deep_aliases(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add_text(&text, "a0: &a0 [x]\n");
    for (int i = 1; i <= 100; i++)
        buf_printf(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    /* a62 is 63 levels high, and stands in a mapping. */
    list_case_fault("c.yml", text.data,
                    "c.yml:64:16: expected values that nest at most 64 levels, found more");
}

static void yaml_deep(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    for (int i = 0; i < 100000; i++)
        buf_add_char(&text, '[');
    list_case_fault("c.yml", text.data,
                    "c.yml:1:65: expected values that nest at most 64 levels, found more");
}

static void yaml_many_merges(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add_text(&text, "a0: &a0 {x: 1}\n");
    for (int i = 1; i <= 25; i++)
        buf_printf(&text, "a%d: &a%d {<<: [*a%d, *a%d, *a%d, *a%d]}\n", i, i, i - 1, i - 1, i - 1, i - 1);
    buf_add_text(&text, "services: {s: *a25}\n");
    list_case_fault(
        "c.yml", text.data,
        "c.yml:1:1: expected a document that can be read in 20000000 steps, found one with too many merged "
        "mappings");
}

static void yaml_many_values(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF text = BUF_INIT;

    buf_add_text(&text, "[");
    for (int i = 0; i < 1000001; i++)
        buf_add_text(&text, "a,");
    list_case_fault("c.yml", text.data,
                    "c.yml:1:2000000: expected a file of at most a million values, found more");
}

static void yaml_keep_going(void **state)
{
    (void)state;
    struct wants CLEANUP_WANTS wants;
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants_init(&wants);
    LIST_CASE_WRITE("c.yml", "kind: Pod\ncontainers: [{image: a}, {image: B}, {image: c}]\n---\nx: [");
    assert_int_equal(list_read("c.yml", LIST_FORMAT_BY_NAME, true, &wants, &error), 0);
    list_case_images(&wants, "a (c.yml:2) | c (c.yml:2)");
    assert_int_equal(wants.faults.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compose_images),
        cmocka_unit_test(compose_built),
        cmocka_unit_test(compose_merged),
        cmocka_unit_test(compose_variables),
        cmocka_unit_test(compose_unset_variables),
        cmocka_unit_test(compose_other_files),
        cmocka_unit_test(compose_faults),
        cmocka_unit_test(compose_deep_variables),
        cmocka_unit_test(kubernetes_documents),
        cmocka_unit_test(kubernetes_no_interpolation),
        cmocka_unit_test(kubernetes_json),
        cmocka_unit_test(yaml_without_images),
        cmocka_unit_test(yaml_faults),
        cmocka_unit_test(yaml_anchors_end_with_document),
        cmocka_unit_test(yaml_many_laughs),
        cmocka_unit_test(yaml_deep_aliases),
        cmocka_unit_test(yaml_deep),
        cmocka_unit_test(yaml_many_merges),
        cmocka_unit_test(yaml_many_values),
        cmocka_unit_test(yaml_keep_going),
    };

    return cmocka_run_group_tests(tests, list_case_setup, list_case_teardown);
}
