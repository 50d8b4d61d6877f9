/* The items and the telling of a run. No thread of its own: all on the one that plans and fetches, and only
 * `stop` may be set by another. */
#include "admin/prefetch/run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"

bool prefetch_stopped(const struct prefetch *prefetch)
{
    return prefetch->stop && atomic_load(prefetch->stop);
}

/* ---- telling ---- */

void prefetch_note(struct prefetch *prefetch, const char *format, ...)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    prefetch->report->note(prefetch->report->arg, text.data);
}

void prefetch_fail(struct prefetch *prefetch, const char *format, ...)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    prefetch->failures++;
    prefetch->report->failure(prefetch->report->arg, text.data);
}

/* ---- items ---- */

/* Several targets, lists and images need the same file or blob: it is fetched once. */
struct prefetch_item *prefetch_add_item(struct prefetch *prefetch, enum item_kind kind, const char *path,
                                        const char *name, int64_t size_bytes, bool *created)
{
    struct prefetch_item *item;

    HASH_FIND_STR(prefetch->items, path, item);
    if (created)
        *created = !item;
    if (item)
        return item;
    item = xcalloc(1, sizeof(*item));
    item->kind = kind;
    item->path = xstrdup(path);
    item->name = xstrdup(name);
    item->size_bytes = size_bytes;
    item->shown = -1;
    HASH_ADD_KEYPTR(hh, prefetch->items, item->path, strlen(item->path), item);
    return item;
}

void prefetch_item_fail(struct prefetch_item *item, const char *format, ...)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    item->state = ITEM_FAILED;
    free(item->reason); /* the image of two lists fails twice */
    item->reason = buf_take(&text);
}

void prefetch_items_free(struct prefetch *prefetch)
{
    struct prefetch_item *item, *next;

    HASH_ITER (hh, prefetch->items, item, next) {
        HASH_DEL(prefetch->items, item);
        free(item->path);
        free(item->name);
        free(item->image);
        free(item->reference);
        free(item->reason);
        free(item);
    }
}

void prefetch_count(const struct prefetch *prefetch, struct prefetch_figures *out)
{
    *out = (struct prefetch_figures){.failed = prefetch->failures};
    for (const struct prefetch_item *item = prefetch->items; item; item = item->hh.next) {
        out->count[item->state]++;
        /* A counted failure was also given to prefetch_fail(), so it is in prefetch->failures. */
        out->failed += item->state == ITEM_FAILED && !item->counted;
        if (item->size_bytes < 0)
            out->unsized++;
        else
            out->bytes[item->state] += item->size_bytes;
    }
}
