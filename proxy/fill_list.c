/* /fills, for commands that show how far it is. */
#include "proxy/fill_list.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "proxy/core/fill.h"
#include "proxy/home.h"
#include "proxy/http/respond.h"

struct fill_list {
    struct buf *json;
    size_t count;
};

/* Returns false for a fill that is no blob's, or no longer under way. */
static bool look(struct fill *fill, int64_t *bytes, int64_t *of_bytes)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    if (!fill->made_for || fill->state == FILL_DONE || fill->state == FILL_FAILED)
        return false;
    *bytes = fill->stream.ready_bytes;
    *of_bytes = fill->stream.total_bytes;
    return true;
}

static void add(void *arg, struct fill *fill)
{
    struct fill_list *list = arg;
    int64_t bytes;
    int64_t of_bytes;

    if (list->count == FILLS_SHOWN_MAX || list->json->len > FILLS_SHOWN_BYTES_MAX ||
        !look(fill, &bytes, &of_bytes))
        return;
    json_t *what = json_string(fill->key);
    if (!what) /* not UTF-8 */
        return;
    char *name = json_dumps(what, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    CHECK(name);
    size_t before = list->json->len;
    buf_printf(list->json, "%s{\"what\":%s,\"bytes\":%" PRId64, list->count ? "," : "", name, bytes);
    if (of_bytes >= 0)
        buf_printf(list->json, ",\"of\":%" PRId64, of_bytes);
    buf_add_char(list->json, '}');
    free(name);
    json_decref(what);
    if (list->json->len > FILLS_SHOWN_BYTES_MAX)
        buf_truncate(list->json, before);
    else
        list->count++;
}

void fills_print(struct fills *fills, struct buf *out)
{
    struct fill_list list = {out, 0};

    buf_add_text(out, "{\"fills\":[");
    fills_each(fills, add, &list);
    buf_add_text(out, "]}\n");
}

enum MHD_Result home_fills(struct request *request)
{
    struct buf CLEANUP_BUF json = BUF_INIT;

    fills_print(request->proxy->fills, &json);
    return respond_text(request, "application/json", &json);
}
