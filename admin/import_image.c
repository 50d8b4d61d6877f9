#include "admin/import_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/digest_set.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/holding.h"
#include "proxy/image_entries.h"
#include "proxy/registry.h"
#include "upstreams/image.h"
#include "upstreams/manifest.h"
#include "upstreams/project.h"

#define DEPTH_MAX 3 /* of indexes in indexes, as in proxy/image_parts.h */

/* ---- the list ---- */

void import_images_release(struct import_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        struct import_image *image = &images->items[i];
        for (size_t j = 0; j < image->name_count; j++)
            free(image->names[j]);
        free(image->names);
        free(image->tag);
        free(image->media_type);
    }
    free(take_ptr(&images->items));
    images->count = 0;
}

struct import_image *import_images_add(struct import_images *images, const struct digest *digest,
                                       const char *media_type)
{
    for (size_t i = 0; i < images->count; i++)
        if (digest_equal(&images->items[i].digest, digest))
            return &images->items[i];
    images->items = xrealloc(images->items, (images->count + 1) * sizeof(*images->items));
    struct import_image *image = &images->items[images->count++];
    *image = (struct import_image){.digest = *digest, .media_type = xstrdup_or_null(media_type)};
    return image;
}

void import_image_add_name(struct import_image *image, const char *name)
{
    image->names = xrealloc(image->names, (image->name_count + 1) * sizeof(*image->names));
    image->names[image->name_count++] = xstrdup(name);
}

/* ---- what is in an image ---- */

/* One image under one name. */
struct planning {
    struct import_plan *plan;
    const char *image_name;
    struct image_entries entries;
    struct digest_set *seen; /* manifests */
    size_t whole;            /* images with all their layers */
    struct buf *error;
};

static const struct foreign_file *find_blob(const struct import_plan *plan, const struct digest *digest)
{
    char name[sizeof("blobs/sha256/") + DIGEST_HEX_SIZE] = "blobs/sha256/";

    digest_hex(digest, name + strlen(name));
    const struct foreign_file *file = foreign_find(plan->foreign, name);
    return file && digest_equal(&file->digest, digest) ? file : NULL;
}

static const char *manifest_bytes(const struct import_plan *plan, const struct digest *digest, size_t *len)
{
    const char *made = import_plan_bytes(plan, digest, len);
    const struct foreign_file *file = made ? NULL : find_blob(plan, digest);

    if (!file || !file->json || file->size_bytes > MANIFEST_MAX_BYTES)
        return made;
    *len = (size_t)file->size_bytes;
    return file->json;
}

static int lacks(struct planning *planning, const char *what, const struct digest *digest, const char *hint)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    buf_set(planning->error, "%s: %s sha256:%s of %s is missing or was altered%s",
            foreign_name(planning->plan->foreign), what, hex, planning->image_name, hint);
    return -1;
}

/* A blob of an image. In a docker archive it may have any name, and has been looked at by its name. */
static int plan_blob(struct planning *planning, const struct descriptor *descriptor)
{
    struct import_plan *plan = planning->plan;
    struct digest digest;

    if (descriptor->digest.kind != HASH_SHA256) {
        buf_set(planning->error, "%s: %s has digests that are not sha256; import takes no others",
                foreign_name(plan->foreign), planning->image_name);
        return -1;
    }
    memcpy(digest.bytes, descriptor->digest.bytes, sizeof(digest.bytes));
    const struct foreign_file *file = find_blob(plan, &digest);
    if (file && file->size_bytes == descriptor->size_bytes)
        import_plan_need(plan, &digest);
    else if (!digest_set_has(plan->needed, &digest) && !descriptor->elsewhere)
        return lacks(planning, "the blob", &digest, ": save the image again");
    return 0;
}

static int plan_manifest(struct planning *planning, const struct digest *digest, const char *media_type,
                         int depth);

/* What an index lists is often there for one platform only. */
static int plan_child(struct planning *planning, const struct descriptor *descriptor, int depth)
{
    struct digest digest;
    size_t len;

    memcpy(digest.bytes, descriptor->digest.bytes, sizeof(digest.bytes));
    if (descriptor->digest.kind == HASH_SHA256 && manifest_bytes(planning->plan, &digest, &len))
        return plan_manifest(planning, &digest, descriptor->media_type, depth + 1);
    if (descriptor->platform && strcmp(descriptor->platform, "unknown/unknown") != 0)
        buf_printf(planning->plan->notes, "%s: the image for %s is not in %s\n", planning->image_name,
                   descriptor->platform, foreign_name(planning->plan->foreign));
    return 0;
}

static int plan_parts(struct planning *planning, const struct manifest *manifest, int depth)
{
    for (size_t i = 0; i < manifest->descriptor_count; i++) {
        const struct descriptor *descriptor = &manifest->descriptors[i];
        int result = descriptor->is_manifest ? plan_child(planning, descriptor, depth)
                                             : plan_blob(planning, descriptor);
        if (result < 0)
            return -1;
    }
    if (manifest->kind == MANIFEST_IMAGE)
        planning->whole++;
    return 0;
}

static int plan_manifest(struct planning *planning, const struct digest *digest, const char *media_type,
                         int depth)
{
    struct import_plan *plan = planning->plan;
    struct buf CLEANUP_BUF problem = BUF_INIT;
    struct manifest CLEANUP_MANIFEST manifest = {0};
    size_t len;
    const char *body = manifest_bytes(plan, digest, &len);

    if (!body)
        return lacks(planning, "the manifest", digest, "");
    if (!digest_set_add(planning->seen, digest))
        return 0;
    if (depth > DEPTH_MAX || manifest_parse(body, len, media_type, &manifest, &problem) < 0) {
        buf_set(planning->error, "%s: a manifest of %s %s", foreign_name(plan->foreign), planning->image_name,
                problem.len ? problem.data : "lies too deep in others");
        return -1;
    }
    if (!import_plan_bytes(plan, digest, &len))
        import_plan_need(plan, digest);
    image_entries_of_manifest(&planning->entries, digest, (int64_t)len, &manifest);
    return plan_parts(planning, &manifest, depth);
}

static char *media_type_of(const struct import_image *image, const char *body, size_t len)
{
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    struct manifest CLEANUP_MANIFEST manifest = {0};

    return manifest_parse(body, len, image->media_type, &manifest, &ignored) < 0
               ? NULL
               : xstrdup(manifest.media_type);
}

/* What people are told of where it came from: the last part of the path, if that is clean enough for an entry's lines. */
static const char *origin_of(const struct foreign *foreign)
{
    const char *name = foreign_name(foreign);
    const char *slash = strrchr(name, '/');
    const char *last = slash && slash[1] ? slash + 1 : name;

    return filename_valid(last, strlen(last)) ? last : "";
}

static int plan_named(struct import_plan *plan, const struct import_image *image,
                      const struct holding *holding, struct buf *error)
{
    struct digest_set *CLEANUP_DIGEST_SET seen = digest_set_new();
    struct planning planning = {
        .plan = plan,
        .image_name = holding->name,
        .entries = {holding->name, origin_of(plan->foreign), import_plan_add_entry, plan},
        .seen = seen,
        .error = error,
    };
    size_t len;

    if (plan_manifest(&planning, &image->digest, image->media_type, 0) < 0)
        return -1;
    if (!planning.whole) {
        buf_set(error, "%s: %s has no image of any platform in it", foreign_name(plan->foreign),
                holding->name);
        return -1;
    }
    const char *body = manifest_bytes(plan, &image->digest, &len);
    char *CLEANUP_FREE media_type = media_type_of(image, body, len);
    if (media_type && !holding->digest)
        image_entries_of_tag(&planning.entries, holding->reference, &image->digest, (int64_t)len, media_type);
    return 0;
}

/* ---- names ---- */

static bool registry_served(const struct config *config, const char *image_name)
{
    size_t len = strcspn(image_name, "/");

    for (size_t i = 0; i < config->registry_count; i++)
        if (text_equal_n(image_name, len, config->registries[i].name))
            return true;
    return false;
}

/* Names in archives are docker's: without a registry they mean docker.io, whatever the default here is. */
static char *whole_name(const char *found)
{
    const char *slash = strchr(found, '/');

    return xconcat(
        "docker:", slash && image_registry_like(found, (size_t)(slash - found)) ? "" : "docker.io/", found);
}

static int parse_name(const struct config *config, const struct foreign *foreign, const char *name,
                      struct holding *out, struct buf *error)
{
    struct buf CLEANUP_BUF problem = BUF_INIT;

    if (holding_parse(config, name, out, &problem) < 0) {
        buf_set(error, "%s: %s; give it a name with --name docker:REPOSITORY:TAG", foreign_name(foreign),
                problem.data);
        return -1;
    }
    if (registry_served(config, out->name))
        return 0;
    buf_set(error,
            "%s: nobody could pull %s: mirror.conf has no section [registry \"%.*s\"]. Add one, or give the "
            "image "
            "another name with --name docker:REPOSITORY:TAG",
            foreign_name(foreign), out->name, (int)strcspn(out->name, "/"), out->name);
    return -1;
}

static int plan_found(struct import_plan *plan, const struct import_image *image, const struct config *config,
                      const char *found, struct buf *error)
{
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    char *CLEANUP_FREE name = whole_name(found);

    if (parse_name(config, plan->foreign, name, &holding, error) < 0)
        return -1;
    if (!holding.reference)
        holding.reference = xstrdup("latest");
    return plan_named(plan, image, &holding, error);
}

/* NULL: the archive tells none, or several. */
static const char *only_tag(const struct import_image *image)
{
    if (image->tag || image->name_count != 1)
        return image->tag;
    const char *slash = strrchr(image->names[0], '/');
    const char *last = slash ? slash + 1 : image->names[0];
    const char *colon = strchr(last, ':');
    return colon && !strchr(last, '@') ? colon + 1 : NULL;
}

static int plan_given(struct import_plan *plan, const struct import_image *image, const struct config *config,
                      const char *given, bool only, struct buf *error)
{
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    const char *tag = only_tag(image);

    if (parse_name(config, plan->foreign, given, &holding, error) < 0)
        return -1;
    if (holding.reference && !only) {
        buf_set(error,
                "%s holds several images, and --name %s can name one only: leave the tag away, or import "
                "them one "
                "by one",
                foreign_name(plan->foreign), given);
        return -1;
    }
    if (!holding.reference && !tag) {
        buf_set(error, "--name %s: %s does not tell which tag is meant, so say it here: %s:TAG", given,
                foreign_name(plan->foreign), given);
        return -1;
    }
    if (!holding.reference)
        holding.reference = xstrdup(tag);
    if (!holding.digest && image_tag_valid(holding.reference, strlen(holding.reference)))
        return plan_named(plan, image, &holding, error);
    buf_set(error, "%s: \"%.200s\" is no tag; give the image one with --name docker:REPOSITORY:TAG",
            foreign_name(plan->foreign), holding.reference);
    return -1;
}

static int nameless(const struct import_plan *plan, const struct import_image *image, struct buf *error)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(&image->digest, hex);
    buf_set(error,
            "%s: the image sha256:%s has no name there%s%s: give it one with --name docker:REPOSITORY%s",
            foreign_name(plan->foreign), hex, image->tag ? " but the tag " : "", image->tag ? image->tag : "",
            image->tag ? "[:TAG]" : ":TAG");
    return -1;
}

int import_images_plan(const struct import_images *images, const struct config *config, const char *name,
                       struct import_plan *plan, struct buf *error)
{
    bool only = images->count == 1;

    for (size_t i = 0; i < images->count; i++) {
        const struct import_image *image = &images->items[i];
        int result = 0;
        if (name && (only || !image->name_count))
            result = plan_given(plan, image, config, name, only, error);
        else if (!image->name_count)
            result = nameless(plan, image, error);
        else
            for (size_t j = 0; !result && j < image->name_count; j++)
                result = plan_found(plan, image, config, image->names[j], error);
        if (result < 0)
            return -1;
    }
    return 0;
}
