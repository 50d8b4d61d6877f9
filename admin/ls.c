/* yizhan ls: the projects and images that are held, and the prefetch lists. All of them are collected before
 * the first is sent, because each is spread over several spaces of the store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/command_line.h"
#include "admin/list_status.h"
#include "admin/operation.h"
#include "admin/operation_run.h"
#include "admin/table.h"
#include "base/json.h"
#include "base/memory.h"
#include "storage/catalog/prefetch_record.h"
#include "storage/catalog/spaces.h"
#include "storage/upkeep.h"

/* ---- the operation ---- */

/* Adds up by name: a project has files and pages, an image tags, manifests and blobs, each in a space of its
 * own. */
struct listing {
    json_t *names;
    const char *type;
    const char *count_name; /* the member that counts the entries; NULL: not counted */
    bool bytes;             /* the space's blobs count */
};

static json_t *listed(const struct listing *listing, const char *name)
{
    json_t *one = json_object_get(listing->names, name);

    if (one)
        return one;
    one = json_pack("{s:s, s:o}", "type", listing->type, "name", operation_text(name));
    /* No check: a name that is not UTF-8 still tells the sums apart, and is never printed as a key. */
    json_object_set_new_nocheck(listing->names, name, one);
    return one;
}

static void raise_by(json_t *one, const char *member, int64_t amount)
{
    json_object_set_new(one, member, json_integer(json_number_member(one, member) + amount));
}

static int add_sum(void *arg, const struct entry_sum *sum)
{
    const struct listing *listing = arg;
    json_t *one = listed(listing, sum->scope);

    if (listing->count_name)
        raise_by(one, listing->count_name, sum->entries);
    if (!listing->bytes)
        return 0;
    raise_by(one, "blobs", sum->blobs);
    raise_by(one, "bytes", sum->bytes);
    /* The latest of its spaces: a client that has the layers asks for the manifest alone. */
    if (sum->used_at_s > json_number_member(one, "used_at"))
        json_object_set_new(one, "used_at", json_integer(sum->used_at_s));
    return 0;
}

/* Pages have no scope: their key is the project. A project of which only the page is held is listed, too. */
static int ls_add_page(void *arg, const struct entry *entry)
{
    raise_by(listed(arg, entry->key), "pages", 1);
    return 0;
}

static int emit_list(void *call, const struct entry *entry)
{
    return list_emit(call, entry->key);
}

static int compare_listed_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void emit_sorted(struct operation_call *call, json_t *names)
{
    static const char *const projects[] = {"files", "pages", "blobs", "bytes", "used_at", NULL};
    static const char *const images[] = {"tags", "manifests", "blobs", "bytes", "used_at", NULL};
    const char **sorted = xcalloc(json_object_size(names) + 1, sizeof(*sorted));
    size_t count = 0;
    const char *name;
    json_t *one;

    json_object_foreach(names, name, one) sorted[count++] = name;
    qsort(sorted, count, sizeof(*sorted), compare_listed_names);
    for (size_t i = 0; i < count; i++) {
        one = json_object_get(names, sorted[i]);
        bool project = strcmp(json_text_member(one, "type"), "project") == 0;
        json_t *whole = json_pack("{s:O, s:O}", "type", json_object_get(one, "type"), "name",
                                  json_object_get(one, "name"));
        /* Every result of one type has all members, in the same order: scripts can rely on them. */
        for (const char *const *member = project ? projects : images; *member; member++)
            json_object_set_new(whole, *member, json_integer(json_number_member(one, *member)));
        if (call->emit(call->arg, whole) < 0)
            break;
    }
    free(sorted);
}

static int ls_operation_run(struct operation_call *call, const json_t *arguments)
{
    const char *which = json_text_member(arguments, "which");
    json_t *CLEANUP_JSON projects = json_object();
    json_t *CLEANUP_JSON images = json_object();
    struct listing files = {projects, "project", "files", true};
    struct listing tags = {images, "image", "tags", false};
    struct listing manifests = {images, "image", "manifests", true};
    struct listing blobs = {images, "image", NULL, true};
    int error = 0;

    /* Uses are noted in memory first; without this, LAST USED is too old. */
    store_save_uses(call->store);
    bool all = !which || strcmp(which, "all") == 0;
    if (all || strcmp(which, "pypi") == 0)
        error = entry_sum_scopes(call->store, SPACE_FILE, -1, add_sum, &files);
    if (!error && (all || strcmp(which, "pypi") == 0))
        error = entry_walk(call->store, SPACE_PAGE, "", ls_add_page, &files);
    if (!error && (all || strcmp(which, "docker") == 0))
        error = entry_sum_scopes(call->store, SPACE_TAG, -1, add_sum, &tags);
    if (!error && (all || strcmp(which, "docker") == 0))
        error = entry_sum_scopes(call->store, SPACE_MANIFEST, -1, add_sum, &manifests);
    if (!error && (all || strcmp(which, "docker") == 0))
        error = entry_sum_scopes(call->store, SPACE_BLOB, -1, add_sum, &blobs);
    if (error)
        return operation_store_failed(call, "read the index", error);
    emit_sorted(call, projects);
    emit_sorted(call, images);
    if (all || strcmp(which, "prefetch") == 0)
        error = entry_walk(call->store, SPACE_PREFETCH, "", emit_list, call);
    return error && error != -EPIPE ? operation_store_failed(call, "read what the lists need", error) : 0;
}

const struct operation ls_operation = {.name = "ls", .run = ls_operation_run};

/* ---- for people ---- */

static void ls_print(void *table, const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    bool image = strcmp(type, "image") == 0;
    bool list = strcmp(type, "list") == 0;
    char name[600]; /* a longer one is cut, for people only */

    snprintf(name, sizeof(name), "%s:%s",
             image  ? "docker"
             : list ? "prefetch"
                    : "pypi",
             json_string_value(json_object_get(object, "name")));
    table_text(table, name);
    table_number(table, json_number_member(object, image ? "tags" : list ? "needed" : "files"));
    table_number(table, json_number_member(object, list ? "held" : "blobs"));
    table_size(table, json_number_member(object, "bytes"));
    table_age(table, json_number_member(object, "used_at"));
}

static void print_end(void *table)
{
    table_print(table);
}

static int run_ls(int argc, char **argv);

const struct command ls_command = {
    .name = "ls",
    .arguments = COMMON_ARGUMENTS " [pypi | docker | prefetch | all]",
    .summary = "list the projects and images in the store, and the prefetch lists",
    .details = COMMON_DETAILS COMMON_CLOSING
    "The size is that of the files or blobs in the store. Those that two names share count for both. For a "
    "list,\n"
    "the first number is how many blobs it needs, the second how many of them are in the store.\n",
    .run = run_ls,
};

static int run_ls(int argc, char **argv)
{
    static const struct option options[] = {COMMON_OPTIONS, {NULL, 0, NULL, 0}};
    static const char *const heads[] = {"NAME", "FILES/TAGS/NEEDS", "BLOBS", "SIZE", "LAST USED"};
    struct table table = {.align = "lrrrr", .heads = heads};
    const struct printer printer = {.object = ls_print, .end = print_end, .arg = &table};
    struct command_line CLEANUP_COMMAND_LINE line = command_line_of(&ls_command);

    if (command_line_options(&line, argc, argv, options, NULL))
        return EXIT_USAGE;
    const char *which = optind < argc ? argv[optind++] : "all";
    if (optind < argc)
        return command_surplus(&ls_command, argv[optind]);
    if (strcmp(which, "pypi") != 0 && strcmp(which, "docker") != 0 && strcmp(which, "prefetch") != 0 &&
        strcmp(which, "all") != 0)
        return command_surplus(&ls_command, which);
    json_object_set_new(line.arguments, "which", json_string(which));
    return operation_run(&line, &ls_operation, &printer);
}
