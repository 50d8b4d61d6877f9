/* A list is judged by what its names mean now, not by the blobs of its last run. */
#include "admin/list_status.h"

#include <errno.h>
#include <inttypes.h>

#include "admin/operation.h"
#include "base/buf.h"
#include "base/digest_set.h"
#include "base/json.h"
#include "base/text.h"
#include "storage/catalog/prefetch_record.h"
#include "storage/upkeep.h"

struct tally {
    struct store *store;
    struct digest_set *seen;
    int64_t held;
    int64_t bytes;
    int64_t used_at_s; /* the latest */
};

static int tally_blob(struct tally *tally, const struct digest *digest)
{
    struct blob_row row;

    if (!digest_set_add(tally->seen, digest))
        return 0;
    int error = blob_look(tally->store, digest, &row);
    if (error)
        return error == -ENOENT ? 0 : error;
    tally->held++;
    tally->bytes += row.size_bytes;
    if (row.used_at_s > tally->used_at_s)
        tally->used_at_s = row.used_at_s;
    return 0;
}

/* Counts the blob of the entry as it is now: pages change, and tags move. */
static int tally_need(void *arg, const struct prefetch_need *need)
{
    struct tally *tally = arg;
    struct entry_read read;
    int result = 0;

    if (entry_get(tally->store, need->space, need->key, &read) != 0)
        return need->has_digest ? tally_blob(tally, &need->digest) : 0;
    if (read.entry.has_digest)
        result = tally_blob(tally, &read.entry.digest);
    entry_release(&read);
    return result;
}

int list_emit(struct operation_call *call, const char *name)
{
    struct digest_set *CLEANUP_DIGEST_SET seen = digest_set_new();
    struct tally tally = {.store = call->store, .seen = seen};
    int error = prefetch_record_each(call->store, name, tally_need, &tally);

    /* A list whose record was evicted or removed needs nothing. */
    if (error && error != -ENOENT)
        return error;
    json_int_t needed = (json_int_t)digest_set_count(seen);
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "type", "list", "name", name, "needed",
                               needed, "held", (json_int_t)tally.held, "missing", needed - tally.held,
                               "bytes", (json_int_t)tally.bytes, "used_at", (json_int_t)tally.used_at_s);
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
