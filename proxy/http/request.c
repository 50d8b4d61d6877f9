/* The handlers' side of a request: its headers, and waiting for a fill. A request belongs to one worker,
 * except its waiter, which is guarded by the lock of the fill it waits for.
 *
 * A handler that waits returns, and runs again from the top when it is resumed; libmicrohttpd has no other
 * way. So request->fill remembers what the last wait was for: a handler asks request_waited_for() to tell "it
 * has just failed for us" from "not tried yet", or it would start the same fetch forever. */
#include "proxy/http/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

bool request_is_head(const struct request *request)
{
    return strcmp(request->method, "HEAD") == 0;
}

bool request_offline(const struct request *request)
{
    return request->held_only || request->site->config->server.offline;
}

void request_note_not_held(struct request *request, const char *space, const char *key)
{
    if (request->held_only)
        request->evicted = entry_was_evicted(request->proxy->store, space, key);
}

void *request_state(struct request *request, size_t size_bytes)
{
    if (!request->state)
        request->state = xcalloc(1, size_bytes);
    return request->state;
}

const char *request_header(struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct line_search {
    const char *name;
    const char **lines;
    size_t count;
    size_t max;
};

static enum MHD_Result note_line(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct line_search *search = arg;

    (void)kind;
    if (value && search->count < search->max && strcasecmp(name, search->name) == 0)
        search->lines[search->count++] = value;
    return MHD_YES;
}

size_t request_header_lines(struct request *request, const char *name, const char **lines, size_t max)
{
    struct line_search search = {.name = name, .lines = lines, .max = max};

    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, note_line, &search);
    return search.count;
}

bool request_wait(struct request *request, struct fill *fill, enum wait_for what)
{
    struct fill *earlier = request->fill;

    request->fill = fill;
    /* The request has been resumed, so its waiter is not on the list of the earlier fill. */
    if (earlier)
        shared_unref(&earlier->shared);
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&fill->lock);
    if (!fill_wait_locked(fill, &request->waiter, what))
        return false;
    /* A request that waited is a miss, whatever it is answered with. */
    request->how = HOW_MISS;
    return true;
}

bool request_waited_for(const struct request *request, const char *fill_key)
{
    return request->fill && strcmp(request->fill->key, fill_key) == 0;
}

char *request_fill_reason(struct request *request)
{
    if (!request->fill)
        return NULL;
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&request->fill->lock);
    return xstrdup_or_null(request->fill->reason);
}

void request_forget_fill(struct request *request)
{
    struct fill *fill = take_ptr(&request->fill);

    if (fill)
        shared_unref(&fill->shared);
}
