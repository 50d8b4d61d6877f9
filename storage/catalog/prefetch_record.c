/* No state. Keys have no line breaks (they are paths, project and image names), so a line is an entry;
 * lines of another form, of a later version, are skipped. */
#include "storage/catalog/prefetch_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/config_value.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/upkeep.h"

bool prefetch_list_valid(const char *name)
{
    struct buf CLEANUP_BUF normal = BUF_INIT;

    return !config_word_expected(name, &normal);
}

/* ---- writing ---- */

void prefetch_record_add(struct buf *record, const struct prefetch_need *need)
{
    char hex[DIGEST_HEX_SIZE] = "-";

    if (need->has_digest)
        digest_hex(&need->digest, hex);
    buf_printf(record, "%s %s %s\n", hex, need->space, need->key);
}

int prefetch_record_put(struct store *store, const char *list, const struct buf *record,
                        void (*done)(void *arg, int error), void *arg)
{
    const struct entry entry = {
        .space = SPACE_PREFETCH, .key = list, .scope = "", .confirmed_at_s = clock_wall_s()};

    return blob_put(store, record->data, record->len, &entry, 1, done, arg);
}

/* ---- reading ---- */

/* By blob_peek(): a record that is only looked at grows old like any blob. */
static int record_read(struct store *store, const char *list, struct buf *out)
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
                         int (*visit)(void *arg, const struct prefetch_need *need), void *arg)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    size_t len;
    int result = record_read(store, list, &text);

    for (const char *rest = text.data, *line; !result && (line = text_next(&rest, '\n', &len));) {
        char *CLEANUP_FREE copy = xstrndup(line, len);
        char *space = strchr(copy, ' ');
        char *key = space ? strchr(space + 1, ' ') : NULL;
        if (!key)
            continue;
        *space = *key = '\0';
        struct prefetch_need need = {.space = space + 1, .key = key + 1};
        need.has_digest = digest_parse(copy, strlen(copy), &need.digest) == 0;
        result = visit(arg, &need);
    }
    return result;
}
