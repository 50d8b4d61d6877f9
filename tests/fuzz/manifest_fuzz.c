/* Manifests and indexes: the first byte chooses the Content-Type. */
#include <ctype.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "formats/oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_media_type(const char *text)
{
    size_t len = strlen(text);

    CHECK(len && len <= MEDIA_TYPE_MAX_BYTES);
    for (size_t i = 0; i < len; i++)
        CHECK(isprint((unsigned char)text[i]));
}

static void check_descriptor(const struct manifest *manifest, const struct descriptor *descriptor)
{
    struct checksum again;
    char printed[IMAGE_DIGEST_SIZE];

    image_digest_print(&descriptor->digest, printed);
    CHECK(image_digest_parse(printed, strlen(printed), &again) == 0);
    CHECK(checksum_equal(&again, &descriptor->digest));
    CHECK(descriptor->size_bytes >= 0 && descriptor->size_bytes <= MANIFEST_MAX_BLOB_BYTES);
    CHECK(!descriptor->is_manifest || manifest->kind == MANIFEST_INDEX);
    if (descriptor->media_type)
        check_media_type(descriptor->media_type);
    if (descriptor->artifact_type)
        check_media_type(descriptor->artifact_type);
    for (const char *c = descriptor->platform; c && *c; c++)
        CHECK(isgraph((unsigned char)*c));
}

static void check_manifest(const struct manifest *manifest)
{
    enum manifest_kind kind = manifest_kind_of(manifest->media_type);
    int64_t total_bytes = 0;

    CHECK(manifest->kind == MANIFEST_IMAGE || manifest->kind == MANIFEST_INDEX);
    CHECK(kind == manifest->kind || kind == MANIFEST_OTHER);
    CHECK(text_is_media_type(manifest->media_type, strlen(manifest->media_type)));
    check_media_type(manifest->media_type);
    if (manifest->artifact_type)
        check_media_type(manifest->artifact_type);
    CHECK(manifest->descriptor_count <= MANIFEST_MAX_DESCRIPTORS);
    for (size_t i = 0; i < manifest->descriptor_count; i++) {
        check_descriptor(manifest, &manifest->descriptors[i]);
        CHECK(!__builtin_add_overflow(total_bytes, manifest->descriptors[i].size_bytes, &total_bytes));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const content_types[] = {
        NULL,
        "application/json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json; charset=utf-8",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    };
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct manifest manifest, again;

    if (!size)
        return 0;
    const char *body = (const char *)data + 1;
    if (manifest_parse(body, size - 1, content_types[data[0] % 8], &manifest, &error) < 0) {
        CHECK(error.len && !manifest.descriptors && !manifest.media_type && !manifest.artifact_type);
        return 0;
    }
    check_manifest(&manifest);
    /* Served as what we say, it is read as the same. */
    if (manifest_parse(body, size - 1, manifest.media_type, &again, &error) < 0)
        BUG("refused as %s: %s", manifest.media_type, error.data);
    CHECK(again.kind == manifest.kind && again.descriptor_count == manifest.descriptor_count);
    CHECK(strcmp(again.media_type, manifest.media_type) == 0);
    manifest_release(&again);
    manifest_release(&manifest);
    return 0;
}
