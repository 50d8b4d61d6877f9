/* The entries' side of store.h: reads go to a read connection, changes become orders. No state of its own.
 * put_entries() runs on the store thread. */
#include "storage/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "storage/evicted.h"
#include "storage/index.h"
#include "storage/index_read.h"
#include "storage/orders.h"
#include "storage/store_private.h"
#include "storage/store_thread.h"

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 1;
}

/* Copies the text to *at, which moves on. */
static const char *copy_text(char **at, const char *text)
{
    size_t bytes = text_bytes(text);
    char *copy = memcpy(*at, text ? text : "", bytes);

    *at += bytes;
    return copy;
}

struct entry *entry_copy(const struct entry *entries, size_t count)
{
    size_t bytes = count * sizeof(*entries);

    if (!count)
        return NULL;
    for (size_t i = 0; i < count; i++)
        bytes += text_bytes(entries[i].space) + text_bytes(entries[i].key) + text_bytes(entries[i].scope) +
                 text_bytes(entries[i].attributes);
    struct entry *copies = xmalloc(bytes);
    char *text = (char *)(copies + count);
    for (size_t i = 0; i < count; i++) {
        copies[i] = entries[i];
        copies[i].space = copy_text(&text, entries[i].space);
        copies[i].key = copy_text(&text, entries[i].key);
        copies[i].scope = copy_text(&text, entries[i].scope);
        copies[i].attributes = copy_text(&text, entries[i].attributes);
    }
    return copies;
}

int entry_get(struct store *store, const char *space, const char *key, struct entry_read *out)
{
    return index_read_entry(store->readers, space, key, out);
}

void entry_release(struct entry_read *read)
{
    free(take_ptr(&read->memory));
}

int entry_list(struct store *store, const char *space, const char *scope,
               int (*visit)(void *arg, const struct entry *entry), void *arg)
{
    return index_read_entries(store->readers, space, scope, visit, arg);
}

int entry_scopes(struct store *store, const char *space, const char *after,
                 int (*visit)(void *arg, const char *scope), void *arg)
{
    return index_read_scopes(store->readers, space, after, visit, arg);
}

/* Not waited for, so that no request is held up by the index. A change that a crash takes costs a fetch or
 * a confirmation more. Changes of one entry keep their order, since the queue does. */
static void order_entry(struct store *store, enum order_kind kind, const struct entry *entry)
{
    struct order *order = order_new(kind);

    CHECK(entry->space && entry->key);
    order->entries = entry_copy(entry, 1);
    order->entry_count = 1;
    orders_add(store->orders, order);
}

bool entry_was_evicted(struct store *store, const char *space, const char *key)
{
    return evicted_has(store->evicted, space, key);
}

void entry_put(struct store *store, const struct entry *entry)
{
    order_entry(store, ORDER_PUT_ENTRY, entry);
}

struct entries {
    const struct entry *items;
    size_t count;
};

static int entries_put_on_thread(struct store *store, void *arg)
{
    const struct entries *entries = arg;
    int error = index_begin(store->index);

    for (size_t i = 0; !error && i < entries->count; i++) {
        error = index_put_entry(store->index, &entries->items[i]);
        evicted_forget(store->evicted, entries->items[i].space, entries->items[i].key);
    }
    return store_end_transaction(store, error, false);
}

int entries_put(struct store *store, const struct entry *entries, size_t count)
{
    struct entries all = {entries, count};

    return store_call(store, entries_put_on_thread, &all);
}

void entry_confirm(struct store *store, const char *space, const char *key, int64_t confirmed_at_s)
{
    struct entry entry = {.space = space, .key = key, .confirmed_at_s = confirmed_at_s};

    order_entry(store, ORDER_CONFIRM_ENTRY, &entry);
}

void entry_delete(struct store *store, const char *space, const char *key)
{
    struct entry entry = {.space = space, .key = key};

    order_entry(store, ORDER_DELETE_ENTRY, &entry);
}
