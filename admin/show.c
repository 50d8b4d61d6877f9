/* yizhan show: what is held of one project, image or list, and where it came from. The sum counts each blob
 * once, though several entries may name it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/command_line.h"
#include "admin/list_status.h"
#include "admin/operation.h"
#include "admin/operation_run.h"
#include "admin/table.h"
#include "base/digest_set.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "storage/catalog/holding.h"
#include "storage/catalog/origin.h"
#include "storage/catalog/prefetch_record.h"
#include "storage/catalog/spaces.h"
#include "storage/upkeep.h"

/* ---- the operation ---- */

struct showing {
    struct operation_call *call;
    struct digest_set *counted; /* blobs that are in `bytes` */
    int64_t entries;
    int64_t bytes;
};

static json_t *show_describe(const struct entry *entry)
{
    char *CLEANUP_FREE upstream = NULL;
    char *CLEANUP_FREE url = NULL;
    char hex[DIGEST_HEX_SIZE];

    origin_of_entry(entry, &upstream, &url);
    /* A layer has none while only its SHA-512 is known. */
    if (entry->has_digest)
        digest_hex(&entry->digest, hex);
    return json_pack("{s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:I}", "type", "entry", "space", entry->space,
                     "key", operation_text(entry->key), "sha256",
                     entry->has_digest ? json_string(hex) : json_null(), "bytes",
                     (json_int_t)entry->size_bytes, "upstream", operation_text(upstream), "url",
                     operation_text(url), "confirmed_at", (json_int_t)entry->confirmed_at_s);
}

static int show_entry(void *arg, const struct entry *entry)
{
    struct showing *showing = arg;
    struct blob_row blob = {.used_at_s = 0};
    /* By the index alone: whether the file is there and right is what `yizhan verify` finds out. */
    bool held = entry->has_digest && blob_look(showing->call->store, &entry->digest, &blob) == 0;
    json_t *object = show_describe(entry);

    json_object_set_new(object, "held", json_boolean(held));
    json_object_set_new(object, "used_at", json_integer(blob.used_at_s));
    showing->entries++;
    if (held && digest_set_add(showing->counted, &entry->digest))
        showing->bytes += blob.size_bytes;
    return showing->call->emit(showing->call->arg, object);
}

static int show_operation_run(struct operation_call *call, const json_t *arguments)
{
    const char *name = json_text_member(arguments, "name");
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    struct digest_set *CLEANUP_DIGEST_SET counted = digest_set_new();
    struct showing showing = {.call = call, .counted = counted};
    struct buf CLEANUP_BUF whole = BUF_INIT;

    if (holding_parse(call->config, name ? name : "", &holding, &call->error) < 0)
        return 1;
    holding_print(&holding, &whole);
    /* Uses are noted in memory first; without this, LAST USED is too old. */
    store_save_uses(call->store);
    int error = holding_each(call->store, &holding, show_entry, &showing);
    /* Any other value is what emit() returned: nobody listens any more, and the rest is for nobody, too. */
    if (error == -EIO)
        return operation_store_failed(call, "read the index", error);
    if (!showing.entries)
        return operation_failed(call, "nothing of %s is in the store; `yizhan ls` lists what is", whole.data);
    if (holding.kind == HOLDING_LIST && (error = list_emit(call, holding.name)) < 0 && error != -EPIPE)
        return operation_store_failed(call, "read what the list needs", error);
    call->emit(call->arg,
               json_pack("{s:s, s:s, s:I, s:I, s:I}", "type", "summary", "name", whole.data, "entries",
                         (json_int_t)showing.entries, "blobs", (json_int_t)digest_set_count(counted), "bytes",
                         (json_int_t)showing.bytes));
    return 0;
}

const struct operation show_operation = {.name = "show", .run = show_operation_run};

/* ---- for people ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static void show_print(void *table, const json_t *object)
{
    const char *space = text_of(object, "space");
    bool summary = strcmp(text_of(object, "type"), "summary") == 0;

    /* Of a list, people want to see what it needs, and not the blob that records that. */
    if (strcmp(space, SPACE_PREFETCH) == 0 || (summary && text_starts(text_of(object, "name"), "prefetch:")))
        return;
    if (strcmp(text_of(object, "type"), "list") == 0) {
        struct buf CLEANUP_BUF needs = BUF_INIT;
        list_print(object, &needs);
        printf("%s\n", needs.data);
        return;
    }
    if (summary) {
        table_print(table);
        struct buf CLEANUP_BUF text = BUF_INIT;
        text_print_size(&text, json_number_member(object, "bytes"));
        buf_add_text(&text, " in ");
        text_print_count(&text, json_number_member(object, "blobs"), "blob");
        printf("\n%s: %s\n", text_of(object, "name"), text.data);
        return;
    }
    table_text(table, space);
    table_text(table, entry_short_name(space, text_of(object, "key")));
    table_size(table, json_number_member(object, "bytes"));
    table_text(table, json_is_true(json_object_get(object, "held")) ? "yes" : "no");
    table_age(table, json_number_member(object, "used_at"));
    table_age(table, json_number_member(object, "confirmed_at"));
    /* Package files and layers have only the name of their upstream noted. */
    table_text(table, text_of(object, *text_of(object, "url") ? "url" : "upstream"));
}

static int run_show(int argc, char **argv);

const struct command show_command = {
    .name = "show",
    .arguments = COMMON_ARGUMENTS " " HOLDING_ARGUMENTS,
    .summary = "show what the store has of one project, image or list, and where it came from",
    .details = COMMON_DETAILS COMMON_CLOSING HOLDING_DETAILS
    "An image without its registry belongs to the default registry, as for clients. For a list, it says how "
    "much\n"
    "of what the list needs is in the store.\n",
    .run = run_show,
};

static int run_show(int argc, char **argv)
{
    static const struct option options[] = {COMMON_OPTIONS, {NULL, 0, NULL, 0}};
    static const char *const heads[] = {"KIND",      "NAME",           "SIZE", "HELD",
                                        "LAST USED", "LAST CONFIRMED", "FROM"};
    struct table table = {.align = "llrlrrl", .heads = heads};
    const struct printer printer = {.object = show_print, .arg = &table};
    struct command_line CLEANUP_COMMAND_LINE line = command_line_of(&show_command);

    if (command_line_options(&line, argc, argv, options, NULL))
        return EXIT_USAGE;
    if (optind == argc)
        return command_lacks(&show_command, "pypi:PROJECT, docker:IMAGE or prefetch:LIST");
    if (command_line_name(&line, argv[optind++]) < 0)
        return EXIT_USAGE;
    if (optind < argc)
        return command_surplus(&show_command, argv[optind]);
    return operation_run(&line, &show_operation, &printer);
}
