/* manifest.json of `docker save`: "Docker Image Specification v1.2", "Combined Image JSON + Filesystem
 * Changeset Format". It has no manifest as registries have them, so one is made, always the same for the same
 * image: schema 2 with the layers as they are, and the configuration byte for byte, whose digest is the
 * image's ID. */
#include "admin/transfer/import_docker.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "admin/transfer/import_image.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/manifest.h"

#define TYPE_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define TYPE_CONFIG "application/vnd.docker.container.image.v1+json"
#define TYPE_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define TYPE_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"

static const struct json_limits limits = {
    .depth = MANIFEST_MAX_DEPTH, .containers = 64 * 1024, .values = 1024 * 1024};

/* A compressed layer, and the digest that it must have unpacked (diff_id). Layers are unpacked only to
 * compare this: they are stored as they are. */
struct packed_layer {
    const struct foreign_file *file;
    struct digest diff_id;
    bool right;
};

struct docker_reading {
    struct import_plan *plan;
    struct packed_layer *packed;
    size_t packed_count;
    int64_t config_bytes; /* read so far */
    struct buf *error;
};

static int docker_fail(struct docker_reading *reading, const char *what, const char *problem)
{
    buf_set(reading->error, "%s: %.300s %s", foreign_name(reading->plan->foreign), what, problem);
    return -1;
}

/* ---- compressed layers ---- */

struct unpacking {
    struct docker_reading *reading;
    const struct foreign_file *file; /* NULL: none */
    z_stream zlib;
    struct hasher *hasher;
    bool broken;
};

/* Ends the layer that was unpacked last, if any. One file may be a layer of several images, perhaps with a
 * false diff_id in one of them, so each of its entries is compared. */
static void unpacking_judge(struct unpacking *unpacking)
{
    struct docker_reading *reading = unpacking->reading;
    struct checksum sum;

    if (!unpacking->file)
        return;
    hasher_final(unpacking->hasher, &sum);
    hasher_free(take_ptr(&unpacking->hasher));
    inflateEnd(&unpacking->zlib);
    for (size_t i = 0; i < reading->packed_count; i++) {
        struct packed_layer *layer = &reading->packed[i];
        if (layer->file == unpacking->file && !unpacking->broken &&
            memcmp(sum.bytes, layer->diff_id.bytes, sizeof(layer->diff_id.bytes)) == 0)
            layer->right = true;
    }
    unpacking->file = NULL;
}

static int begin_layer(void *arg, const struct foreign_file *file)
{
    struct unpacking *unpacking = arg;
    const struct docker_reading *reading = unpacking->reading;

    unpacking_judge(unpacking);
    for (size_t i = 0; i < reading->packed_count; i++) {
        if (reading->packed[i].file != file)
            continue;
        unpacking->file = file;
        unpacking->broken = false;
        unpacking->hasher = hasher_new(HASH_SHA256);
        unpacking->zlib = (z_stream){0};
        CHECK(inflateInit2(&unpacking->zlib, 15 + 16) == Z_OK); /* 16: gzip only, see zlib.h */
        return 1;
    }
    return 0;
}

static int layer_bytes(void *arg, const void *data, size_t len)
{
    struct unpacking *unpacking = arg;
    z_stream *zlib = &unpacking->zlib;
    unsigned char out[64 * 1024];

    zlib->next_in = (unsigned char *)data;
    zlib->avail_in = (uInt)len;
    do {
        zlib->next_out = out;
        zlib->avail_out = sizeof(out);
        int result = inflate(zlib, Z_NO_FLUSH);
        hasher_update(unpacking->hasher, out, sizeof(out) - zlib->avail_out);
        if (result == Z_STREAM_END)
            /* Another member may follow: a gzip file may have several (RFC 1952 section 2.2). */
            result = zlib->avail_in ? inflateReset(zlib) : Z_OK;
        else if (result == Z_BUF_ERROR)
            result = Z_OK; /* it wants more input */
        /* A bomb must not keep us busy for hours: real layers shrink by far less than this factor. */
        if (result != Z_OK ||
            (zlib->total_out > (uLong)FOREIGN_UNPACKED_MIN_BYTES &&
             zlib->total_out / (FOREIGN_UNPACKED_FACTOR * 4) > (uLong)unpacking->file->size_bytes))
            unpacking->broken = true;
    } while (!unpacking->broken && (zlib->avail_in || !zlib->avail_out));
    return 0;
}

/* ---- making a manifest ---- */

static json_t *docker_descriptor(const char *type, const struct foreign_file *file)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(&file->digest, hex);
    char *CLEANUP_FREE digest = xconcat("sha256:", hex);
    return json_pack("{s:s, s:I, s:s}", "mediaType", type, "size", (json_int_t)file->size_bytes, "digest",
                     digest);
}

/* Finds the layer and compares it with the configuration, which names the digest of the uncompressed layer.
 * Returns its descriptor for the manifest, or NULL. */
static json_t *docker_read_layer(struct docker_reading *reading, const json_t *name, const json_t *diff_id)
{
    const char *text = json_string_value(name);
    const char *wanted = json_string_value(diff_id);
    const struct foreign_file *file = text ? foreign_find(reading->plan->foreign, text) : NULL;
    struct digest digest;

    if (!file) {
        docker_fail(reading, text ? text : "a layer", "is named by manifest.json, but is not there");
        return NULL;
    }
    if (!wanted || !text_starts(wanted, "sha256:") ||
        digest_parse(wanted + strlen("sha256:"), strlen(wanted) - strlen("sha256:"), &digest) < 0) {
        docker_fail(reading, text, "has no sha256 digest in its image's configuration");
        return NULL;
    }
    import_plan_need(reading->plan, &file->digest);
    /* docker and podman save layers unpacked: then the file's own digest is the diff_id. crane, ko and kaniko
     * leave them compressed. */
    if (digest_equal(&digest, &file->digest))
        return docker_descriptor(TYPE_LAYER, file);
    if (!file->gzip) {
        docker_fail(reading, text, "is not the layer that its image names: the archive was altered");
        return NULL;
    }
    reading->packed = xrealloc(reading->packed, (reading->packed_count + 1) * sizeof(*reading->packed));
    reading->packed[reading->packed_count++] = (struct packed_layer){file, digest, false};
    return docker_descriptor(TYPE_LAYER_GZIP, file);
}

/* Configurations are named by their digest: "<hex>.json" by docker, "blobs/sha256/<hex>" by newer versions,
 * "sha256:<hex>" by others. A name that is not a digest says nothing and is accepted. */
static bool config_name_lies(const char *name, const struct foreign_file *file)
{
    const char *slash = strrchr(name, '/');
    const char *word = slash ? slash + 1 : name;
    struct digest digest;

    if (text_starts(word, "sha256:"))
        word += strlen("sha256:");
    size_t len = strlen(word) - (text_ends(word, ".json") ? strlen(".json") : 0);
    return digest_parse(word, len, &digest) == 0 && !digest_equal(&digest, &file->digest);
}

static const struct foreign_file *docker_find_config(struct docker_reading *reading, const json_t *item,
                                                     json_t **root)
{
    const char *name = json_text_member(item, "Config");
    const struct foreign_file *file = name ? foreign_find(reading->plan->foreign, name) : NULL;
    struct buf CLEANUP_BUF problem = BUF_INIT;

    if (!file || !file->json)
        docker_fail(reading, name ? name : "an image", "has no configuration in the archive");
    else if (config_name_lies(name, file))
        docker_fail(reading, name, "does not have the digest that its name says: the archive was altered");
    else if ((reading->config_bytes += file->size_bytes) >
             FOREIGN_JSON_TOTAL_BYTES) /* one file, named many times, is parsed each time */
        docker_fail(reading, "manifest.json", "names more images than can be in the archive");
    else if (!(*root = json_read_object(file->json, (size_t)file->size_bytes, &limits, &problem)))
        docker_fail(reading, name, problem.data);
    return *root ? file : NULL;
}

static int docker_read_image(struct docker_reading *reading, const json_t *item, struct import_images *out)
{
    json_t *CLEANUP_JSON config = NULL;
    const struct foreign_file *file = docker_find_config(reading, item, &config);
    const json_t *names = json_object_get(item, "Layers");
    const json_t *diff_ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
    json_t *CLEANUP_JSON layers = json_array();
    struct digest digest;

    if (!file)
        return -1;
    /* Layers and diff_ids belong together by their order alone. */
    if (json_array_size(names) != json_array_size(diff_ids))
        return docker_fail(reading, file->name, "names another number of layers than manifest.json");
    for (size_t i = 0; i < json_array_size(names); i++) {
        json_t *layer = docker_read_layer(reading, json_array_get(names, i), json_array_get(diff_ids, i));
        if (!layer)
            return -1;
        json_array_append_new(layers, layer);
    }
    json_t *CLEANUP_JSON manifest =
        json_pack("{s:i, s:s, s:o, s:O}", "schemaVersion", 2, "mediaType", TYPE_MANIFEST, "config",
                  docker_descriptor(TYPE_CONFIG, file), "layers", layers);
    /* Always the same bytes, so that the same image has the same digest wherever it is imported. */
    char *CLEANUP_FREE body = json_dumps(manifest, JSON_COMPACT);
    import_plan_need(reading->plan, &file->digest);
    import_plan_add_bytes(reading->plan, body, strlen(body), &digest);
    struct import_image *image = import_images_add(out, &digest, TYPE_MANIFEST);
    const json_t *tags = json_object_get(item, "RepoTags");
    /* RepoTags is null for an image that was saved by its ID. */
    for (size_t i = 0; i < json_array_size(tags); i++)
        if (json_string_length(json_array_get(tags, i)))
            import_image_add_name(image, json_string_value(json_array_get(tags, i)));
    return 0;
}

int import_docker_read(struct import_plan *plan, struct import_images *out, struct buf *error)
{
    const struct foreign_file *file = foreign_find(plan->foreign, "manifest.json");
    struct docker_reading reading = {.plan = plan, .error = error};
    struct buf CLEANUP_BUF problem = BUF_INIT;

    if (!file || !file->json)
        return docker_fail(&reading, "manifest.json",
                           "is missing: this is not an archive of images that can be read");
    /* Only objects are read with limits. */
    char *CLEANUP_FREE text = xconcat("{\"images\":", file->json, "}");
    json_t *CLEANUP_JSON root = json_read_object(text, strlen(text), &limits, &problem);
    const json_t *items = json_object_get(root, "images");
    if (!json_array_size(items))
        return docker_fail(&reading, "manifest.json", problem.len ? problem.data : "names no image");
    int result = 0;
    for (size_t i = 0; !result && i < json_array_size(items); i++)
        result = docker_read_image(&reading, json_array_get(items, i), out);
    /* Another reading of the archive, so only if there is anything to unpack. */
    if (!result && reading.packed_count) {
        struct unpacking unpacking = {.reading = &reading};
        const struct foreign_sink sink = {begin_layer, layer_bytes, &unpacking};
        result = foreign_read(plan->foreign, &sink, error);
        unpacking_judge(&unpacking); /* after an error, too: it frees */
        for (size_t i = 0; !result && i < reading.packed_count; i++)
            if (!reading.packed[i].right)
                result = docker_fail(&reading, reading.packed[i].file->name,
                                     "is not the layer that its image names");
    }
    free(reading.packed);
    return result;
}
