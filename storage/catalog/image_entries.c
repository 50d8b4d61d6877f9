/* No state. The entries are what the fills of tags, manifests and blobs would have put, with IMPORTED as
 * the upstream and without validators, so that the first refresh is unconditional. */
#include "storage/catalog/image_entries.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "formats/oci/image.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/origin.h"

/* The entry has a digest only where the store can find the blob by it: by SHA-256. */
struct entry image_reference_entry(const char *image_name, const char *key, const struct checksum *digest,
                                   int64_t size_bytes)
{
    struct entry entry = entry_of_bytes(SPACE_BLOB, key, image_name, "");

    entry.size_bytes = size_bytes;
    entry.has_digest = digest->kind == HASH_SHA256;
    if (entry.has_digest)
        memcpy(entry.digest.bytes, digest->bytes, sizeof(entry.digest.bytes));
    return entry;
}

/* origin.digest is printed for heads only, that is for tags: a later HEAD that says the same digest
 * confirms the tag. */
static void add_document(const struct image_entries *entries, const char *space, bool head, const char *key,
                         const char *media_type, const struct digest *digest, int64_t size_bytes)
{
    struct buf CLEANUP_BUF attributes = BUF_INIT;
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    char *CLEANUP_FREE text = xconcat("sha256:", hex);
    const struct origin origin = {
        .upstream = (char *)IMPORTED,
        .url = (char *)entries->origin,
        .content_type = (char *)media_type,
        .digest = text,
    };
    origin_print(&origin, head, &attributes);
    const struct entry entry = {
        .space = space,
        .key = key,
        .scope = entries->image_name,
        .has_digest = true,
        .digest = *digest,
        .size_bytes = size_bytes,
        .confirmed_at_s = clock_wall_s(),
        .attributes = attributes.data,
    };
    entries->add(entries->arg, &entry);
}

/* Images may have a layer twice; one entry will do. */
static bool named_before(const struct manifest *manifest, size_t which)
{
    for (size_t i = 0; i < which; i++)
        if (checksum_equal(&manifest->descriptors[i].digest, &manifest->descriptors[which].digest))
            return true;
    return false;
}

void image_entries_of_manifest(const struct image_entries *entries, const struct digest *digest,
                               int64_t size_bytes, const struct manifest *manifest)
{
    char text[IMAGE_DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];

    digest_hex(digest, hex);
    char *CLEANUP_FREE name = xconcat("sha256:", hex);
    char *CLEANUP_FREE key = image_key_of_digest(entries->image_name, name);
    add_document(entries, SPACE_MANIFEST, false, key, manifest->media_type, digest, size_bytes);
    for (size_t i = 0; i < manifest->descriptor_count; i++) {
        const struct descriptor *descriptor = &manifest->descriptors[i];
        if (descriptor->is_manifest || named_before(manifest, i))
            continue;
        image_digest_print(&descriptor->digest, text);
        char *CLEANUP_FREE blob_key = image_key_of_digest(entries->image_name, text);
        const struct entry entry =
            image_reference_entry(entries->image_name, blob_key, &descriptor->digest, descriptor->size_bytes);
        entries->add(entries->arg, &entry);
    }
}

void image_entries_of_tag(const struct image_entries *entries, const char *tag, const struct digest *digest,
                          int64_t size_bytes, const char *media_type)
{
    char *CLEANUP_FREE key = image_key_of_tag(entries->image_name, tag);

    add_document(entries, SPACE_TAG, true, key, media_type, digest, size_bytes);
}
