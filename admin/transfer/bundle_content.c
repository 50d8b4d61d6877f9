/* Builds the content of a bundle in memory: for a writer from the store, for a reader from the manifest. No
 * I/O. */
#include <stdlib.h>
#include <string.h>

#include "admin/transfer/bundle.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/digest_set.h"
#include "base/memory.h"
#include "base/text.h"

/* Limits on what an entry of a hostile manifest can make us keep. The writer has the same ones: an entry that
 * they refuse is left out of the export with a message, instead of being found out at the far side. */
#define SPACE_MAX_BYTES 64
#define KEY_MAX_BYTES 8192
#define ATTRIBUTES_MAX_BYTES (64 * 1024)
#define FIRST_CAPACITY 64

void bundle_content_init(struct bundle_content *content)
{
    *content = (struct bundle_content){
        .created_at_s = clock_wall_s(), .arena = ARENA_INIT, .digests = digest_set_new()};
}

void bundle_content_release(struct bundle_content *content)
{
    /* Names in blobs and entries live in the arena, so nothing of them is freed one by one. */
    digest_set_free(&content->digests);
    free(take_ptr(&content->blobs));
    free(take_ptr(&content->entries));
    content->blob_count = content->entry_count = 0;
    arena_release(&content->arena);
}

/* Makes room for one more element in an array that has `count`. */
static void *content_grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity ? *capacity * 2 : FIRST_CAPACITY;
    return xrealloc(array, *capacity * size);
}

bool bundle_add_blob(struct bundle_content *content, const struct digest *digest, int64_t size_bytes)
{
    /* The parser has compared hostile sizes with the promised sum before; here an overflow is our own bug. */
    CHECK(size_bytes >= 0 && content->bytes <= INT64_MAX - size_bytes);
    /* Two entries may name the same bytes. A second member of that name would be a second form of the same
     * bundle. */
    if (!digest_set_add(content->digests, digest))
        return false;
    content->blobs =
        content_grow(content->blobs, content->blob_count, &content->blob_capacity, sizeof(*content->blobs));
    content->blobs[content->blob_count++] = (struct bundle_blob){*digest, size_bytes};
    content->bytes += size_bytes;
    return true;
}

bool bundle_has_blob(const struct bundle_content *content, const struct digest *digest)
{
    return digest_set_has(content->digests, digest);
}

/* ---- entries ---- */

/* lines: the text may have several, as attributes do, one attribute a line. */
static bool text_fits(const char *text, size_t max_bytes, bool lines)
{
    size_t len = strlen(text);

    /* No name that the proxy makes has any; in a log or on a terminal it would be an escape sequence. */
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && !(lines && strchr("\t\r\n", text[i]))) || text[i] == 0x7f)
            return false;
    return len <= max_bytes && text_is_utf8(text, len);
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

bool bundle_entry_fits(const struct entry *entry)
{
    return *entry->space && *entry->key && text_fits(entry->space, SPACE_MAX_BYTES, false) &&
           text_fits(entry->key, KEY_MAX_BYTES, false) &&
           text_fits(text_or_empty(entry->scope), KEY_MAX_BYTES, false) &&
           text_fits(text_or_empty(entry->attributes), ATTRIBUTES_MAX_BYTES, true) &&
           entry->size_bytes >= -1 && entry->confirmed_at_s >= 0;
}

/* Neighbouring entries mostly have the same space, scope and attributes, which are then kept once. */
static const char *content_share(struct bundle_content *content, const char *text, const char *neighbour)
{
    return neighbour && strcmp(text, neighbour) == 0 ? neighbour : arena_strdup(&content->arena, text);
}

void bundle_add_entry(struct bundle_content *content, const struct entry *entry)
{
    const struct entry *last = content->entry_count ? &content->entries[content->entry_count - 1] : NULL;
    struct entry copy = *entry;

    CHECK(bundle_entry_fits(entry));
    copy.space = content_share(content, entry->space, last ? last->space : NULL);
    copy.scope = content_share(content, text_or_empty(entry->scope), last ? last->scope : NULL);
    copy.attributes =
        content_share(content, text_or_empty(entry->attributes), last ? last->attributes : NULL);
    copy.key = arena_strdup(&content->arena, entry->key);
    content->entries = content_grow(content->entries, content->entry_count, &content->entry_capacity,
                                    sizeof(*content->entries));
    content->entries[content->entry_count++] = copy;
}
