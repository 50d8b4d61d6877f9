/* /fills: which blobs are on their way, for commands that show how far they are. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/check.h"
#include "proxy/fill.h"
#include "proxy/home.h"
#include "proxy/respond.h"

/* Clients choose the names, so the list has bounds. */
#define FILLS_SHOWN_MAX 1000
#define BYTES_MAX (256 * 1024)

struct fill_list {
    struct buf json;
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

    if (list->count == FILLS_SHOWN_MAX || list->json.len > BYTES_MAX || !look(fill, &bytes, &of_bytes))
        return;
    json_t *what = json_string(fill->key);
    if (!what) /* not UTF-8 */
        return;
    char *name = json_dumps(what, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    CHECK(name);
    size_t before = list->json.len;
    buf_printf(&list->json, "%s{\"what\":%s,\"bytes\":%" PRId64, list->count ? "," : "", name, bytes);
    if (of_bytes >= 0)
        buf_printf(&list->json, ",\"of\":%" PRId64, of_bytes);
    buf_add_char(&list->json, '}');
    free(name);
    json_decref(what);
    if (list->json.len > BYTES_MAX)
        buf_truncate(&list->json, before);
    else
        list->count++;
}

enum MHD_Result home_fills(struct request *request)
{
    struct fill_list list = {.json = BUF_INIT};

    buf_add_text(&list.json, "{\"fills\":[");
    fills_each(request->proxy->fills, add, &list);
    buf_add_text(&list.json, "]}\n");
    enum MHD_Result result = respond_text(request, "application/json", &list.json);
    buf_release(&list.json);
    return result;
}
