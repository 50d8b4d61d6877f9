/* Decides which manifests and blobs of a bundle are exported, before the first blob is written. Pure.
 * Manifests are searched one by one: a bundle has few of them beside its blobs. */
#include "admin/transfer/export_pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest_set.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "formats/oci/platform.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/origin.h"
#include "storage/catalog/spaces.h"

#define NO_PLATFORM "unknown/unknown" /* attestations */

/* ---- what the content says ---- */

void export_pick_init(struct export_pick *pick, const struct bundle_content *content, const char *platform,
                      bool one)
{
    *pick = (struct export_pick){
        .content = content,
        .platform = platform,
        .one = one,
        .manifests = xcalloc(content->entry_count, sizeof(*pick->manifests)),
        .images = xcalloc(content->entry_count, sizeof(*pick->images)),
        .wanted = digest_set_new(),
    };
    for (size_t i = 0; i < content->entry_count; i++) {
        const struct entry *entry = &content->entries[i];
        if (!entry->has_digest)
            continue; /* only a layer may have none, while just its SHA-512 is known */
        if (entry_is_in(entry, SPACE_TAG))
            pick->images[pick->image_count++] = (struct picked_image){
                .name = entry->scope, .tag = image_key_reference(entry->key), .digest = entry->digest};
        /* The same manifest in two repositories has two entries. */
        if (!entry_is_in(entry, SPACE_MANIFEST) || export_pick_find(pick, &entry->digest))
            continue;
        struct origin origin = ORIGIN_INIT;
        if (origin_parse(entry->attributes, false, &origin) == 0) {
            struct picked_manifest *manifest = &pick->manifests[pick->manifest_count++];
            *manifest = (struct picked_manifest){.digest = entry->digest};
            manifest->media_type = take_ptr(&origin.content_type);
        }
        origin_release(&origin);
    }
}

void export_pick_release(struct export_pick *pick)
{
    for (size_t i = 0; i < pick->manifest_count; i++) {
        free(pick->manifests[i].media_type);
        free(pick->manifests[i].body);
        manifest_release(&pick->manifests[i].manifest);
    }
    free(pick->manifests);
    free(pick->images);
    digest_set_free(&pick->wanted);
}

struct picked_manifest *export_pick_find(const struct export_pick *pick, const struct digest *digest)
{
    for (size_t i = 0; i < pick->manifest_count; i++)
        if (digest_equal(&pick->manifests[i].digest, digest))
            return &pick->manifests[i];
    return NULL;
}

int export_pick_read(struct picked_manifest *manifest, char *body, size_t len, struct buf *error)
{
    struct buf CLEANUP_BUF problem = BUF_INIT;
    char hex[DIGEST_HEX_SIZE];

    manifest->body = body;
    manifest->len = len;
    if (manifest_parse(body, len, manifest->media_type, &manifest->manifest, &problem) == 0)
        return 0;
    digest_hex(&manifest->digest, hex);
    buf_set(error, "the manifest sha256:%s %s", hex, problem.data);
    return -1;
}

/* ---- choosing ---- */

struct choosing {
    struct export_pick *pick;
    const struct picked_image *image;
    size_t whole; /* images with all their layers */
    struct buf *notes;
    struct buf *error;
};

static bool sha256_of(const struct descriptor *descriptor, struct digest *out)
{
    if (descriptor->digest.kind != HASH_SHA256)
        return false;
    memcpy(out->bytes, descriptor->digest.bytes, sizeof(out->bytes));
    return true;
}

/* Stores and bundles name blobs by their SHA-256, so by another digest none can be found. */
static bool blob_here(const struct export_pick *pick, const struct descriptor *descriptor, struct digest *out)
{
    return sha256_of(descriptor, out) && bundle_has_blob(pick->content, out);
}

static const struct picked_manifest *find_read(const struct export_pick *pick,
                                               const struct descriptor *descriptor)
{
    struct digest digest;
    const struct picked_manifest *found =
        sha256_of(descriptor, &digest) ? export_pick_find(pick, &digest) : NULL;

    return found && found->body ? found : NULL;
}

static void print_image(const struct picked_image *image, struct buf *out)
{
    buf_printf(out, "%s%s%s", image->name, image->tag ? ":" : "", image->tag ? image->tag : "");
}

static int pick_want_blobs(struct choosing *choosing, const struct picked_manifest *manifest,
                           const char *platform)
{
    for (size_t i = 0; i < manifest->manifest.descriptor_count; i++) {
        const struct descriptor *descriptor = &manifest->manifest.descriptors[i];
        char text[IMAGE_DIGEST_SIZE];
        struct digest digest;
        if (blob_here(choosing->pick, descriptor, &digest)) {
            digest_set_add(choosing->pick->wanted, &digest);
            continue;
        }
        if (descriptor->elsewhere)
            continue;
        image_digest_print(&descriptor->digest, text);
        print_image(choosing->image, choosing->error);
        buf_printf(choosing->error,
                   ": the blob %s%s%s is not held: pull the image through the mirror first%s", text,
                   platform ? " of " : "", platform ? platform : "",
                   platform ? ", or choose another one with --platform" : "");
        return -1;
    }
    choosing->whole++;
    return 0;
}

static int pick_want(struct choosing *choosing, const struct picked_manifest *manifest, const char *platform,
                     int depth)
{
    /* Two tags may mean one image, and an index may be nested: every manifest is looked at once. */
    if (!digest_set_add(choosing->pick->wanted, &manifest->digest)) {
        choosing->whole++; /* it was whole when it came first */
        return 0;
    }
    if (manifest->manifest.kind != MANIFEST_INDEX)
        return pick_want_blobs(choosing, manifest, platform);
    for (size_t i = 0; depth < MANIFEST_MAX_LEVELS && i < manifest->manifest.descriptor_count; i++) {
        const struct descriptor *descriptor = &manifest->manifest.descriptors[i];
        const struct picked_manifest *child = find_read(choosing->pick, descriptor);
        if (child && pick_want(choosing, child, descriptor->platform, depth + 1) < 0)
            return -1;
        /* An attestation that is missing is not worth a note. A platform is: an index names many of which a
         * mirror holds those that somebody has pulled, and nobody should learn that on the far side. */
        if (child || !descriptor->platform || strcmp(descriptor->platform, NO_PLATFORM) == 0)
            continue;
        print_image(choosing->image, choosing->notes);
        buf_printf(choosing->notes, ": the image for %s is not held, and not exported\n",
                   descriptor->platform);
    }
    return 0;
}

/* Chooses the image of an index for the platform that was named; if none was, the only one that is held
 * whole. If several are, the error lists them. */
static const struct picked_manifest *choose_child(struct choosing *choosing,
                                                  const struct picked_manifest *index)
{
    const char *wanted = choosing->pick->platform;
    const struct picked_manifest *found = NULL;
    const struct picked_manifest *best = NULL; /* of those for what is wanted */
    struct buf CLEANUP_BUF held = BUF_INIT;
    struct digest digest;
    size_t count = 0;
    int best_rank = -1;

    for (size_t i = 0; i < index->manifest.descriptor_count; i++) {
        const struct descriptor *descriptor = &index->manifest.descriptors[i];
        const struct picked_manifest *child = find_read(choosing->pick, descriptor);
        if (!child || child->manifest.kind == MANIFEST_INDEX ||
            (descriptor->platform && strcmp(descriptor->platform, NO_PLATFORM) == 0))
            continue;
        /* Several variants may run on the platform that was named: the best is taken, not the first. */
        int rank = wanted && descriptor->platform ? image_platform_rank(wanted, descriptor->platform) : -1;
        if (rank > best_rank) {
            best_rank = rank;
            best = child;
        }
        bool whole = true;
        for (size_t j = 0; j < child->manifest.descriptor_count; j++)
            whole = whole && (child->manifest.descriptors[j].elsewhere ||
                              blob_here(choosing->pick, &child->manifest.descriptors[j], &digest));
        if (!whole)
            continue;
        buf_printf(&held, "%s%s", held.len ? ", " : "", descriptor->platform ? descriptor->platform : "?");
        found = child;
        count++;
    }
    if (best || (!wanted && count == 1))
        return best ? best : found;
    print_image(choosing->image, choosing->error);
    if (wanted)
        buf_printf(choosing->error, ": no image for %s is held; held are: %s", wanted,
                   held.len ? held.data : "none");
    else
        buf_printf(choosing->error,
                   count ? ": a docker archive holds one platform of an image: choose with --platform from %s"
                         : ": no image is held whole of any platform%s: pull it through the mirror first",
                   held.data);
    return NULL;
}

static int choose_image(struct choosing *choosing, struct picked_image *image)
{
    struct export_pick *pick = choosing->pick;
    const struct picked_manifest *root = export_pick_find(pick, &image->digest);

    if (!root || !root->body) {
        print_image(image, choosing->error);
        buf_add_text(choosing->error, ": its manifest is not held: pull the image through the mirror first");
        return -1;
    }
    /* Otherwise the whole index, with as many of its platforms as are held. */
    if (root->manifest.kind == MANIFEST_INDEX && (pick->platform || pick->one))
        root = choose_child(choosing, root);
    if (!root || pick_want(choosing, root, NULL, 0) < 0)
        return -1;
    image->taken = root;
    /* An index of which every platform is missing would be a layout that nothing can be run from. */
    if (choosing->whole)
        return 0;
    print_image(image, choosing->error);
    buf_add_text(choosing->error, ": no image is held of any platform: pull it through the mirror first");
    return -1;
}

static bool is_listed(const struct export_pick *pick, const struct digest *digest)
{
    for (size_t i = 0; i < pick->manifest_count; i++)
        for (size_t j = 0; j < pick->manifests[i].manifest.descriptor_count; j++) {
            struct digest child;
            if (sha256_of(&pick->manifests[i].manifest.descriptors[j], &child) &&
                digest_equal(&child, digest))
                return true;
        }
    return false;
}

int export_pick_choose(struct export_pick *pick, struct buf *notes, struct buf *error)
{
    /* Without a tag, those manifests are meant that no index of the bundle lists. Counted before the first is
     * added, as one image does not make the others named. */
    for (size_t i = 0, tags = pick->image_count; !tags && i < pick->content->entry_count; i++) {
        const struct entry *entry = &pick->content->entries[i];
        if (entry_is_in(entry, SPACE_MANIFEST) && entry->has_digest && !is_listed(pick, &entry->digest))
            pick->images[pick->image_count++] =
                (struct picked_image){.name = entry->scope, .digest = entry->digest};
    }
    if (!pick->image_count) {
        buf_set(error, "nothing is held of what is named: no image");
        return -1;
    }
    for (size_t i = 0; i < pick->image_count; i++) {
        struct choosing choosing = {pick, &pick->images[i], 0, notes, error};
        if (choose_image(&choosing, &pick->images[i]) < 0)
            return -1;
    }
    return 0;
}
