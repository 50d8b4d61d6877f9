/* No state. */
#include "proxy/prefetch_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/config_value.h"
#include "base/digest_set.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/keep.h"
#include "upstreams/word_list.h"

#define TAG_PREFIX "tag "

bool prefetch_list_valid(const char *name)
{
    struct buf CLEANUP_BUF normal = BUF_INIT;

    return !config_word_expected(name, &normal);
}

/* ---- writing ---- */

struct digests {
    struct digest *items;
    size_t count;
};

static void append(void *arg, const struct digest *digest)
{
    struct digests *digests = arg;

    digests->items[digests->count++] = *digest;
}

static int compare(const void *a, const void *b)
{
    return digest_compare(a, b);
}

int prefetch_record_put(struct store *store, const char *list, const struct digest_set *needed,
                        const struct word_list *tags, void (*done)(void *arg, int error), void *arg)
{
    const struct entry entry = {
        .space = SPACE_PREFETCH, .key = list, .scope = "", .confirmed_at_s = clock_wall_s()};
    struct digest *CLEANUP_FREE items = xcalloc(digest_set_count(needed) + 1, sizeof(*items));
    struct digests digests = {items, 0};
    struct buf CLEANUP_BUF text = BUF_INIT;
    char hex[DIGEST_HEX_SIZE];

    digest_set_each(needed, append, &digests);
    qsort(items, digests.count, sizeof(*items), compare);
    for (size_t i = 0; i < digests.count; i++) {
        digest_hex(&items[i], hex);
        buf_printf(&text, "%s\n", hex);
    }
    for (size_t i = 0; tags && i < tags->count; i++)
        buf_printf(&text, TAG_PREFIX "%s\n", tags->items[i]);
    return blob_put(store, text.data, text.len, &entry, 1, done, arg);
}

/* ---- reading ---- */

/* Looked up without opening the blob as something that is used. */
static int read_record(struct store *store, const char *list, struct buf *out)
{
    struct entry_read read;
    int error = entry_get(store, SPACE_PREFETCH, list, &read);

    if (error)
        return error;
    error = read.entry.has_digest ? blob_peek(store, &read.entry.digest, PREFETCH_RECORD_MAX_BYTES, out)
                                  : -ENOENT;
    entry_release(&read);
    return error;
}

int prefetch_record_each(struct store *store, const char *list,
                         void (*visit)(void *arg, const struct digest *digest), void *arg)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct digest digest;
    size_t len;
    int error = read_record(store, list, &text);

    if (error)
        return error;
    for (const char *rest = text.data, *line; (line = text_next(&rest, '\n', &len));)
        if (digest_parse(line, len, &digest) == 0)
            visit(arg, &digest);
    return 0;
}

int prefetch_record_tags(struct store *store, const char *list, struct word_list *out)
{
    static const size_t prefix = sizeof(TAG_PREFIX) - 1;
    struct buf CLEANUP_BUF text = BUF_INIT;
    size_t len;
    int error = read_record(store, list, &text);

    if (error)
        return error;
    for (const char *rest = text.data, *line; (line = text_next(&rest, '\n', &len));)
        if (len > prefix && memcmp(line, TAG_PREFIX, prefix) == 0)
            word_list_add(out, "%.*s", (int)(len - prefix), line + prefix);
    return 0;
}
