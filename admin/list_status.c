/* No state. */
#include "admin/list_status.h"

#include <errno.h>
#include <inttypes.h>

#include "admin/operation.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "proxy/prefetch_record.h"
#include "storage/keep.h"

struct tally {
    struct store *store;
    int64_t needed;
    int64_t held;
    int64_t bytes;
    int64_t used_at_s; /* the latest */
    int error;
};

static void count(void *arg, const struct digest *digest)
{
    struct tally *tally = arg;
    struct blob_row row;
    int error = blob_look(tally->store, digest, &row);

    tally->needed++;
    if (error == -ENOENT)
        return;
    if (error) {
        tally->error = error;
        return;
    }
    tally->held++;
    tally->bytes += row.size_bytes;
    if (row.used_at_s > tally->used_at_s)
        tally->used_at_s = row.used_at_s;
}

int list_emit(struct operation_call *call, const char *name)
{
    struct tally tally = {.store = call->store};
    int error = prefetch_record_each(call->store, name, count, &tally);

    /* A record that is gone, or was evicted, notes nothing. */
    if (error && error != -ENOENT)
        return error;
    if (tally.error)
        return tally.error;
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "type", "list", "name", name, "needed",
                               (json_int_t)tally.needed, "held", (json_int_t)tally.held, "missing",
                               (json_int_t)(tally.needed - tally.held), "bytes", (json_int_t)tally.bytes,
                               "used_at", (json_int_t)tally.used_at_s);
    return call->emit(call->arg, object) < 0 ? -EPIPE : 0;
}

void list_print(const json_t *list, struct buf *out)
{
    buf_printf(out, "prefetch:%s needs ", json_string_value(json_object_get(list, "name")));
    text_print_count(out, json_number_member(list, "needed"), "blob");
    buf_printf(out, ": %" PRId64 " held (", json_number_member(list, "held"));
    text_print_size(out, json_number_member(list, "bytes"));
    buf_printf(out, "), %" PRId64 " missing", json_number_member(list, "missing"));
}
