/* Images as an OCI image layout (OCI image specification 1.1, image-layout.md), in a folder or an archive;
 * and as what `docker load` takes: the same archive with a manifest.json, which all versions of docker and
 * podman read, while those that look for index.json first find the manifests as they are.
 *
 * The bundle has the manifests before all other blobs, so what is not wanted need not be kept. */
#include "admin/transfer/export_image.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "admin/transfer/export_output.h"
#include "admin/transfer/export_pick.h"
#include "admin/transfer/export_work.h"
#include "base/buf.h"
#include "base/digest_set.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define BLOB_NAME_SIZE (sizeof("blobs/sha256/") + DIGEST_HEX_SIZE)

static void blob_name(const struct digest *digest, char out[BLOB_NAME_SIZE])
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    snprintf(out, BLOB_NAME_SIZE, "blobs/sha256/%s", hex);
}

/* ---- blobs ---- */

static int keep_manifest(struct export_work *work, struct picked_manifest *manifest,
                         const struct bundle_blob *blob)
{
    char *CLEANUP_FREE body = NULL;
    size_t len = (size_t)blob->size_bytes;
    char more;

    /* Kept in memory, so the limit is that of manifests which the proxy fetches. */
    if (blob->size_bytes > MANIFEST_MAX_BYTES) {
        buf_set(work->error, "a manifest is larger than %d bytes", MANIFEST_MAX_BYTES);
        return -1;
    }
    body = xcalloc(len + 1, 1);
    for (size_t done = 0; done < len;) {
        ssize_t got = bundle_read_bytes(work->reader, body + done, len - done, work->error);
        if (got <= 0)
            return -1;
        done += (size_t)got;
    }
    /* The digest is compared by the read that meets the end of the blob. */
    if (bundle_read_bytes(work->reader, &more, 1, work->error) != 0)
        return -1;
    return export_pick_read(manifest, take_ptr(&body), len, work->error);
}

static int image_write_manifests(struct export_work *work, const struct export_pick *pick,
                                 struct export_output *output)
{
    for (size_t i = 0; i < pick->manifest_count; i++) {
        const struct picked_manifest *manifest = &pick->manifests[i];
        char name[BLOB_NAME_SIZE];
        blob_name(&manifest->digest, name);
        if (!digest_set_has(pick->wanted, &manifest->digest))
            continue;
        if (export_output_file(output, name, manifest->body, manifest->len, work->error) < 0)
            return -1;
        work->written.files++;
        work->written.bytes += (int64_t)manifest->len;
    }
    return 0;
}

static int image_write_blobs(struct export_work *work, struct export_pick *pick, struct export_output *output)
{
    struct bundle_blob blob;
    bool chosen = false;
    int more;

    /* The manifests come first; the first blob that is not one says that all have been read, and the choice
     * can be made. */
    while ((more = bundle_read_blob(work->reader, &blob, work->error)) > 0) {
        struct picked_manifest *manifest = export_pick_find(pick, &blob.digest);
        if (manifest && !chosen) {
            if (keep_manifest(work, manifest, &blob) < 0)
                return -1;
            continue;
        }
        if (!chosen && export_pick_choose(pick, work->notes, work->error) < 0)
            return -1;
        chosen = true;
        bool wanted = digest_set_has(pick->wanted, &blob.digest);
        char name[BLOB_NAME_SIZE];
        blob_name(&blob.digest, name);
        work->written.files += wanted;
        /* One that is not wanted is read anyway, without a name: the bundle comes through a pipe. */
        if (export_write_blob(work, output, wanted ? name : NULL, &blob) < 0)
            return -1;
    }
    /* No blob followed the manifests, or there were none: the choice says what is missing. */
    if (!more && !chosen)
        more = export_pick_choose(pick, work->notes, work->error);
    return more < 0 ? -1 : image_write_manifests(work, pick, output);
}

/* ---- what names them ---- */

static json_t *image_descriptor(const struct picked_image *image)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(&image->taken->digest, hex);
    char *CLEANUP_FREE digest = xconcat("sha256:", hex);
    json_t *descriptor = json_pack("{s:s, s:s, s:I}", "mediaType", image->taken->manifest.media_type,
                                   "digest", digest, "size", (json_int_t)image->taken->len);
    /* Pulled by digest: the layout then names the image by its digest alone. */
    if (!image->tag)
        return descriptor;
    char *CLEANUP_FREE whole = xconcat(image->name, ":", image->tag);
    /* Containerd and docker read the whole name, skopeo and podman the tag. */
    json_object_set_new(descriptor, "annotations",
                        json_pack("{s:s, s:s}", "io.containerd.image.name", whole,
                                  "org.opencontainers.image.ref.name", image->tag));
    return descriptor;
}

static int image_write_index(struct export_work *work, const struct export_pick *pick,
                             struct export_output *output)
{
    json_t *manifests = json_array();

    for (size_t i = 0; i < pick->image_count; i++)
        json_array_append_new(manifests, image_descriptor(&pick->images[i]));
    json_t *CLEANUP_JSON root =
        json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType", TYPE_INDEX, "manifests", manifests);
    if (export_output_file(output, "oci-layout", LAYOUT, strlen(LAYOUT), work->error) < 0)
        return -1;
    char *CLEANUP_FREE text = json_dumps(root, JSON_COMPACT);
    return export_output_file(output, "index.json", text, strlen(text), work->error);
}

static json_t *blob_path(const struct descriptor *descriptor)
{
    struct digest digest;
    char name[BLOB_NAME_SIZE];

    memcpy(digest.bytes, descriptor->digest.bytes, sizeof(digest.bytes));
    blob_name(&digest, name);
    return json_string(name);
}

/* manifest.json, an entry for each image, as `docker load` reads it since 1.10. Layers that are compressed
 * stay so: it looks at their bytes, not at the names. */
static int image_write_docker(struct export_work *work, const struct export_pick *pick,
                              struct export_output *output)
{
    json_t *CLEANUP_JSON root = json_array();

    for (size_t i = 0; i < pick->image_count; i++) {
        const struct picked_image *image = &pick->images[i];
        const struct manifest *manifest = &image->taken->manifest;
        /* Signatures, SBOMs and Helm charts are manifests, too, but have no layers of a file system. */
        if (!manifest->descriptor_count || manifest->artifact_type) {
            buf_set(work->error, "%s is not an image that docker can load: export it with --format oci",
                    image->name);
            return -1;
        }
        for (size_t j = 0; j < manifest->descriptor_count; j++)
            if (manifest->descriptors[j].elsewhere) {
                buf_set(work->error, "%s has layers that registries do not hold: export it with --format oci",
                        image->name);
                return -1;
            }
        /* manifest_parse() puts the config before the layers. */
        json_t *layers = json_array();
        json_t *tags = json_array();
        for (size_t j = 1; j < manifest->descriptor_count; j++)
            json_array_append_new(layers, blob_path(&manifest->descriptors[j]));
        if (image->tag) {
            char *CLEANUP_FREE whole = xconcat(image->name, ":", image->tag);
            json_array_append_new(tags, json_string(whole));
        }
        json_array_append_new(root,
                              json_pack("{s:o, s:o, s:o}", "Config", blob_path(&manifest->descriptors[0]),
                                        "RepoTags", tags, "Layers", layers));
    }
    char *CLEANUP_FREE text = json_dumps(root, JSON_COMPACT);
    return export_output_file(output, "manifest.json", text, strlen(text), work->error);
}

int export_image_convert(struct export_work *work, bool docker)
{
    struct export_output *CLEANUP_EXPORT_OUTPUT output = NULL;
    struct export_pick CLEANUP_EXPORT_PICK pick;

    export_pick_init(&pick, work->content, work->platform, docker);
    if (export_output_open(work->destination, !docker && !text_ends(work->destination, ".tar"), &output,
                           work->error) < 0 ||
        image_write_blobs(work, &pick, output) < 0 || image_write_index(work, &pick, output) < 0 ||
        (docker && image_write_docker(work, &pick, output) < 0))
        return -1;
    return export_output_finish(output, work->error);
}
