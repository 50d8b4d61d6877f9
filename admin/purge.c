/* yizhan purge: removes what is held under a name, or what was not used for long. By name, entries are
 * removed, and blobs go with their last entry. By age, blobs are removed with all their entries, and the
 * blobs of an image go together, by the rules of eviction (storage/catalog/image_unit.h). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/command_line.h"
#include "admin/operation.h"
#include "admin/operation_run.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/digest_set.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/core/forget.h"
#include "storage/catalog/holding.h"
#include "storage/catalog/image_unit.h"
#include "storage/catalog/spaces.h"
#include "storage/upkeep.h"

/* ---- the operation ---- */

/* Entries are noted first and removed once nothing reads the index any more. */
struct purge {
    struct operation_call *call;
    struct entry **entries;
    size_t count;
    int64_t unused_since_s;
    const struct digest_set *pinned;
    struct digest_set *gone;
    void *units; /* of image_units */
    int64_t removed_entries;
    int64_t removed_blobs;
    int64_t removed_bytes;
    int64_t in_use;
};

static int purge_note_entry(void *arg, const struct entry *entry)
{
    struct purge *purge = arg;

    /* The capacity is the next power of two, so it is full when the count is one. */
    if ((purge->count & (purge->count - 1)) == 0)
        purge->entries =
            xrealloc(purge->entries, (purge->count ? 2 * purge->count : 1) * sizeof(*purge->entries));
    /* Copied: the strings of a visit are gone when it returns. */
    purge->entries[purge->count] = xcalloc(1, sizeof(struct entry));
    *purge->entries[purge->count] =
        (struct entry){.space = xstrdup(entry->space), .key = xstrdup(entry->key)};
    purge->count++;
    return 0;
}

static void purge_forget_entries(struct purge *purge)
{
    for (size_t i = 0; i < purge->count; i++) {
        free((char *)purge->entries[i]->space);
        free((char *)purge->entries[i]->key);
        free(purge->entries[i]);
    }
    free(take_ptr(&purge->entries));
    purge->count = 0;
}

/* Otherwise a running server would continue to serve what it has in memory, or promise a blob that is
 * gone. */
static void forget_in_memory(const struct purge *purge, const struct entry *entry)
{
    if (purge->call->proxy)
        proxy_forget(purge->call->proxy, entry->space, entry->key);
}

/* -EPIPE when nobody listens any more. */
static int emit_removed(struct purge *purge, const struct entry *entry, const struct removed *removed)
{
    json_t *object = json_pack("{s:s, s:s, s:o, s:b, s:I}", "type", "removed", "space", entry->space, "key",
                               operation_text(entry->key), "blob", (int)removed->blob, "bytes",
                               (json_int_t)removed->bytes);

    return purge->call->emit(purge->call->arg, object) < 0 ? -EPIPE : 0;
}

/* Memory forgets before and after: a request in between may have read the entry into it again. */
static int purge_entry(struct purge *purge, const struct entry *entry)
{
    struct removed removed = {.blob = false};

    forget_in_memory(purge, entry);
    int error = entry_remove(purge->call->store, entry->space, entry->key, &removed);
    if (error)
        /* Somebody else removed it: eviction, or another purge. */
        return error == -ENOENT ? 0 : error;
    forget_in_memory(purge, entry);
    purge->removed_entries++;
    purge->removed_blobs += removed.blob;
    purge->removed_bytes += removed.bytes;
    return emit_removed(purge, entry, &removed);
}

static int purge_emit_summary(struct purge *purge)
{
    purge->call->emit(purge->call->arg,
                      json_pack("{s:s, s:I, s:I, s:I, s:I}", "type", "summary", "entries",
                                (json_int_t)purge->removed_entries, "blobs", (json_int_t)purge->removed_blobs,
                                "bytes", (json_int_t)purge->removed_bytes, "in_use",
                                (json_int_t)purge->in_use));
    return 0;
}

static int purge_named(struct purge *purge, const char *text)
{
    struct operation_call *call = purge->call;
    struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
    struct buf CLEANUP_BUF name = BUF_INIT;

    if (holding_parse(call->config, text, &holding, &call->error) < 0)
        return 1;
    holding_print(&holding, &name);
    /* Exclusive: what an image shares with another one stays, or that one would lose a layer. */
    int error = holding_each_exclusive(call->store, &holding, purge_note_entry, purge);
    if (error < 0)
        return operation_store_failed(call, "read the index", error);
    if (!purge->count)
        return operation_failed(call, "nothing of %s is in the store; `yizhan ls` lists what is", name.data);
    for (size_t i = 0; !error && i < purge->count && call->wanted(call->arg); i++)
        error = purge_entry(purge, purge->entries[i]);
    if (error && error != -EPIPE)
        return operation_store_failed(call, "remove an entry", error);
    return purge_emit_summary(purge);
}

/* ---- by age ---- */

/* Blobs that are removed together or not at all. */
struct purge_unit {
    const struct purge *purge;
    struct digest *digests; /* manifests first: an image that is half removed is not offered */
    size_t count;
    bool young; /* one of them was used since */
};

static int note_manifest(void *arg, const struct entry *entry)
{
    bool *manifest = arg;

    *manifest = *manifest || entry_is_in(entry, SPACE_MANIFEST);
    return *manifest;
}

static void purge_unit_add(void *arg, const struct digest *digest)
{
    struct purge_unit *unit = arg;
    const struct purge *purge = unit->purge;
    struct store *store = purge->call->store;
    struct blob_row row;
    bool manifest = false;

    if (digest_set_has(purge->pinned, digest) || digest_set_has(purge->gone, digest) ||
        blob_look(store, digest, &row) != 0)
        return;
    /* One part that was used lately keeps the whole: half an image would be of no use. */
    unit->young = unit->young || row.used_at_s > purge->unused_since_s;
    unit->digests[unit->count++] = *digest;
    (void)entry_list_naming(store, digest, note_manifest, &manifest);
    if (manifest) {
        unit->digests[unit->count - 1] = unit->digests[0];
        unit->digests[0] = *digest;
    }
}

static int purge_unit_remove(struct purge *purge, const struct purge_unit *unit)
{
    struct store *store = purge->call->store;
    struct removed *CLEANUP_FREE removed = xcalloc(unit->count + 1, sizeof(*removed));
    size_t *CLEANUP_FREE ends = xcalloc(unit->count + 1, sizeof(*ends));
    int error = 0;

    for (size_t i = 0; !error && i < unit->count; i++) {
        error = entry_list_naming(store, &unit->digests[i], purge_note_entry, purge);
        ends[i] = purge->count;
    }
    if (error)
        return error;
    /* Again with the time: a use since the rows were looked at saves the whole unit. */
    int result = blobs_remove(store, unit->digests, unit->count, purge->unused_since_s, removed);
    for (size_t i = 0; i < unit->count; i++) {
        if (!removed[i].blob)
            continue;
        digest_set_add(purge->gone, &unit->digests[i]);
        purge->removed_blobs++;
        purge->removed_bytes += removed[i].bytes;
        for (size_t j = i ? ends[i - 1] : 0; !error && j < ends[i]; j++) {
            forget_in_memory(purge, purge->entries[j]);
            purge->removed_entries++;
            error = emit_removed(purge, purge->entries[j], &removed[i]);
            removed[i] = (struct removed){.blob = false}; /* its bytes are told once */
        }
    }
    return result ? result : error;
}

/* An image goes as one, or stays: see image_units. */
static int purge_if_old(void *arg, const struct blob_row *row)
{
    struct purge *purge = arg;
    struct operation_call *call = purge->call;
    struct digest_set *CLEANUP_DIGEST_SET others = digest_set_new();

    /* The walk is by last use, so all that follow are younger. */
    if (row->used_at_s > purge->unused_since_s || !call->wanted(call->arg))
        return 1;
    if (digest_set_has(purge->pinned, &row->digest) || digest_set_has(purge->gone, &row->digest) ||
        !image_units.add(purge->units, &row->digest, purge->unused_since_s, others))
        return 0;
    digest_set_add(others, &row->digest);
    struct digest *CLEANUP_FREE digests = xcalloc(digest_set_count(others), sizeof(*digests));
    struct purge_unit unit = {purge, digests, 0, false};
    digest_set_each(others, purge_unit_add, &unit);
    if (unit.young)
        return 0;
    int error = purge_unit_remove(purge, &unit);
    purge_forget_entries(purge);
    /* Used since it was looked at, or being sent right now: the next purge may take it. */
    purge->in_use += error == -EBUSY;
    return error == -EBUSY ? 0 : error;
}

static int purge_old(struct purge *purge, int64_t older_than_s)
{
    struct operation_call *call = purge->call;
    struct digest_set *CLEANUP_DIGEST_SET pinned = digest_set_new();
    struct digest_set *CLEANUP_DIGEST_SET gone = digest_set_new();

    /* Only by age: a name on the command line is more deliberate than a pin. */
    holding_collect_pins(call->store, call->config, pinned);
    purge->pinned = pinned;
    purge->gone = gone;
    store_save_uses(call->store); /* uses are noted in memory first */
    purge->unused_since_s = clock_wall_s() - older_than_s;
    purge->units = image_units.begin(call->store);
    int error = blob_walk_by_use(call->store, purge_if_old, purge);
    image_units.end(purge->units);
    if (error < 0 && error != -EPIPE)
        return operation_store_failed(call, "remove a blob", error);
    return purge_emit_summary(purge);
}

static int purge_operation_run(struct operation_call *call, const json_t *arguments)
{
    const char *name = json_text_member(arguments, "name");
    const json_t *older_than_s = json_object_get(arguments, "older_than_s");
    struct purge purge = {.call = call};

    if (name) {
        int result = purge_named(&purge, name);
        purge_forget_entries(&purge);
        return result;
    }
    if (json_is_integer(older_than_s) && json_integer_value(older_than_s) >= 0)
        return purge_old(&purge, json_integer_value(older_than_s));
    return operation_failed(call, "purge needs a name or an age");
}

const struct operation purge_operation = {.name = "purge", .changes = true, .run = purge_operation_run};

/* ---- for people ---- */

static void purge_print(void *arg, const json_t *object)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    int64_t entries = json_number_member(object, "entries");
    int64_t in_use = json_number_member(object, "in_use");

    (void)arg;
    if (strcmp(json_string_value(json_object_get(object, "type")), "summary") != 0)
        return;
    buf_printf(&text, "removed %" PRId64 " entr%s and ", entries, entries == 1 ? "y" : "ies");
    text_print_count(&text, json_number_member(object, "blobs"), "blob");
    buf_add_text(&text, ", ");
    text_print_size(&text, json_number_member(object, "bytes"));
    if (in_use) {
        buf_add_text(&text, "; ");
        text_print_count(&text, in_use, "blob");
        buf_printf(&text, " in use stay%s", in_use == 1 ? "s" : "");
    }
    printf("%s\n", text.data);
}

static int purge_take_option(struct command_line *line, int option, const char *value)
{
    int64_t seconds;

    (void)option;
    if (command_line_age(value, &seconds) < 0)
        return command_line_bad_value(line, "--older-than", value, "a time such as 30d (s m h d)");
    json_object_set_new(line->arguments, "older_than_s", json_integer(seconds));
    return 0;
}

static int run_purge(int argc, char **argv);

const struct command purge_command = {
    .name = "purge",
    .arguments = COMMON_ARGUMENTS " " HOLDING_ARGUMENTS " | --older-than AGE",
    .summary = "remove a project or image, or content that has long been unused",
    .details = COMMON_DETAILS
    "      --older-than AGE   everything unused for this long: 30d\n" COMMON_CLOSING
    "Files that another project or image also has stay. Answers in progress are sent to their end. A name "
    "given\n"
    "here is removed even if `pin` names it; --older-than leaves alone what is pinned or in "
    "use.\n" HOLDING_DETAILS
    "Of a list, only the record of what it needs is removed: nothing is kept for it any more.\n",
    .run = run_purge,
};

static int run_purge(int argc, char **argv)
{
    static const struct option options[] = {
        COMMON_OPTIONS, {"older-than", required_argument, NULL, 256}, {NULL, 0, NULL, 0}};
    static const struct printer printer = {.object = purge_print};
    struct command_line CLEANUP_COMMAND_LINE line = command_line_of(&purge_command);

    if (command_line_options(&line, argc, argv, options, purge_take_option))
        return EXIT_USAGE;
    bool by_age = json_object_get(line.arguments, "older_than_s");
    if (optind == argc && !by_age)
        return command_lacks(&purge_command, "pypi:PROJECT, docker:IMAGE, prefetch:LIST or --older-than");
    if (!by_age && command_line_name(&line, argv[optind++]) < 0)
        return EXIT_USAGE;
    if (optind < argc)
        return command_surplus(&purge_command, argv[optind]);
    return operation_run(&line, &purge_operation, &printer);
}
