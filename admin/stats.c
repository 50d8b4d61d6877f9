/* yizhan stats: what the server has done, and what the store holds. The server's figures are the counters of
 * this process, so they are null where no server runs; the store's are sums over the index, by space and by
 * project or image. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/command_line.h"
#include "admin/operation.h"
#include "admin/operation_run.h"
#include "admin/table.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/counters.h"
#include "base/json.h"
#include "base/text.h"
#include "proxy/core/proxy.h"
#include "storage/catalog/spaces.h"
#include "storage/upkeep.h"
#include "upstreams/upstream.h"

/* A screenful of projects, and of images; `yizhan ls` has them all. */
#define TOP 10

/* ---- the operation ---- */

static json_t *stats_of_server(const struct operation_call *call)
{
    if (!call->proxy)
        return json_null();
    /* Prefetching fetches more than it sends, and "saved -3 GiB" would look like a fault. */
    int64_t saved_bytes = counter_get(COUNTER_BYTES_SENT) - counter_get(COUNTER_UPSTREAM_BYTES);
    return json_pack("{s:s, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "address",
                     call->proxy->address, "uptime_s",
                     (json_int_t)(clock_wall_s() - call->proxy->started_at_s), "offline",
                     (int)call->config->server.offline, "requests", (json_int_t)counter_get(COUNTER_REQUESTS),
                     "hits", (json_int_t)counter_get(COUNTER_HITS), "misses",
                     (json_int_t)counter_get(COUNTER_MISSES), "stale", (json_int_t)counter_get(COUNTER_STALE),
                     "negative_hits", (json_int_t)counter_get(COUNTER_NEGATIVE_HITS), "sent_bytes",
                     (json_int_t)counter_get(COUNTER_BYTES_SENT), "fetched_bytes",
                     (json_int_t)counter_get(COUNTER_UPSTREAM_BYTES), "saved_bytes",
                     (json_int_t)(saved_bytes > 0 ? saved_bytes : 0), "fills_running",
                     (json_int_t)counter_get(COUNTER_FILLS_RUNNING), "evicted",
                     (json_int_t)counter_get(COUNTER_STORE_EVICTED));
}

static int stats_add_space(void *spaces, const struct entry_sum *sum)
{
    json_object_set_new(spaces, sum->space,
                        json_pack("{s:I, s:I, s:I}", "entries", (json_int_t)sum->entries, "blobs",
                                  (json_int_t)sum->blobs, "bytes", (json_int_t)sum->bytes));
    return 0;
}

/* A scope has entries but no bytes while its blobs are evicted: those would only fill the list. */
static int stats_add_top(void *list, const struct entry_sum *sum)
{
    if (sum->bytes)
        json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:I}", "name", operation_text(sum->scope),
                                              "blobs", (json_int_t)sum->blobs, "bytes",
                                              (json_int_t)sum->bytes, "used_at", (json_int_t)sum->used_at_s));
    return 0;
}

static void stats_add_upstream(void *list, struct upstream *upstream)
{
    json_array_append_new(list,
                          json_pack("{s:o, s:o, s:b, s:I}", "name", operation_text(upstream_name(upstream)),
                                    "url", operation_text(upstream_get_options(upstream)->base_url),
                                    "healthy", (int)upstream_healthy(upstream), "resting_ms",
                                    (json_int_t)upstream_resting_ms(upstream)));
}

static json_t *stats_of_upstreams(const struct operation_call *call)
{
    if (!call->proxy)
        return json_null();
    json_t *list = json_array();
    /* A reference of its own: a reload may put another site in force during the walk. */
    struct site *site = site_get(call->proxy);
    site_each_upstream(site, stats_add_upstream, list);
    site_unref(site);
    return list;
}

static int stats_operation_run(struct operation_call *call, const json_t *arguments)
{
    json_t *CLEANUP_JSON spaces = json_object();
    json_t *CLEANUP_JSON projects = json_array();
    json_t *CLEANUP_JSON images = json_array();
    struct store_figures figures;

    (void)arguments;
    /* Uses are noted in memory first; without this, LAST USED is too old. */
    store_save_uses(call->store);
    int error = entry_sum_spaces(call->store, stats_add_space, spaces);
    if (!error)
        error = entry_sum_scopes(call->store, SPACE_FILE, TOP, stats_add_top, projects);
    if (!error)
        /* By configs and layers alone: manifests are too small to change the order. */
        error = entry_sum_scopes(call->store, SPACE_BLOB, TOP, stats_add_top, images);
    if (error)
        return operation_store_failed(call, "read the index", error);
    store_get_figures(call->store, &figures);
    json_t *store =
        json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:O}", "path", operation_text(call->config->storage.path),
                  "blobs", (json_int_t)figures.blobs, "bytes", (json_int_t)figures.bytes, "entries",
                  (json_int_t)figures.entries, "max_size", (json_int_t)call->config->storage.max_size_bytes,
                  "min_free", (json_int_t)call->config->storage.min_free_bytes, "spaces", spaces);
    call->emit(call->arg, json_pack("{s:s, s:o, s:o, s:o, s:O, s:O}", "type", "stats", "server",
                                    stats_of_server(call), "store", store, "upstreams",
                                    stats_of_upstreams(call), "projects", projects, "images", images));
    return 0;
}

const struct operation stats_operation = {.name = "stats", .run = stats_operation_run};

/* ---- for people ---- */

static void row_add_count(struct table *table, const char *label, const json_t *object, const char *name)
{
    table_text(table, label);
    table_number(table, json_number_member(object, name));
}

static void row_add_size(struct table *table, const char *label, const json_t *object, const char *name)
{
    table_text(table, label);
    table_size(table, json_number_member(object, name));
}

static void stats_print_server(const json_t *server)
{
    struct table table = {.align = "lr"};

    /* Not zeros: "0 hits" would read as a cache that does not work. */
    if (json_is_null(server)) {
        printf("No server runs.\n");
        return;
    }
    printf("Server %s, since its start:\n", json_string_value(json_object_get(server, "address")));
    row_add_count(&table, "  requests", server, "requests");
    row_add_count(&table, "  hits", server, "hits");
    row_add_count(&table, "  misses", server, "misses");
    row_add_count(&table, "  stale", server, "stale");
    row_add_size(&table, "  sent to clients", server, "sent_bytes");
    row_add_size(&table, "  fetched from upstreams", server, "fetched_bytes");
    row_add_size(&table, "  saved", server, "saved_bytes");
    table_print(&table);
    if (json_is_true(json_object_get(server, "offline")))
        printf("Offline: no upstream is asked.\n");
}

static void stats_print_store(const json_t *store)
{
    static const char *const heads[] = {"  KIND", "ENTRIES", "BLOBS", "SIZE"};
    struct table totals = {.align = "lr"};
    struct table table = {.align = "lrrr", .heads = heads};
    const char *space;
    json_t *sum;

    printf("\nStore %s:\n", json_string_value(json_object_get(store, "path")));
    row_add_size(&totals, "  size", store, "bytes");
    row_add_size(&totals, "  of at most", store, "max_size");
    row_add_count(&totals, "  blobs", store, "blobs");
    table_print(&totals);
    json_object_foreach((json_t *)json_object_get(store, "spaces"), space, sum)
    {
        char label[64]; /* space names are ours, and short */
        snprintf(label, sizeof(label), "  %s", space);
        table_text(&table, label);
        table_number(&table, json_number_member(sum, "entries"));
        table_number(&table, json_number_member(sum, "blobs"));
        table_size(&table, json_number_member(sum, "bytes"));
    }
    table_print(&table);
}

/* Prints nothing of an empty list, not even its heads: table_print() leaves them out. */
static void stats_print_top(const char *head, const json_t *list)
{
    const char *const heads[] = {head, "BLOBS", "SIZE", "LAST USED"};
    struct table table = {.align = "lrrr", .heads = heads};
    size_t i;
    json_t *one;

    if (json_array_size(list))
        printf("\n");
    json_array_foreach(list, i, one)
    {
        table_text(&table, json_string_value(json_object_get(one, "name")));
        table_number(&table, json_number_member(one, "blobs"));
        table_size(&table, json_number_member(one, "bytes"));
        table_age(&table, json_number_member(one, "used_at"));
    }
    table_print(&table);
}

static void stats_print_upstreams(const json_t *list)
{
    static const char *const heads[] = {"UPSTREAM", "STATE", "URL"};
    struct table table = {.align = "lll", .heads = heads};
    size_t i;
    json_t *one;

    if (json_array_size(list))
        printf("\n");
    json_array_foreach(list, i, one)
    {
        table_text(&table, json_string_value(json_object_get(one, "name")));
        table_text(&table, json_is_true(json_object_get(one, "healthy")) ? "answers" : "failed lately");
        table_text(&table, json_string_value(json_object_get(one, "url")));
    }
    table_print(&table);
}

static void stats_print(void *arg, const json_t *object)
{
    (void)arg;
    stats_print_server(json_object_get(object, "server"));
    stats_print_store(json_object_get(object, "store"));
    stats_print_top("PROJECT", json_object_get(object, "projects"));
    stats_print_top("IMAGE", json_object_get(object, "images"));
    stats_print_upstreams(json_object_get(object, "upstreams"));
}

static int run_stats(int argc, char **argv);

const struct command stats_command = {
    .name = "stats",
    .arguments = COMMON_ARGUMENTS,
    .summary = "hits and misses, what the store holds, and the state of the upstreams",
    .details = COMMON_DETAILS COMMON_CLOSING "The server's figures count from its start. \"Saved\" is the "
                                             "bytes sent to clients minus the bytes fetched.\n",
    .run = run_stats,
};

static int run_stats(int argc, char **argv)
{
    static const struct option options[] = {COMMON_OPTIONS, {NULL, 0, NULL, 0}};
    static const struct printer printer = {.object = stats_print};
    struct command_line CLEANUP_COMMAND_LINE line = command_line_of(&stats_command);

    if (command_line_options(&line, argc, argv, options, NULL))
        return EXIT_USAGE;
    if (optind < argc)
        return command_surplus(&stats_command, argv[optind]);
    return operation_run(&line, &stats_operation, &printer);
}
