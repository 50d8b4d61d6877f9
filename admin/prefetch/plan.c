/* What a run of prefetching has: lists, items, notes and failures. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "admin/prefetch/prefetch.h"
#include "base/config.h"
#include "base/json.h"
#include "base/memory.h"
#include "formats/python/project.h"
#include "storage/catalog/holding.h"
#include "storage/catalog/pypi_key.h"
#include "storage/catalog/spaces.h"
#include "upstreams/http_client.h"

void prefetch_init(struct prefetch *prefetch, const struct prefetch_options *options,
                   struct http_client *client, const struct prefetch_report *report, const atomic_bool *stop)
{
    *prefetch = (struct prefetch){.options = options, .client = client, .report = report, .stop = stop};
    prefetch->source = source_new(prefetch);
}

void prefetch_release(struct prefetch *prefetch)
{
    struct item *item, *next;

    /* First, since answers go to what is freed below. */
    http_client_free(&prefetch->client);
    HASH_ITER (hh, prefetch->items, item, next) {
        HASH_DEL(prefetch->items, item);
        free(item->path);
        free(item->name);
        free(item->image);
        free(item->reference);
        free(item->reason);
        free(item);
    }
    source_free(&prefetch->source);
    for (size_t i = 0; i < prefetch->wants_count; i++)
        wants_release(&prefetch->wants[i]);
    free(take_ptr(&prefetch->wants));
}

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

struct item *prefetch_item(struct prefetch *prefetch, enum item_kind kind, const char *path, const char *name,
                           int64_t size_bytes, bool *created)
{
    struct item *item;

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

void item_fail(struct item *item, const char *format, ...)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    item->state = ITEM_FAILED;
    free(item->reason);
    item->reason = buf_take(&text);
}

void prefetch_count(const struct prefetch *prefetch, struct prefetch_figures *out)
{
    *out = (struct prefetch_figures){.failed = prefetch->failures};
    for (const struct item *item = prefetch->items; item; item = item->hh.next) {
        out->count[item->state]++;
        out->failed += item->state == ITEM_FAILED && !item->counted;
        if (item->size_bytes < 0)
            out->unsized++;
        else
            out->bytes[item->state] += item->size_bytes;
    }
}

/* ---- reading lists ---- */

static struct wants *next_wants(struct prefetch *prefetch)
{
    struct wants *wants = &prefetch->wants[prefetch->wants_count++];

    wants_init(wants);
    return wants;
}

static void read_list(struct prefetch *prefetch, const struct prefetch_list *list)
{
    struct wants *wants = next_wants(prefetch);
    struct buf CLEANUP_BUF error = BUF_INIT;

    wants->files_only = prefetch->options->files_only;
    if (list_read(list->path, list->format, prefetch->options->keep_going, wants, &error) < 0)
        prefetch_fail(prefetch, "%s", error.data);
    for (size_t i = 0; i < wants->faults.count; i++)
        prefetch_fail(prefetch, "%s", wants->faults.items[i]);
    for (size_t i = 0; i < wants->notes.count; i++)
        prefetch_note(prefetch, "%s", wants->notes.items[i]);
}

static void read_names(struct prefetch *prefetch)
{
    struct wants *wants = next_wants(prefetch);
    struct buf CLEANUP_BUF error = BUF_INIT;

    for (size_t i = 0; i < prefetch->options->name_count; i++)
        if (list_add_name(prefetch->options->names[i], wants, &error) < 0)
            prefetch_fail(prefetch, "%s", error.data);
}

static void read_lists(struct prefetch *prefetch)
{
    prefetch->wants = xcalloc(prefetch->options->list_count + 1, sizeof(*prefetch->wants));
    for (size_t i = 0; i < prefetch->options->list_count; i++)
        read_list(prefetch, &prefetch->options->lists[i]);
    if (prefetch->options->name_count)
        read_names(prefetch);
}

int prefetch_plan(struct prefetch *prefetch)
{
    bool keep_going = prefetch->options->keep_going;

    read_lists(prefetch);
    if (!prefetch->failures || keep_going)
        prefetch_plan_pypi(prefetch);
    if (!prefetch->failures || keep_going)
        prefetch_plan_images(prefetch);
    if (prefetch_stopped(prefetch))
        prefetch_fail(prefetch, PREFETCH_INTERRUPTED);
    return prefetch_stopped(prefetch) || (prefetch->failures && !keep_going) ? -1 : 0;
}

/* ---- names in the store ---- */

static void add_entry(json_t *out, const char *space, const char *key)
{
    json_array_append_new(out, json_pack("{s:s, s:s}", "space", space, "key", key));
}

/* Of a wheel nobody may have asked for the metadata: what is exported shall have it all the same. */
static void add_file_entries(const struct prefetch *prefetch, const struct item *item, json_t *out)
{
    struct buf CLEANUP_BUF key = BUF_INIT;
    struct file_path path;

    if (file_path_parse(item->path, strlen(item->path), &path, NULL) < 0)
        return;
    file_key_print(&path, &key);
    add_entry(out, SPACE_FILE, key.data);
    if (filename_is_wheel(path.filename) &&
        (!prefetch->options->held_only || source_has_metadata(prefetch->source, item->path, path.filename)))
        add_entry(out, SPACE_METADATA, key.data);
}

static void add_image_entry(const struct item *item, const struct config *config, json_t *out)
{
    bool digest = strchr(item->reference, ':');
    char *CLEANUP_FREE name = xasprintf("docker:%s%c%s", item->image, digest ? '@' : ':', item->reference);
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    struct buf CLEANUP_BUF ignored = BUF_INIT;

    if (holding_parse(config, name, &holding, &ignored) < 0)
        return;
    char *CLEANUP_FREE key = holding_image_key(&holding);
    add_entry(out, item->kind == ITEM_BLOB ? SPACE_BLOB : digest ? SPACE_MANIFEST : SPACE_TAG, key);
}

json_t *prefetch_entries(const struct prefetch *prefetch, const struct config *config)
{
    json_t *out = json_array();

    source_entries(prefetch->source, out);
    for (const struct item *item = prefetch->items; item; item = item->hh.next) {
        if (item->kind == ITEM_FILE)
            add_file_entries(prefetch, item, out);
        else
            add_image_entry(item, config, out);
    }
    return out;
}
