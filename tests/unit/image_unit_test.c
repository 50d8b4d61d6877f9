/* What goes with a blob of an image. */
#include "tests/unit/store_fixture.h"

#include "base/digest_set.h"
#include "storage/catalog/image_unit.h"
#include "storage/catalog/spaces.h"

#define NAME "example.org/app"
#define TYPE_IMAGE "application/vnd.oci.image.manifest.v1+json"
#define TYPE_INDEX "application/vnd.oci.image.index.v1+json"

/* Bytes that the store has, under a name of the image. */
static struct digest add(const char *space, const struct buf *body)
{
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    digest_of(body->data, body->len, &digest);
    digest_hex(&digest, hex);
    char *CLEANUP_FREE key = xconcat(NAME "@sha256:", hex);
    const struct entry entry = {.space = space, .key = key, .scope = NAME, .confirmed_at_s = 1};
    assert_int_equal(blob_put(store, body->data, body->len, &entry, 1, NULL, NULL), 0);
    return digest;
}

static struct digest add_layer(const char *text)
{
    struct buf CLEANUP_BUF body = BUF_INIT;

    buf_add_text(&body, text);
    return add(SPACE_BLOB, &body);
}

static void add_descriptor(struct buf *out, const char *type, const struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    buf_printf(out, "{\"mediaType\":\"%s\",\"size\":2,\"digest\":\"sha256:%s\"}", type, hex);
}

static struct digest add_image(const struct digest *config, const struct digest *layer)
{
    struct buf CLEANUP_BUF body = BUF_INIT;

    buf_add_text(&body, "{\"schemaVersion\":2,\"mediaType\":\"" TYPE_IMAGE "\",\"config\":");
    add_descriptor(&body, "application/vnd.oci.image.config.v1+json", config);
    buf_add_text(&body, ",\"layers\":[");
    add_descriptor(&body, "application/vnd.oci.image.layer.v1.tar", layer);
    buf_add_text(&body, "]}");
    return add(SPACE_MANIFEST, &body);
}

/* The number makes it another one than those that list the same. */
static struct digest add_index(const struct digest *digests, size_t count, const char *type, int number)
{
    struct buf CLEANUP_BUF body = BUF_INIT;

    buf_printf(&body,
               "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"annotations\":{\"n\":\"%d\"},\"manifests\":[",
               TYPE_INDEX, number);
    for (size_t i = 0; i < count; i++) {
        buf_add_text(&body, i ? "," : "");
        add_descriptor(&body, type, &digests[i]);
    }
    buf_add_text(&body, "]}");
    return add(SPACE_MANIFEST, &body);
}

static bool ask(const struct digest *digest, struct digest_set *out)
{
    store_flush(store);
    void *units = image_units.begin(store);
    bool goes = image_units.add(units, digest, INT64_MAX, out);

    image_units.end(units);
    return goes;
}

static void unit_is_the_whole_image(void **state)
{
    (void)state;
    struct digest_set *CLEANUP_DIGEST_SET out = digest_set_new();
    struct digest config = add_layer("{}");
    struct digest layer = add_layer("layer");
    struct digest other = add_layer("other");
    struct digest image = add_image(&config, &layer);
    struct digest neighbour = add_image(&config, &other);
    struct digest index = add_index(&image, 1, TYPE_IMAGE, 0);

    assert_true(ask(&layer, out));
    assert_true(digest_set_has(out, &layer) && digest_set_has(out, &image) && digest_set_has(out, &index));
    assert_false(digest_set_has(out, &config)); /* the neighbour needs it */
    assert_false(digest_set_has(out, &other) || digest_set_has(out, &neighbour));
}

/* A hundred million ways lead from the layer to the top: each manifest must be looked at once. */
static void unit_of_many_indexes_in_each_other(void **state)
{
    enum { WIDTH = 100, LEVELS = 4 };
    (void)state;
    struct digest_set *CLEANUP_DIGEST_SET out = digest_set_new();
    struct digest below[WIDTH];
    struct digest level[WIDTH];
    struct digest layer = add_layer("layer");
    struct digest config = add_layer("{}");
    size_t count = 1;

    below[0] = add_image(&config, &layer);
    for (int i = 0; i < LEVELS; i++) {
        for (int k = 0; k < WIDTH; k++)
            level[k] = add_index(below, count, i ? TYPE_INDEX : TYPE_IMAGE, k);
        memcpy(below, level, sizeof(below));
        count = WIDTH;
    }
    assert_true(ask(&layer, out));
    /* The top nests deeper than anybody does, and stays. */
    assert_int_equal(digest_set_count(out), (LEVELS - 1) * WIDTH + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(unit_is_the_whole_image),
        STORE_TEST(unit_of_many_indexes_in_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
