/* yizhan gc: evicts now what the limits demand, or prints what that would be. A server evicts by itself; this
 * is for stores that no server has open, and for limits that were lowered. */
#include <stdio.h>
#include <string.h>

#include "admin/command_line.h"
#include "admin/operation.h"
#include "admin/operation_run.h"
#include "admin/table.h"
#include "base/config.h"
#include "base/json.h"
#include "base/text.h"
#include "storage/catalog/spaces.h"
#include "storage/upkeep.h"

/* ---- the operation ---- */

struct gc_preview {
    struct operation_call *call;
    int64_t blobs;
    int64_t bytes;
};

static int gc_add_name(void *names, const struct entry *entry)
{
    json_array_append_new(names,
                          json_pack("{s:s, s:o}", "space", entry->space, "key", operation_text(entry->key)));
    return 0;
}

static int gc_preview_blob(void *arg, const struct blob_row *row)
{
    struct gc_preview *preview = arg;
    struct operation_call *call = preview->call;
    json_t *names = json_array();
    char hex[DIGEST_HEX_SIZE];

    digest_hex(&row->digest, hex);
    /* Names are for people: without them the size is still right. */
    (void)entry_list_naming(call->store, &row->digest, gc_add_name, names);
    preview->blobs++;
    preview->bytes += row->size_bytes;
    return call->emit(call->arg, json_pack("{s:s, s:s, s:I, s:I, s:o}", "type", "evict", "sha256", hex,
                                           "bytes", (json_int_t)row->size_bytes, "used_at",
                                           (json_int_t)row->used_at_s, "entries", names));
}

/* Being over the limits afterwards is a failure: a cron job should notice a disk that fills up with pinned
 * content. */
static int gc_finish(struct operation_call *call, bool dry_run, int64_t blobs, int64_t bytes,
                     int64_t over_bytes)
{
    struct buf CLEANUP_BUF over = BUF_INIT;

    call->emit(call->arg, json_pack("{s:s, s:b, s:I, s:I, s:I}", "type", "summary", "dry_run", (int)dry_run,
                                    "blobs", (json_int_t)blobs, "bytes", (json_int_t)bytes, "over_bytes",
                                    (json_int_t)over_bytes));
    if (!over_bytes)
        return 0;
    text_print_size(&over, over_bytes);
    return operation_failed(
        call,
        "the store %s %s over max_size or min_free: what is left is in use, pinned, or was used within "
        "`keep`; raise max_size, or free some space on that disk",
        dry_run ? "would stay" : "stays", over.data);
}

static int gc_preview(struct operation_call *call)
{
    const struct storage_config *config = &call->config->storage;
    /* From mirror.conf, not from the store: a command opens it without limits. */
    const struct store_options limits = {.max_size_bytes = config->max_size_bytes,
                                         .min_free_bytes = config->min_free_bytes,
                                         .keep_s = config->keep_s};
    struct gc_preview preview = {.call = call};
    int64_t over_bytes = store_evict_preview(call->store, &limits, gc_preview_blob, &preview);

    if (over_bytes < 0)
        return operation_store_failed(call, "read the index", (int)over_bytes);
    return gc_finish(call, true, preview.blobs, preview.bytes, over_bytes);
}

static int gc_operation_run(struct operation_call *call, const json_t *arguments)
{
    const struct storage_config *config = &call->config->storage;
    struct store_figures before;
    struct store_figures after;

    if (json_is_true(json_object_get(arguments, "dry_run")))
        return gc_preview(call);
    store_get_figures(call->store, &before);
    if (!call->proxy) { /* a server has set them already */
        store_set_keep(call->store, config->keep_s);
        store_set_limits(call->store, config->max_size_bytes, config->min_free_bytes);
    }
    /* Without clients there is nobody to rest for. */
    int64_t over_bytes = store_evict(call->store, !call->proxy);
    store_get_figures(call->store, &after);
    return gc_finish(call, false, after.evicted_blobs - before.evicted_blobs,
                     after.evicted_bytes - before.evicted_bytes, over_bytes);
}

const struct operation gc_operation = {.name = "gc", .changes = true, .run = gc_operation_run};

/* ---- for people ---- */

static void gc_print(void *table, const json_t *object)
{
    struct buf CLEANUP_BUF text = BUF_INIT;

    if (strcmp(json_string_value(json_object_get(object, "type")), "evict") == 0) {
        table_size(table, json_number_member(object, "bytes"));
        table_age(table, json_number_member(object, "used_at"));
        /* The first name of the blob, and how many more it has. */
        const json_t *entries = json_object_get(object, "entries");
        const json_t *first = json_array_get(entries, 0);
        if (first) {
            const char *space = json_string_value(json_object_get(first, "space"));
            const char *key = json_string_value(json_object_get(first, "key"));
            bool file = strcmp(space, SPACE_FILE) == 0 || strcmp(space, SPACE_METADATA) == 0;
            /* Of package files only the filename: the path is made of digests. */
            buf_printf(&text, "%s %s", space, file ? entry_short_name(space, key) : key);
        }
        if (json_array_size(entries) > 1)
            buf_printf(&text, " and %zu more", json_array_size(entries) - 1);
        table_text(table, text.data);
        return;
    }
    table_print(table);
    buf_add_text(&text, json_is_true(json_object_get(object, "dry_run")) ? "would evict " : "evicted ");
    text_print_count(&text, json_number_member(object, "blobs"), "blob");
    buf_add_text(&text, ", ");
    text_print_size(&text, json_number_member(object, "bytes"));
    printf("%s\n", text.data);
}

static int gc_take_option(struct command_line *line, int option, const char *value)
{
    (void)option, (void)value;
    json_object_set_new(line->arguments, "dry_run", json_true());
    return 0;
}

static int run_gc(int argc, char **argv);

const struct command gc_command = {
    .name = "gc",
    .arguments = COMMON_ARGUMENTS " [--dry-run]",
    .summary = "evict now what is over max_size or min_free",
    .details = COMMON_DETAILS "      --dry-run       only print what would be evicted\n" COMMON_CLOSING
                              "A server does this by itself all the time. Content unused for longest is "
                              "evicted first. What is in use or\n"
                              "named by `pin` stays; what was used within `keep` is evicted only if the disk "
                              "has less than min_free left.\n"
                              "The exit status is 1 if the store is still over its limits afterwards.\n",
    .run = run_gc,
};

static int run_gc(int argc, char **argv)
{
    static const struct option options[] = {
        COMMON_OPTIONS, {"dry-run", no_argument, NULL, 256}, {NULL, 0, NULL, 0}};
    static const char *const heads[] = {"SIZE", "LAST USED", "NAME"};
    struct table table = {.align = "rrl", .heads = heads};
    const struct printer printer = {.object = gc_print, .arg = &table};
    struct command_line CLEANUP_COMMAND_LINE line = command_line_of(&gc_command);

    if (command_line_options(&line, argc, argv, options, gc_take_option))
        return EXIT_USAGE;
    if (optind < argc)
        return command_surplus(&gc_command, argv[optind]);
    return operation_run(&line, &gc_operation, &printer);
}
