/* Plans images: which names they get here, and which manifests and blobs each name needs. Pure but for the
 * plan. The same image under two names is planned twice: entries belong to a repository, while blobs are
 * shared. */
#include "admin/transfer/import_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/digest_set.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "formats/oci/manifest.h"
#include "formats/python/project.h"
#include "storage/catalog/holding.h"
#include "storage/catalog/image_entries.h"
#include "storage/catalog/spaces.h"

/* ---- the list ---- */

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void import_images_release(struct import_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        struct import_image *image = &images->items[i];
        free_texts(image->names, image->name_count);
        free_texts(image->tags, image->tag_count);
        free(image->media_type);
    }
    free(take_ptr(&images->items));
    images->count = 0;
}

struct import_image *import_images_add(struct import_images *images, const struct digest *digest,
                                       const char *media_type)
{
    /* One image, listed once for each of its names: they are gathered. */
    for (size_t i = 0; i < images->count; i++)
        if (digest_equal(&images->items[i].digest, digest))
            return &images->items[i];
    images->items = xrealloc(images->items, (images->count + 1) * sizeof(*images->items));
    struct import_image *image = &images->items[images->count++];
    *image = (struct import_image){.digest = *digest, .media_type = xstrdup_or_null(media_type)};
    return image;
}

static void add_text(char ***texts, size_t *count, const char *text)
{
    *texts = xrealloc(*texts, (*count + 1) * sizeof(**texts));
    (*texts)[(*count)++] = xstrdup(text);
}

void import_image_add_name(struct import_image *image, const char *name)
{
    add_text(&image->names, &image->name_count, name);
}

void import_image_add_tag(struct import_image *image, const char *tag)
{
    add_text(&image->tags, &image->tag_count, tag);
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
    /* A layout names blobs by their digests; that the name is right is known only since the bytes were
     * read. */
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

static int planning_lacks(struct planning *planning, const char *what, const struct digest *digest,
                          const char *hint)
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
    /* "elsewhere": layers with URLs, such as those of Windows, which archives may lack. */
    else if (!digest_set_has(plan->needed, &digest) && !descriptor->elsewhere)
        return planning_lacks(planning, "the blob", &digest, ": save the image again");
    return 0;
}

static int plan_manifest_of_image(struct planning *planning, const struct digest *digest,
                                  const char *media_type, int depth);

/* An index often lists many platforms of which the archive has one. The others are noted, which is
 * not an error. */
static int plan_index_child(struct planning *planning, const struct descriptor *descriptor, int depth)
{
    struct digest digest;
    size_t len;

    memcpy(digest.bytes, descriptor->digest.bytes, sizeof(digest.bytes));
    if (descriptor->digest.kind == HASH_SHA256 && manifest_bytes(planning->plan, &digest, &len))
        return plan_manifest_of_image(planning, &digest, descriptor->media_type, depth + 1);
    if (descriptor->platform && strcmp(descriptor->platform, "unknown/unknown") != 0)
        buf_printf(planning->plan->notes, "%s: the image for %s is not in %s\n", planning->image_name,
                   descriptor->platform, foreign_name(planning->plan->foreign));
    return 0;
}

static int plan_manifest_of_image(struct planning *planning, const struct digest *digest,
                                  const char *media_type, int depth)
{
    struct import_plan *plan = planning->plan;
    struct buf CLEANUP_BUF problem = BUF_INIT;
    struct manifest CLEANUP_MANIFEST manifest = {0};
    size_t len;
    const char *body = manifest_bytes(plan, digest, &len);

    if (!body)
        return planning_lacks(planning, "the manifest", digest, "");
    /* Once each: a small index may list one manifest thousands of times, and indexes may share theirs. */
    if (!digest_set_add(planning->seen, digest))
        return 0;
    if (depth > MANIFEST_MAX_LEVELS || manifest_parse(body, len, media_type, &manifest, &problem) < 0) {
        buf_set(planning->error, "%s: a manifest of %s %s", foreign_name(plan->foreign), planning->image_name,
                problem.len ? problem.data : "is nested too deeply in indexes");
        return -1;
    }
    if (!import_plan_bytes(plan, digest, &len))
        import_plan_need(plan, digest);
    image_entries_of_manifest(&planning->entries, digest, (int64_t)len, &manifest);
    for (size_t i = 0; i < manifest.descriptor_count; i++) {
        const struct descriptor *descriptor = &manifest.descriptors[i];
        if ((descriptor->is_manifest ? plan_index_child(planning, descriptor, depth)
                                     : plan_blob(planning, descriptor)) < 0)
            return -1;
    }
    planning->whole += manifest.kind == MANIFEST_IMAGE;
    return 0;
}

/* The origin that `yizhan show` tells: the last part of the path, if it can stand in an entry's attributes.
 * Only that: the path says something about the machine that the import ran on. */
static const char *origin_of(const struct foreign *foreign)
{
    const char *name = foreign_name(foreign);
    const char *slash = strrchr(name, '/');
    const char *last = slash && slash[1] ? slash + 1 : name;

    return filename_valid(last, strlen(last)) ? last : "";
}

/* ---- names ---- */

struct tagged {
    char *name; /* "docker.io/library/nginx:1.27" */
    struct digest digest;
    UT_hash_handle hh;
};

/* All images under all their names. */
struct image_naming {
    struct import_plan *plan;
    const struct config *config;
    struct tagged *tags;
    struct buf *error;
};

/* Claims a tag for an image. A second image with the same tag is an error: which of them wins would depend on
 * the order. */
static int claim_tag(struct image_naming *naming, const struct import_image *image,
                     const struct holding *holding)
{
    char *CLEANUP_FREE name = xconcat(holding->name, ":", holding->reference);
    struct tagged *tagged;
    char ours[DIGEST_HEX_SIZE];
    char other[DIGEST_HEX_SIZE];

    HASH_FIND_STR(naming->tags, name, tagged);
    if (!tagged) {
        tagged = xcalloc(1, sizeof(*tagged));
        tagged->name = take_ptr(&name);
        tagged->digest = image->digest;
        HASH_ADD_KEYPTR(hh, naming->tags, tagged->name, strlen(tagged->name), tagged);
        return 0;
    }
    if (digest_equal(&tagged->digest, &image->digest))
        return 0;
    digest_hex(&tagged->digest, other);
    digest_hex(&image->digest, ours);
    buf_set(naming->error,
            "%s: %s names two images, sha256:%s and sha256:%s: save them again, each under a tag of its own",
            foreign_name(naming->plan->foreign), name, other, ours);
    return -1;
}

static int plan_named(struct image_naming *naming, const struct import_image *image,
                      const struct holding *holding)
{
    struct import_plan *plan = naming->plan;
    struct digest_set *CLEANUP_DIGEST_SET seen = digest_set_new();
    struct planning planning = {
        .plan = plan,
        .image_name = holding->name,
        .entries = {holding->name, origin_of(plan->foreign), import_plan_add_entry, plan},
        .seen = seen,
        .error = naming->error,
    };
    size_t len;

    /* A name with a digest cannot be claimed twice: it says which image it is. */
    if (!holding->digest && claim_tag(naming, image, holding) < 0)
        return -1;
    if (plan_manifest_of_image(&planning, &image->digest, image->media_type, 0) < 0)
        return -1;
    if (!planning.whole) {
        buf_set(naming->error, "%s: %s has no image of any platform in it", foreign_name(plan->foreign),
                holding->name);
        return -1;
    }
    /* Parsed again for its media type, which an index need not tell and the manifest may. */
    const char *body = manifest_bytes(plan, &image->digest, &len);
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    struct manifest CLEANUP_MANIFEST manifest = {0};
    if (!holding->digest && manifest_parse(body, len, image->media_type, &manifest, &ignored) == 0)
        image_entries_of_tag(&planning.entries, holding->reference, &image->digest, (int64_t)len,
                             manifest.media_type);
    return 0;
}

static bool registry_served(const struct config *config, const char *image_name)
{
    size_t len = strcspn(image_name, "/");

    for (size_t i = 0; i < config->registry_count; i++)
        if (text_equal_n(image_name, len, config->registries[i].name))
            return true;
    return false;
}

static int parse_name(const struct image_naming *naming, const char *name, struct holding *out)
{
    const struct foreign *foreign = naming->plan->foreign;
    struct buf CLEANUP_BUF problem = BUF_INIT;

    if (holding_parse(naming->config, name, out, &problem) < 0) {
        buf_set(naming->error, "%s: %s; give it a name with --name docker:REPOSITORY:TAG",
                foreign_name(foreign), problem.data);
        return -1;
    }
    /* It could be stored, but only the sections of mirror.conf are served, so nobody could pull it. */
    if (registry_served(naming->config, out->name))
        return 0;
    buf_set(
        naming->error,
        "%s: clients could not pull %s: mirror.conf has no section [registry \"%.*s\"]. Add one, or give the "
        "image "
        "another name with --name docker:REPOSITORY:TAG",
        foreign_name(foreign), out->name, (int)strcspn(out->name, "/"), out->name);
    return -1;
}

/* The tag in the only name of an image. NULL if it has none, or several names. */
static const char *tag_of_name(const struct import_image *image)
{
    /* Of several names, none is more the image's own than the others. */
    if (image->name_count != 1)
        return NULL;
    const char *slash = strrchr(image->names[0], '/');
    const char *last = slash ? slash + 1 : image->names[0];
    const char *colon = strchr(last, ':');
    return colon && !strchr(last, '@') ? colon + 1 : NULL;
}

static int plan_tag(struct image_naming *naming, const struct import_image *image,
                    const struct holding *repository, const char *tag)
{
    struct holding tagged = *repository;

    /* Tags come from annotations and names in the archive, which may say anything. */
    if (!repository->digest && image_tag_valid(tag, strlen(tag))) {
        tagged.reference = (char *)tag;
        return plan_named(naming, image, &tagged);
    }
    buf_set(naming->error,
            "%s: \"%.200s\" is not a valid tag; give the image one with --name docker:REPOSITORY:TAG",
            foreign_name(naming->plan->foreign), tag);
    return -1;
}

static int plan_given(struct image_naming *naming, const struct import_image *image, const char *given,
                      bool only)
{
    const struct foreign *foreign = naming->plan->foreign;
    struct buf *error = naming->error;
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    const char *tag = tag_of_name(image);
    int result = 0;

    if (parse_name(naming, given, &holding) < 0)
        return -1;
    /* All images of the archive would get the one tag. */
    if (holding.reference && !only) {
        buf_set(error,
                "%s holds several images, and --name %s can name one only: leave the tag out, or import "
                "them one by one",
                foreign_name(foreign), given);
        return -1;
    }
    if (holding.reference)
        return plan_tag(naming, image, &holding, holding.reference);
    for (size_t i = 0; !result && i < image->tag_count; i++)
        result = plan_tag(naming, image, &holding, image->tags[i]);
    if (image->tag_count)
        return result;
    /* Another repository was given, but no tag: the image keeps the one of its full name. */
    if (tag)
        return plan_tag(naming, image, &holding, tag);
    buf_set(error, "--name %s: %s does not tell which tag is meant, so say it here: %s:TAG", given,
            foreign_name(foreign), given);
    return -1;
}

static int nameless(const struct image_naming *naming, const struct import_image *image)
{
    char hex[DIGEST_HEX_SIZE];

    digest_hex(&image->digest, hex);
    buf_set(naming->error,
            "%s: the image sha256:%s has no name there%s%s: give it one with --name docker:REPOSITORY%s",
            foreign_name(naming->plan->foreign), hex, image->tag_count ? " but the tag " : "",
            image->tag_count ? image->tags[0] : "", image->tag_count ? "[:TAG]" : ":TAG");
    return -1;
}

int import_images_plan(const struct import_images *images, const struct config *config, const char *name,
                       struct import_plan *plan, struct buf *error)
{
    struct image_naming naming = {.plan = plan, .config = config, .error = error};
    struct tagged *tagged, *next;
    int result = 0;

    for (size_t i = 0; !result && i < images->count; i++) {
        const struct import_image *image = &images->items[i];
        /* With several images in the archive, --name names only those that have no name. */
        if (name && (images->count == 1 || !image->name_count))
            result = plan_given(&naming, image, name, images->count == 1);
        else if (!image->name_count)
            result = nameless(&naming, image);
        for (size_t j = 0; !result && (!name || images->count > 1) && j < image->name_count; j++) {
            struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
            const char *slash = strchr(image->names[j], '/');
            /* Names in archives are docker's: without a registry they mean docker.io, and without a tag
             * "latest", whatever the defaults are here. */
            bool registry = slash && image_registry_like(image->names[j], (size_t)(slash - image->names[j]));
            char *CLEANUP_FREE whole = xconcat("docker:", registry ? "" : "docker.io/", image->names[j]);
            result = parse_name(&naming, whole, &holding);
            if (!result && !holding.reference)
                holding.reference = xstrdup("latest");
            if (!result)
                result = plan_named(&naming, image, &holding);
        }
    }
    HASH_ITER (hh, naming.tags, tagged, next) {
        HASH_DEL(naming.tags, tagged);
        free(tagged->name);
        free(tagged);
    }
    return result;
}
