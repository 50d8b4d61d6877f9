/* index.json of an OCI image layout: OCI image specification 1.1, image-layout.md. Annotations name the
 * images: docker and containerd write the whole name, skopeo and buildah a tag or a name, whatever they were
 * called with. */
#include "admin/transfer/import_oci.h"

#include <string.h>

#include "admin/transfer/import_image.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/memory.h"
#include "formats/oci/image.h"
#include "formats/oci/manifest.h"

#define WHOLE_NAME "io.containerd.image.name"
#define REF_NAME "org.opencontainers.image.ref.name"

static const struct json_limits limits = {
    .depth = MANIFEST_MAX_DEPTH, .containers = MANIFEST_MAX_DESCRIPTORS * 8, .values = 256 * 1024};

int import_oci_read(const struct import_plan *plan, struct import_images *out, struct buf *error)
{
    const struct foreign_file *file = foreign_find(plan->foreign, "index.json");
    struct buf CLEANUP_BUF problem = BUF_INIT;
    json_t *CLEANUP_JSON root =
        file && file->json ? json_read_object(file->json, (size_t)file->size_bytes, &limits, &problem) : NULL;
    const json_t *manifests = json_object_get(root, "manifests");
    const json_t *item;
    size_t i;

    if (!json_is_array(manifests) || !json_array_size(manifests)) {
        buf_set(error, "%s: index.json %s", foreign_name(plan->foreign),
                problem.len ? problem.data : "names no image");
        return -1;
    }
    json_array_foreach(manifests, i, item)
    {
        const char *text = json_text_member(item, "digest");
        const json_t *annotations = json_object_get(item, "annotations");
        const char *whole = json_text_member(annotations, WHOLE_NAME);
        const char *ref = json_text_member(annotations, REF_NAME);
        struct checksum checksum;
        struct digest digest;
        if (!text || image_digest_parse(text, strlen(text), &checksum) < 0 || checksum.kind != HASH_SHA256) {
            buf_set(error, "%s: index.json names an image without a sha256 digest",
                    foreign_name(plan->foreign));
            return -1;
        }
        memcpy(digest.bytes, checksum.bytes, sizeof(digest.bytes));
        /* An image with several tags is listed once for each. */
        struct import_image *image = import_images_add(out, &digest, json_text_member(item, "mediaType"));
        /* The specification does not say whether ref.name is a tag: with "/" or ":" in it, it cannot be
         * one. */
        if (whole)
            import_image_add_name(image, whole);
        else if (ref && strpbrk(ref, "/:"))
            import_image_add_name(image, ref);
        else if (ref)
            import_image_add_tag(image, ref);
    }
    return 0;
}
