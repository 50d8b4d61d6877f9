/* From lists to items, and from items to the entries that the store has for them. All that the run owns
 * begins and ends here. */
#include "admin/prefetch/plan.h"

#include <stdlib.h>
#include <string.h>

#include "admin/prefetch/images.h"
#include "admin/prefetch/lists/list.h"
#include "admin/prefetch/options.h"
#include "admin/prefetch/packages.h"
#include "admin/prefetch/source.h"
#include "base/buf.h"
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
    /* First, since its answers would go to memory that is freed below. */
    http_client_free(&prefetch->client);
    prefetch_items_free(prefetch);
    source_free(&prefetch->source);
    for (size_t i = 0; i < prefetch->wants_count; i++)
        wants_release(&prefetch->wants[i]);
    free(take_ptr(&prefetch->wants));
}

/* ---- reading lists ---- */

static struct wants *next_wants(struct prefetch *prefetch)
{
    struct wants *wants = &prefetch->wants[prefetch->wants_count++];

    wants_init(wants);
    return wants;
}

static void read_lists(struct prefetch *prefetch)
{
    const struct prefetch_options *options = prefetch->options;
    struct buf CLEANUP_BUF error = BUF_INIT;

    prefetch->wants = xcalloc(options->list_count + 1, sizeof(*prefetch->wants));
    for (size_t i = 0; i < options->list_count; i++) {
        const struct prefetch_list *list = &options->lists[i];
        struct wants *wants = next_wants(prefetch);
        wants->files_only = options->files_only;
        if (list_read(list->path, list->format, options->keep_going, wants, &error) < 0)
            prefetch_fail(prefetch, "%s", error.data);
        for (size_t k = 0; k < wants->faults.count; k++)
            prefetch_fail(prefetch, "%s", wants->faults.items[k]);
        for (size_t k = 0; k < wants->notes.count; k++)
            prefetch_note(prefetch, "%s", wants->notes.items[k]);
    }
    /* All names together are one more list: they are resolved together, as pip would. */
    struct wants *named = options->name_count ? next_wants(prefetch) : NULL;
    for (size_t i = 0; i < options->name_count; i++)
        if (list_add_name(options->names[i], named, &error) < 0)
            prefetch_fail(prefetch, "%s", error.data);
}

int prefetch_plan(struct prefetch *prefetch)
{
    bool keep_going = prefetch->options->keep_going;

    /* A fault ends the plan, unless told to keep going: nothing is fetched for half of what was asked for. */
    read_lists(prefetch);
    if (!prefetch->failures || keep_going)
        prefetch_plan_packages(prefetch);
    if (!prefetch->failures || keep_going)
        prefetch_plan_images(prefetch);
    if (prefetch_stopped(prefetch))
        prefetch_fail(prefetch, PREFETCH_INTERRUPTED);
    return prefetch_stopped(prefetch) || (prefetch->failures && !keep_going) ? -1 : 0;
}

/* ---- names in the store ---- */

static void add_entry_name(json_t *out, const char *space, const char *key)
{
    json_array_append_new(out, json_pack("{s:s, s:s}", "space", space, "key", key));
}

/* Lock files are planned without metadata, but an export needs it: pip on the other side may ask for it. */
static void add_file_entry_names(const struct prefetch *prefetch, const struct prefetch_item *item,
                                 json_t *out)
{
    struct buf CLEANUP_BUF key = BUF_INIT;
    struct file_path path;

    if (file_path_parse(item->path, strlen(item->path), &path, NULL) < 0)
        return;
    file_key_print(&path, &key);
    add_entry_name(out, SPACE_FILE, key.data);
    if (filename_is_wheel(path.filename) &&
        (!prefetch->options->held_only || source_has_metadata(prefetch->source, item->path, path.filename)))
        add_entry_name(out, SPACE_METADATA, key.data);
}

static void add_image_entry_name(const struct prefetch_item *item, const struct config *config, json_t *out)
{
    bool digest = strchr(item->reference, ':');
    char *CLEANUP_FREE name = xasprintf("docker:%s%c%s", item->image, digest ? '@' : ':', item->reference);
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    struct buf CLEANUP_BUF ignored = BUF_INIT;

    if (holding_parse(config, name, &holding, &ignored) < 0)
        return;
    char *CLEANUP_FREE key = holding_image_key(&holding);
    add_entry_name(out, item->kind == ITEM_BLOB ? SPACE_BLOB : digest ? SPACE_MANIFEST : SPACE_TAG, key);
}

json_t *prefetch_entries(const struct prefetch *prefetch, const struct config *config)
{
    json_t *out = json_array();

    source_entries(prefetch->source, out);
    for (const struct prefetch_item *item = prefetch->items; item; item = item->hh.next) {
        if (item->kind == ITEM_FILE)
            add_file_entry_names(prefetch, item, out);
        else
            add_image_entry_name(item, config, out);
    }
    return out;
}
