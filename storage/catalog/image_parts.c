/* State: struct part_walk, for one call. Manifests come from registries and bundles, so nothing here trusts
 * them: an index may name itself, or name others a million times. Depth and bytes are bounded, and a
 * manifest that cannot be read or parsed has no parts. */
#include "storage/catalog/image_parts.h"

#include <string.h>

#include "base/buf.h"
#include "base/digest_set.h"
#include "storage/upkeep.h"

/* An index may list others again and again: the bytes that are read have a limit, to which each reading
 * counts a fee, since a small file costs as much. */
#define READ_MAX_BYTES (8 * 1024 * 1024)
#define READ_FEE_BYTES 4096

struct part_walk {
    struct store *store;
    void (*visit)(void *arg, const struct digest *digest);
    void *arg;
    int64_t left_bytes; /* that may be read */
    bool read;          /* one was held */
};

static void walk_manifest(struct part_walk *walk, const struct manifest *manifest, int depth);

/* Calls visit() also where the manifest is not held: its digest is a part anyway. The media type is
 * unknown here, so manifest_parse() goes by what the body says. */
static void walk_held(struct part_walk *walk, const struct digest *digest, int depth)
{
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    struct manifest manifest;

    walk->visit(walk->arg, digest);
    if (depth > MANIFEST_MAX_LEVELS || walk->left_bytes <= 0)
        return;
    walk->left_bytes -= READ_FEE_BYTES;
    if (blob_peek(walk->store, digest, MANIFEST_MAX_BYTES, &body) < 0)
        return;
    walk->read = true;
    walk->left_bytes -= (int64_t)body.len;
    if (manifest_parse(body.data, body.len, "", &manifest, &ignored) < 0)
        return;
    walk_manifest(walk, &manifest, depth);
    manifest_release(&manifest);
}

static void walk_manifest(struct part_walk *walk, const struct manifest *manifest, int depth)
{
    for (size_t i = 0; i < manifest->descriptor_count; i++) {
        const struct descriptor *descriptor = &manifest->descriptors[i];
        struct digest digest;
        if (descriptor->digest.kind != HASH_SHA256)
            continue;
        memcpy(digest.bytes, descriptor->digest.bytes, sizeof(digest.bytes));
        if (descriptor->is_manifest)
            walk_held(walk, &digest, depth + 1);
        else
            walk->visit(walk->arg, &digest);
    }
}

void image_part_add(void *set, const struct digest *digest)
{
    digest_set_add(set, digest);
}

void image_walk_parts(struct store *store, const struct manifest *manifest,
                      void (*visit)(void *arg, const struct digest *digest), void *arg)
{
    struct part_walk walk = {store, visit, arg, READ_MAX_BYTES, false};

    walk_manifest(&walk, manifest, 0);
}

void image_walk(struct store *store, const struct digest *digest,
                void (*visit)(void *arg, const struct digest *digest), void *arg)
{
    struct part_walk walk = {store, visit, arg, READ_MAX_BYTES, false};

    walk_held(&walk, digest, 0);
}

bool image_walk_children(struct store *store, const struct digest *digest,
                         void (*visit)(void *arg, const struct digest *digest), void *arg)
{
    struct part_walk walk = {store, visit, arg, READ_MAX_BYTES, false};

    walk_held(&walk, digest, MANIFEST_MAX_LEVELS);
    return walk.read;
}
