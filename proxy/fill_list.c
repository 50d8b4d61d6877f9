/* /fills, for commands that show progress. Runs on workers, and takes the lock of one fill at a time, so the
 * list is not of one moment. */
#include "proxy/fill_list.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/counters.h"
#include "proxy/core/fill.h"

struct fill_list {
    struct buf *json;
    size_t count;
};

/* The row of one fill, a new reference. NULL if it is not shown or no longer under way, and for names that
 * are not UTF-8. */
static json_t *fill_row(struct fill *fill)
{
    static const char *const kinds[] = {
        [FILL_KIND_FILE] = "file", [FILL_KIND_METADATA] = "metadata", [FILL_KIND_BLOB] = "blob"};

    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    const struct fill_subject *subject = &fill->subject;
    if (subject->kind == FILL_KIND_NOT_SHOWN || fill->state == FILL_DONE || fill->state == FILL_FAILED)
        return NULL;
    json_t *row = json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:I}", "kind", kinds[subject->kind], "path",
                            subject->path, "registry", subject->registry, "repository", subject->repository,
                            "digest", subject->digest, "bytes", (json_int_t)fill->stream.ready_bytes);
    if (row && fill->stream.total_bytes >= 0)
        json_object_set_new(row, "of", json_integer(fill->stream.total_bytes));
    return row;
}

static void fill_list_add(void *arg, struct fill *fill)
{
    struct fill_list *list = arg;

    if (list->count == FILLS_SHOWN_MAX || list->json->len > FILLS_SHOWN_BYTES_MAX)
        return;
    json_t *row = fill_row(fill);
    if (!row)
        return;
    char *text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);
    CHECK(text);
    if (list->json->len + strlen(text) < FILLS_SHOWN_BYTES_MAX) {
        buf_printf(list->json, "%s%s", list->count ? "," : "", text);
        list->count++;
    }
    free(text);
    json_decref(row);
}

void fills_print(struct fills *fills, struct buf *out)
{
    struct fill_list list = {out, 0};

    buf_printf(out, "{\"version\":%d,\"storing\":%" PRId64 ",\"fills\":[", FILLS_VERSION,
               counter_get(COUNTER_STORE_ORDERS));
    fills_each(fills, fill_list_add, &list);
    buf_add_text(out, "]}\n");
}
