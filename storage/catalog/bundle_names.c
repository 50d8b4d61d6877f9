/* No state. A bundle may come from anybody: an entry whose key this program would not have made could be
 * found by no request, or worse, by one for something else. */
#include "storage/catalog/bundle_names.h"

#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "formats/python/project.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/pypi_key.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

const char *const bundle_spaces[] = {
    SPACE_MANIFEST, SPACE_TAG,  SPACE_PAGE, SPACE_JSON, SPACE_PROJECTS, SPACE_TAGS, SPACE_REFERRERS,
    SPACE_METADATA, SPACE_FILE, SPACE_BLOB, NULL};

/* Spelt as file_key_print() would: two spellings of one path would be two entries. */
static bool file_key_good(const char *key)
{
    struct buf CLEANUP_BUF printed = BUF_INIT;
    struct file_path path;

    if (file_key_parse(key, &path) < 0)
        return false;
    file_key_print(&path, &printed);
    return strcmp(printed.data, key) == 0;
}

/* "docker.io/library/nginx". */
static bool image_good(const char *name, size_t len)
{
    const char *slash = memchr(name, '/', len);
    size_t registry_len = slash ? (size_t)(slash - name) : 0;

    return slash && image_registry_like(name, registry_len) &&
           image_name_valid(slash + 1, len - registry_len - 1);
}

/* "docker.io/library/nginx@sha256:..." */
static bool image_digest_key_good(const struct entry *entry)
{
    const char *at = strchr(entry->key, '@');
    struct checksum checksum;

    if (!at || !image_good(entry->key, (size_t)(at - entry->key)) ||
        image_digest_parse(at + 1, strlen(at + 1), &checksum) < 0)
        return false;
    return !entry->has_digest || checksum.kind != HASH_SHA256 ||
           memcmp(checksum.bytes, entry->digest.bytes, sizeof(entry->digest.bytes)) == 0;
}

bool bundle_entry_good(const struct entry *entry)
{
    const char *const *space = bundle_spaces;

    while (*space && !entry_is_in(entry, *space))
        space++;
    if (!*space)
        return false;
    if (entry_is_in(entry, SPACE_FILE) || entry_is_in(entry, SPACE_METADATA))
        return file_key_good(entry->key);
    if (entry_is_in(entry, SPACE_MANIFEST) || entry_is_in(entry, SPACE_BLOB))
        return image_digest_key_good(entry);
    if (entry_is_in(entry, SPACE_TAG)) {
        const char *colon = strrchr(entry->key, ':');
        return colon && image_good(entry->key, (size_t)(colon - entry->key)) &&
               image_tag_valid(colon + 1, strlen(colon + 1));
    }
    if (entry_is_in(entry, SPACE_PAGE))
        return project_name_normalized(entry->key, strlen(entry->key));
    return true;
}

bool bundle_entry_needs_blob(const struct entry *entry)
{
    return entry->has_digest && !entry_is_in(entry, SPACE_TAG);
}
