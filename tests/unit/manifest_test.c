/* Manifests and indexes: which type they have, what they point to, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "formats/oci/image.h"
#include "formats/oci/manifest.h"

#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_IMAGE "application/vnd.oci.image.manifest.v1+json"
#define OCI_ARTIFACT "application/vnd.oci.artifact.manifest.v1+json"
#define DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_IMAGE "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define DOCKER_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define A "sha256:" HEX_A
#define B "sha256:" HEX_B
#define C "sha512:" HEX_C HEX_C

#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar+gzip"
#define CONFIG "\"config\":{\"mediaType\":\"" CONFIG_TYPE "\",\"digest\":\"" A "\",\"size\":7}"
#define LAYER "{\"mediaType\":\"" LAYER_TYPE "\",\"digest\":\"" B "\",\"size\":99}"
#define LAYERS "\"layers\":[" LAYER "]"
#define IMAGE_FIELDS CONFIG "," LAYERS
#define MANIFESTS "\"manifests\":[{\"mediaType\":\"" OCI_IMAGE "\",\"digest\":\"" A "\",\"size\":7}]"
#define BLOBS "\"blobs\":[" LAYER "]"
#define TYPE(name) "\"mediaType\":\"" name "\","
#define V2 "\"schemaVersion\":2,"

static void parse(const char *body, const char *content_type, struct manifest *out)
{
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (manifest_parse(body, strlen(body), content_type, out, &error) < 0)
        fail_msg("%s as %s: %s", body, content_type ? content_type : "nothing", error.data);
}

static void check_type(const char *content_type, const char *body, enum manifest_kind kind,
                       const char *media_type)
{
    struct manifest CLEANUP_MANIFEST manifest;

    parse(body, content_type, &manifest);
    assert_int_equal(manifest.kind, kind);
    assert_string_equal(manifest.media_type, media_type);
}

static void check_refused(const char *content_type, const char *body, const char *expected)
{
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct manifest manifest;

    if (manifest_parse(body, strlen(body), content_type, &manifest, &error) != -1)
        fail_msg("%.300s is accepted", body);
    assert_null(manifest.media_type);
    assert_null(manifest.descriptors);
    assert_int_equal(manifest.descriptor_count, 0);
    if (!strstr(error.data, expected))
        fail_msg("%.300s: \"%s\" where \"%s\" was expected", body, error.data, expected);
}

static void assert_descriptor(const struct descriptor *descriptor, const char *media_type, const char *digest,
                              int64_t size_bytes)
{
    char printed[IMAGE_DIGEST_SIZE];

    image_digest_print(&descriptor->digest, printed);
    assert_string_equal(printed, digest);
    assert_string_equal(descriptor->media_type, media_type);
    assert_int_equal(descriptor->size_bytes, size_bytes);
}

/* ---- media types ---- */

static void manifest_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *media_type;
        enum manifest_kind kind;
    } cases[] = {
        {OCI_INDEX, MANIFEST_INDEX},
        {DOCKER_LIST, MANIFEST_INDEX},
        {OCI_IMAGE, MANIFEST_IMAGE},
        {DOCKER_IMAGE, MANIFEST_IMAGE},
        {OCI_ARTIFACT, MANIFEST_IMAGE},
        {DOCKER_SCHEMA1, MANIFEST_SCHEMA1},
        {DOCKER_SIGNED, MANIFEST_SCHEMA1},
        {DOCKER_IMAGE "; charset=utf-8", MANIFEST_IMAGE},
        {" Application/VND.oci.image.INDEX.v1+json ;x", MANIFEST_INDEX},
        {OCI_IMAGE "x", MANIFEST_OTHER},
        {LAYER_TYPE, MANIFEST_OTHER},
        {"application/json", MANIFEST_OTHER},
        {"", MANIFEST_OTHER},
        {";", MANIFEST_OTHER},
        {NULL, MANIFEST_OTHER},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(manifest_kind_of(cases[i].media_type), cases[i].kind);
}

static void manifest_accept_asks_for_all_but_schema1(void **state)
{
    (void)state;
    assert_string_equal(manifest_accept,
                        OCI_INDEX ", " DOCKER_LIST ", " OCI_IMAGE ", " DOCKER_IMAGE ", " OCI_ARTIFACT);
}

static void manifest_type_from_header(void **state)
{
    (void)state;
    check_type(DOCKER_IMAGE, "{" V2 IMAGE_FIELDS "}", MANIFEST_IMAGE, DOCKER_IMAGE);
    check_type(OCI_IMAGE "; charset=utf-8", "{" V2 IMAGE_FIELDS "}", MANIFEST_IMAGE, OCI_IMAGE);
    check_type("application/VND.OCI.image.manifest.v1+json", "{" IMAGE_FIELDS "}", MANIFEST_IMAGE, OCI_IMAGE);
    check_type(DOCKER_IMAGE, "{" TYPE(OCI_IMAGE) IMAGE_FIELDS "}", MANIFEST_IMAGE, DOCKER_IMAGE);
    check_type(DOCKER_LIST, "{" TYPE(OCI_INDEX) MANIFESTS "}", MANIFEST_INDEX, DOCKER_LIST);
    check_type(DOCKER_LIST, "{" TYPE("application/x") MANIFESTS "}", MANIFEST_INDEX, DOCKER_LIST);
}

static void manifest_type_from_body(void **state)
{
    (void)state;
    static const char *const vague[] = {NULL,
                                        "",
                                        "application/json",
                                        "application/json; charset=utf-8",
                                        "application/octet-stream",
                                        "text/plain",
                                        "text/html\r\nX: y"};

    for (size_t i = 0; i < sizeof(vague) / sizeof(vague[0]); i++) {
        check_type(vague[i], "{" TYPE(DOCKER_IMAGE) IMAGE_FIELDS "}", MANIFEST_IMAGE, DOCKER_IMAGE);
        check_type(vague[i], "{" TYPE(DOCKER_LIST) MANIFESTS "}", MANIFEST_INDEX, DOCKER_LIST);
        check_type(vague[i], "{" TYPE("application/x.new ; v=1") MANIFESTS "}", MANIFEST_INDEX,
                   "application/x.new");
    }
}

static void manifest_type_from_fields(void **state)
{
    (void)state;
    check_type("application/json", "{" V2 IMAGE_FIELDS "}", MANIFEST_IMAGE, OCI_IMAGE);
    check_type(NULL, "{" V2 MANIFESTS "}", MANIFEST_INDEX, OCI_INDEX);
    check_type(NULL, "{" BLOBS "}", MANIFEST_IMAGE, OCI_ARTIFACT);
    check_type(NULL, "{\"mediaType\":\"\"," IMAGE_FIELDS "}", MANIFEST_IMAGE, OCI_IMAGE);
    check_type(NULL, "{\"mediaType\":null,\"manifests\":null," IMAGE_FIELDS "}", MANIFEST_IMAGE, OCI_IMAGE);
}

static void manifest_type_against_fields(void **state)
{
    (void)state;
    const char *unfit = "but does not have the fields of one";

    check_refused(DOCKER_IMAGE, "{" V2 MANIFESTS "}", unfit);
    check_refused(DOCKER_IMAGE, "{" TYPE(DOCKER_LIST) MANIFESTS "}", unfit);
    check_refused(OCI_INDEX, "{" V2 IMAGE_FIELDS "}", unfit);
    check_refused(NULL, "{" TYPE(OCI_INDEX) IMAGE_FIELDS "}", unfit);
    check_refused(OCI_IMAGE, "{" TYPE(OCI_INDEX) IMAGE_FIELDS "}", unfit);
    check_refused(OCI_IMAGE, "{" BLOBS "}", unfit);
    check_refused(OCI_ARTIFACT, "{" IMAGE_FIELDS "}", unfit);
    check_refused(OCI_INDEX, "{" V2 "\"errors\":[]}", unfit);
    check_refused(OCI_IMAGE, "{}", unfit);
    check_refused(OCI_INDEX, "{" IMAGE_FIELDS "," MANIFESTS "}", "is ambiguous");
    check_refused(OCI_IMAGE, "{" IMAGE_FIELDS ",\"manifests\":[]}", "is ambiguous");
    check_refused(OCI_ARTIFACT, "{" MANIFESTS "," BLOBS "}", "is ambiguous");
}

static void manifest_schema1(void **state)
{
    (void)state;
    const char *body =
        "{\"schemaVersion\":1,\"name\":\"x\",\"tag\":\"1\",\"architecture\":\"amd64\",\"fsLayers\":"
        "[{\"blobSum\":\"" A "\"}],\"history\":[{\"v1Compatibility\":\"{}\"}],\"signatures\":[]}";

    check_refused(NULL, body, "is a schema 1 manifest");
    check_refused("application/json", body, "is a schema 1 manifest");
    check_refused(DOCKER_SIGNED, body, "is a schema 1 manifest");
    check_refused(DOCKER_IMAGE, body, "is a schema 1 manifest");
    check_refused(DOCKER_SCHEMA1, "{" V2 IMAGE_FIELDS "}", "is a schema 1 manifest");
    check_refused(NULL, "{" TYPE(DOCKER_SIGNED) "\"fsLayers\":[]}", "is a schema 1 manifest");
}

/* ---- what they point to ---- */

static void manifest_image(void **state)
{
    (void)state;
    struct manifest CLEANUP_MANIFEST manifest;

    parse("{" V2 TYPE(OCI_IMAGE) CONFIG ",\"layers\":[" LAYER
                                        ",{\"mediaType\":\"application/vnd.x;v=1\",\"digest\":\"" C
                                        "\",\"size\":0,\"urls\":[]}," LAYER "]}",
          OCI_IMAGE, &manifest);
    assert_int_equal(manifest.kind, MANIFEST_IMAGE);
    assert_null(manifest.artifact_type);
    assert_int_equal(manifest.descriptor_count, 4);
    assert_descriptor(&manifest.descriptors[0], CONFIG_TYPE, A, 7);
    assert_descriptor(&manifest.descriptors[1], LAYER_TYPE, B, 99);
    assert_descriptor(&manifest.descriptors[2], "application/vnd.x;v=1", C, 0);
    assert_descriptor(&manifest.descriptors[3], LAYER_TYPE, B, 99);
    for (size_t i = 0; i < 4; i++) {
        assert_false(manifest.descriptors[i].is_manifest || manifest.descriptors[i].elsewhere);
        assert_null(manifest.descriptors[i].platform);
        assert_null(manifest.descriptors[i].artifact_type);
    }
}

static void manifest_image_without_layers(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{" CONFIG "}", "{" CONFIG ",\"layers\":[]}",
                                         "{" CONFIG ",\"layers\":null}"};

    for (size_t i = 0; i < 3; i++) {
        struct manifest CLEANUP_MANIFEST manifest;
        parse(bodies[i], NULL, &manifest);
        assert_int_equal(manifest.descriptor_count, 1);
        assert_descriptor(&manifest.descriptors[0], CONFIG_TYPE, A, 7);
    }
}

static void manifest_foreign_layers(void **state)
{
    (void)state;
    struct manifest CLEANUP_MANIFEST manifest;

    parse("{" CONFIG
          ",\"layers\":[{\"mediaType\":\"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\","
          "\"digest\":\"" B "\",\"size\":5,\"urls\":[\"https://files.example/layer\"]}," LAYER "]}",
          DOCKER_IMAGE, &manifest);
    assert_int_equal(manifest.descriptor_count, 3);
    assert_true(manifest.descriptors[1].elsewhere);
    assert_false(manifest.descriptors[2].elsewhere);
}

static void manifest_index(void **state)
{
    (void)state;
    static const char body[] = "{" V2 TYPE(
        OCI_INDEX) "\"manifests\":["
                   "{\"mediaType\":\"" OCI_IMAGE "\",\"digest\":\"" A "\",\"size\":1,"
                   "\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}},"
                   "{\"mediaType\":\"" OCI_IMAGE "\",\"digest\":\"" B "\",\"size\":2,"
                   "\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\",\"os."
                   "features\":[\"x\"]}},"
                   "{\"mediaType\":\"" OCI_INDEX "\",\"digest\":\"" A
                   "\",\"size\":3,\"artifactType\":\"application/x\"},"
                   "{\"mediaType\":\"" OCI_IMAGE "\",\"digest\":\"" B "\",\"size\":4,"
                   "\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"},"
                   "\"platform\":{\"architecture\":\"unknown\",\"os\":\"unknown\",\"variant\":\"\"}},"
                   "{\"digest\":\"" A "\",\"size\":5},"
                   "{\"mediaType\":\"" LAYER_TYPE "\",\"digest\":\"" B "\",\"size\":6}]}";
    static const char *const platforms[] = {"linux/amd64", "linux/arm64/v8", NULL, "unknown/unknown", NULL,
                                            NULL};
    struct manifest CLEANUP_MANIFEST manifest;

    parse(body, OCI_INDEX, &manifest);
    assert_int_equal(manifest.kind, MANIFEST_INDEX);
    assert_int_equal(manifest.descriptor_count, 6);
    for (size_t i = 0; i < 6; i++) {
        const struct descriptor *descriptor = &manifest.descriptors[i];
        assert_int_equal(descriptor->size_bytes, i + 1);
        assert_int_equal(descriptor->is_manifest, i != 5); /* a build cache keeps its layers in an index */
        assert_int_equal(descriptor->platform != NULL, platforms[i] != NULL);
        if (platforms[i])
            assert_string_equal(descriptor->platform, platforms[i]);
    }
    assert_null(manifest.descriptors[4].media_type);
    assert_string_equal(manifest.descriptors[2].artifact_type, "application/x");
}

static void manifest_index_of_nothing(void **state)
{
    (void)state;
    static const char *const bodies[][2] = {
        {NULL, "{" V2 "\"manifests\":[]}"},
        {OCI_INDEX, "{" V2 "\"manifests\":[]}"},
        {OCI_INDEX, "{" V2 "\"manifests\":null}"},
        {NULL, "{" TYPE(OCI_INDEX) "\"manifests\":null}"},
    };

    for (size_t i = 0; i < 4; i++) {
        struct manifest CLEANUP_MANIFEST manifest;
        parse(bodies[i][1], bodies[i][0], &manifest);
        assert_int_equal(manifest.kind, MANIFEST_INDEX);
        assert_int_equal(manifest.descriptor_count, 0);
    }
}

static void manifest_platforms_that_are_none(void **state)
{
    (void)state;
    static const char *const platforms[] = {
        "null",
        "\"linux/amd64\"",
        "{}",
        "{\"os\":\"linux\"}",
        "{\"architecture\":\"amd64\"}",
        "{\"os\":\"linux\",\"architecture\":7}",
        "{\"os\":\"li nux\",\"architecture\":\"amd64\"}",
        "{\"os\":\"linux\",\"architecture\":\"amd64\\r\\nX: y\"}",
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":\"a/b\"}",
        "{\"os\":\"" HEX_A "a\",\"architecture\":\"amd64\"}",
    };

    for (size_t i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++) {
        struct manifest CLEANUP_MANIFEST manifest;
        struct buf CLEANUP_BUF body = BUF_INIT;
        buf_printf(&body, "{\"manifests\":[{\"digest\":\"" A "\",\"size\":1,\"platform\":%s}]}",
                   platforms[i]);
        parse(body.data, NULL, &manifest);
        assert_int_equal(manifest.descriptor_count, 1);
        assert_null(manifest.descriptors[0].platform);
    }
}

static void manifest_artifacts(void **state)
{
    (void)state;
    struct manifest CLEANUP_MANIFEST old;
    struct manifest CLEANUP_MANIFEST bare;
    struct manifest CLEANUP_MANIFEST image;

    parse("{" TYPE(OCI_ARTIFACT) "\"artifactType\":\"application/spdx+json\"," BLOBS "}", NULL, &old);
    assert_int_equal(old.kind, MANIFEST_IMAGE);
    assert_string_equal(old.media_type, OCI_ARTIFACT);
    assert_string_equal(old.artifact_type, "application/spdx+json");
    assert_int_equal(old.descriptor_count, 1);
    assert_descriptor(&old.descriptors[0], LAYER_TYPE, B, 99);

    parse("{" TYPE(OCI_ARTIFACT) "\"artifactType\":\"a/b\"}", NULL, &bare);
    assert_int_equal(bare.descriptor_count, 0);

    parse("{" V2 "\"artifactType\":\"application/vnd.dev.sigstore.bundle+json;version=0.3\"," IMAGE_FIELDS
          "}",
          NULL, &image);
    assert_string_equal(image.media_type, OCI_IMAGE);
    assert_string_equal(image.artifact_type, "application/vnd.dev.sigstore.bundle+json;version=0.3");
}

static void manifest_subject_is_not_fetched(void **state)
{
    (void)state;
    struct manifest CLEANUP_MANIFEST manifest;

    parse("{" V2 "\"subject\":{\"mediaType\":\"" OCI_IMAGE "\",\"digest\":\"" C "\",\"size\":1}," IMAGE_FIELDS
          "}",
          OCI_IMAGE, &manifest);
    assert_int_equal(manifest.descriptor_count, 2);
    assert_descriptor(&manifest.descriptors[0], CONFIG_TYPE, A, 7);
    assert_descriptor(&manifest.descriptors[1], LAYER_TYPE, B, 99);
}

/* ---- what is refused ---- */

static void manifest_rubbish(void **state)
{
    (void)state;
    check_refused(OCI_IMAGE, "", "is empty");
    check_refused(OCI_IMAGE, "\n<html><body>please log in</body></html>", "is HTML");
    check_refused(OCI_IMAGE, "please log in", "is not valid JSON");
    check_refused(OCI_IMAGE, "[]", "not an object");
    check_refused(OCI_IMAGE, "{" IMAGE_FIELDS "}x", "is not valid JSON");
    check_refused(OCI_IMAGE, "{" IMAGE_FIELDS "}{}", "is not valid JSON");
    check_refused(OCI_IMAGE, "{" IMAGE_FIELDS "," LAYERS "}", "names a member twice");
    check_refused(NULL, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}", "but not a manifest");
    check_refused(NULL, "{" TYPE("application/x") "\"a\":1}", "but not a manifest");
    check_refused(NULL, "{\"schemaVersion\":3," IMAGE_FIELDS "}", "schemaVersion that is not 2");
    check_refused(NULL, "{\"schemaVersion\":\"2\"," IMAGE_FIELDS "}", "schemaVersion that is not 2");
    check_refused(NULL, "{" LAYERS "}", "no config");
    check_refused(NULL, "{\"config\":[]," LAYERS "}", "in \"config\" is not an object");
    check_refused(NULL, "{" CONFIG ",\"layers\":{}}", "its \"layers\" is not a list");
    check_refused(NULL, "{\"manifests\":\"x\"}", "its \"manifests\" is not a list");
    check_refused(NULL, "{" CONFIG ",\"layers\":[" LAYER ",7]}",
                  "number 2 of its descriptors in \"layers\" is not an object");
}

static void manifest_bad_media_types(void **state)
{
    (void)state;
    static const char *const types[] = {
        "7",
        "{}",
        "\"a\"",
        "\"/\"",
        "\"a/\"",
        "\"/b\"",
        "\"a/b/c\"",
        "\"a b/c\"",
        "\";a/b\"",
        "\"a/b\\r\\nX: y\"",
        "\"a/b;\\n\"",
        "\"a/b;\\u00e9\"",
        "\"a/\\u00e9\"",
        "\"a/b,c/d\"",
        "\"a/\\u007f\"",
        "true",
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct buf CLEANUP_BUF body = BUF_INIT;
        buf_printf(&body, "{\"mediaType\":%s," IMAGE_FIELDS "}", types[i]);
        check_refused(OCI_IMAGE, body.data, "a mediaType or artifactType that is not a media type");
        buf_set(&body, "{\"artifactType\":%s," IMAGE_FIELDS "}", types[i]);
        check_refused(OCI_IMAGE, body.data, "a mediaType or artifactType that is not a media type");
        buf_set(&body, "{" CONFIG ",\"layers\":[{\"mediaType\":%s,\"digest\":\"" B "\",\"size\":1}]}",
                types[i]);
        check_refused(OCI_IMAGE, body.data, "with a bad mediaType");
        buf_set(&body, "{\"manifests\":[{\"artifactType\":%s,\"digest\":\"" B "\",\"size\":1}]}", types[i]);
        check_refused(OCI_INDEX, body.data, "with a bad artifactType");
    }
}

static void manifest_media_type_length(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF type = BUF_INIT;
    struct buf CLEANUP_BUF body = BUF_INIT;

    buf_add_text(&type, "application/");
    while (type.len < MEDIA_TYPE_MAX_BYTES)
        buf_add_char(&type, 'x');
    buf_set(&body, "{\"mediaType\":\"%s\"," IMAGE_FIELDS "}", type.data);
    check_type(NULL, body.data, MANIFEST_IMAGE, type.data);
    buf_set(&body, "{\"mediaType\":\"%sx\"," IMAGE_FIELDS "}", type.data);
    check_refused(NULL, body.data, "a mediaType or artifactType that is not a media type");
}

static void manifest_bad_descriptors(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        const char *expected;
    } cases[] = {
        {"\"size\":1", "without a sha256 or sha512 digest"},
        {"\"size\":1,\"digest\":7", "without a sha256 or sha512 digest"},
        {"\"size\":1,\"digest\":\"\"", "without a sha256 or sha512 digest"},
        {"\"size\":1,\"digest\":\"" HEX_A "\"", "without a sha256 or sha512 digest"},
        {"\"size\":1,\"digest\":\"sha256:../../../etc/passwd\"", "without a sha256 or sha512 digest"},
        {"\"size\":1,\"digest\":\"sha256:" HEX_A "a\"", "without a sha256 or sha512 digest"},
        {"\"digest\":\"" A "\"", "without a size"},
        {"\"digest\":\"" A "\",\"size\":null", "without a size"},
        {"\"digest\":\"" A "\",\"size\":\"1\"", "without a size"},
        {"\"digest\":\"" A "\",\"size\":1.0", "without a size"},
        {"\"digest\":\"" A "\",\"size\":1.5", "without a size"},
        {"\"digest\":\"" A "\",\"size\":1e3", "without a size"},
        {"\"digest\":\"" A "\",\"size\":true", "without a size"},
        {"\"digest\":\"" A "\",\"size\":-1", "without a size"},
        {"\"digest\":\"" A "\",\"size\":-9223372036854775808", "without a size"},
        {"\"digest\":\"" A "\",\"size\":1125899906842625", "without a size"},
        {"\"digest\":\"" A "\",\"size\":9223372036854775807", "without a size"},
        {"\"digest\":\"" A "\",\"size\":9223372036854775808", "a number that is too big"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf CLEANUP_BUF body = BUF_INIT;
        buf_printf(&body, "{" CONFIG ",\"layers\":[" LAYER ",{%s}]}", cases[i].members);
        check_refused(OCI_IMAGE, body.data, cases[i].expected);
        buf_set(&body, "{\"config\":{%s}," LAYERS "}", cases[i].members);
        check_refused(OCI_IMAGE, body.data, cases[i].expected);
        buf_set(&body, "{\"manifests\":[{%s}]}", cases[i].members);
        check_refused(OCI_INDEX, body.data, cases[i].expected);
    }
}

static void manifest_largest_size(void **state)
{
    (void)state;
    struct manifest CLEANUP_MANIFEST manifest;

    parse("{\"config\":{\"digest\":\"" A "\",\"size\":1125899906842624}}", NULL, &manifest);
    assert_int_equal(manifest.descriptors[0].size_bytes, MANIFEST_MAX_BLOB_BYTES);
}

static void manifest_depth_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF body = BUF_INIT;

    for (int extra = 0; extra < 2; extra++) {
        buf_set(&body, "{" IMAGE_FIELDS ",\"x\":");
        for (int i = 1; i < MANIFEST_MAX_DEPTH + extra; i++)
            buf_add_char(&body, '[');
        for (int i = 1; i < MANIFEST_MAX_DEPTH + extra; i++)
            buf_add_char(&body, ']');
        buf_add_char(&body, '}');
        if (extra)
            check_refused(NULL, body.data, "nests deeper than 32 levels");
        else
            check_type(NULL, body.data, MANIFEST_IMAGE, OCI_IMAGE);
    }
}

static void add_image(struct buf *body, int layers)
{
    buf_set(body, "{" CONFIG ",\"layers\":[");
    for (int i = 0; i < layers; i++)
        buf_printf(body, "%s" LAYER, i ? "," : "");
    buf_add_text(body, "]}");
}

static void manifest_count_limit(void **state)
{
    (void)state;
    struct manifest CLEANUP_MANIFEST manifest;
    struct buf CLEANUP_BUF body = BUF_INIT;

    add_image(&body, MANIFEST_MAX_DESCRIPTORS - 1);
    parse(body.data, NULL, &manifest);
    assert_int_equal(manifest.descriptor_count, MANIFEST_MAX_DESCRIPTORS);
    add_image(&body, MANIFEST_MAX_DESCRIPTORS);
    check_refused(NULL, body.data, "has more than 4096 descriptors");
}

static void manifest_values_limit(void **state)
{
    (void)state;
    struct buf CLEANUP_BUF body = BUF_INIT;

    buf_add_text(&body, "{" IMAGE_FIELDS ",\"x\":[[]");
    while (body.len < MANIFEST_MAX_BYTES)
        buf_add_text(&body, ",[]");
    buf_add_text(&body, "]}");
    check_refused(NULL, body.data, "objects and arrays");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifest_kinds),
        cmocka_unit_test(manifest_accept_asks_for_all_but_schema1),
        cmocka_unit_test(manifest_type_from_header),
        cmocka_unit_test(manifest_type_from_body),
        cmocka_unit_test(manifest_type_from_fields),
        cmocka_unit_test(manifest_type_against_fields),
        cmocka_unit_test(manifest_schema1),
        cmocka_unit_test(manifest_image),
        cmocka_unit_test(manifest_image_without_layers),
        cmocka_unit_test(manifest_foreign_layers),
        cmocka_unit_test(manifest_index),
        cmocka_unit_test(manifest_index_of_nothing),
        cmocka_unit_test(manifest_platforms_that_are_none),
        cmocka_unit_test(manifest_artifacts),
        cmocka_unit_test(manifest_subject_is_not_fetched),
        cmocka_unit_test(manifest_rubbish),
        cmocka_unit_test(manifest_bad_media_types),
        cmocka_unit_test(manifest_media_type_length),
        cmocka_unit_test(manifest_bad_descriptors),
        cmocka_unit_test(manifest_largest_size),
        cmocka_unit_test(manifest_depth_limit),
        cmocka_unit_test(manifest_count_limit),
        cmocka_unit_test(manifest_values_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
