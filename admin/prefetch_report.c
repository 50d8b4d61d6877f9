/* Messages go to standard error and results to standard output, so that output can be piped while bars are
 * drawn. With --json failures go to both, as whoever reads the one may not see the other. */
#include "admin/prefetch_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/operation.h"
#include "admin/progress.h"
#include "admin/table.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

static const char *const kind_names[] = {
    [ITEM_FILE] = "file", [ITEM_MANIFEST] = "manifest", [ITEM_BLOB] = "blob"};
static const char *const state_names[] = {
    [ITEM_PLANNED] = "planned", [ITEM_HELD] = "held", [ITEM_FETCHED] = "fetched", [ITEM_FAILED] = "failed"};

/* ---- JSON ---- */

static void print_json_line(json_t *object)
{
    char *CLEANUP_FREE text = json_dumps(object, JSON_COMPACT);

    if (text)
        printf("%s\n", text);
    fflush(stdout);
    json_decref(object);
}

static void print_json_text(const char *type, const char *text)
{
    print_json_line(json_pack("{s:s, s:o}", "type", type, "text", operation_text(text)));
}

static json_t *item_as_json(const struct prefetch_item *item)
{
    json_t *object =
        json_pack("{s:s, s:s, s:o, s:s, s:s}", "type", "item", "kind", kind_names[item->kind], "name",
                  operation_text(item->name), "path", item->path, "state", state_names[item->state]);

    if (item->size_bytes >= 0)
        json_object_set_new(object, "bytes", json_integer(item->size_bytes));
    if (item->reason)
        json_object_set_new(object, "reason", operation_text(item->reason));
    return object;
}

json_t *prefetch_summary(const struct prefetch *prefetch, int64_t duration_ms)
{
    struct prefetch_figures figures;

    prefetch_count(prefetch, &figures);
    json_t *object =
        json_pack("{s:s, s:I, s:I, s:I}", "type", "summary", "duration_ms", (json_int_t)duration_ms,
                  "failures", (json_int_t)prefetch->failures, "unknown_sizes", (json_int_t)figures.unsized);
    for (int i = 0; i <= ITEM_FAILED; i++) {
        char *CLEANUP_FREE bytes = xasprintf("%s_bytes", state_names[i]);
        json_object_set_new(object, state_names[i], json_integer((json_int_t)figures.count[i]));
        json_object_set_new(object, bytes, json_integer(figures.bytes[i]));
    }
    return object;
}

/* ---- calls ---- */

/* On standard error, above the bars where there are any. */
static void say_above_bars(const struct printed_report *printed, const char *who, const char *text)
{
    if (printed->progress)
        progress_say(printed->progress, "%s: %s", who, text);
    else
        fprintf(stderr, "%s: %s\n", who, text);
}

static void show_note(void *arg, const char *text)
{
    const struct printed_report *printed = arg;

    if (printed->json)
        print_json_text("note", text);
    else if (!printed->quiet)
        say_above_bars(printed, "note", text);
}

static void show_failure(void *arg, const char *text)
{
    const struct printed_report *printed = arg;

    if (printed->json)
        print_json_text("failure", text);
    char *CLEANUP_FREE who = xasprintf("yizhan %s", printed->command);
    say_above_bars(printed, who, text);
}

static void show_total(void *arg, size_t items, int64_t bytes)
{
    struct printed_report *printed = arg;

    if (!printed->report.shows_progress)
        return;
    printed->progress = progress_new(PROGRESS_AUTO, STDERR_FILENO);
    progress_total(printed->progress, (int64_t)items, bytes);
}

static void show_begin(void *arg, struct prefetch_item *item)
{
    const struct printed_report *printed = arg;

    if (printed->progress)
        item->shown = progress_begin(printed->progress, item->name, item->size_bytes);
}

/* Another client may be fetching the item before its turn has come, when it has no bar yet. */
static void show_progress(void *arg, const struct prefetch_item *item, int64_t bytes)
{
    const struct printed_report *printed = arg;

    if (printed->progress && item->shown >= 0)
        progress_update(printed->progress, item->shown, bytes, item->size_bytes);
}

static void end_bar(struct progress *progress, const struct prefetch_item *item)
{
    int64_t bytes = item->size_bytes > 0 ? item->size_bytes : 0;
    int id = item->shown < 0 ? progress_begin(progress, item->name, bytes) : item->shown;

    if (item->state == ITEM_HELD)
        progress_end(progress, id, PROGRESS_HELD, bytes, NULL);
    else
        progress_end(progress, id, item->state == ITEM_FAILED ? PROGRESS_FAILED : PROGRESS_DONE,
                     item->state == ITEM_FAILED ? 0 : bytes, item->reason);
}

static void print_failed(const struct printed_report *printed, const struct prefetch_item *item)
{
    fprintf(stderr, "yizhan %s: %s: %s\n", printed->command, item->name, item->reason);
}

static void show_end(void *arg, const struct prefetch_item *item)
{
    const struct printed_report *printed = arg;
    struct buf CLEANUP_BUF size = BUF_INIT;

    if (printed->json)
        print_json_line(item_as_json(item));
    if (printed->progress) {
        end_bar(printed->progress, item);
        return;
    }
    if (item->state == ITEM_FAILED)
        print_failed(printed, item);
    if (printed->json || printed->quiet || item->state != ITEM_FETCHED)
        return;
    text_print_size(&size, item->size_bytes);
    printf("%s  %s\n", item->name, size.data);
}

static void show_tick(void *arg)
{
    const struct printed_report *printed = arg;

    if (printed->progress)
        progress_draw(printed->progress, clock_mono_ms());
}

void printed_report_init(struct printed_report *out, const char *command, bool json, bool quiet)
{
    *out = (struct printed_report){
        .report = {show_note, show_failure, show_total, show_begin, show_progress, show_end, show_tick,
                   !json && !quiet && isatty(STDERR_FILENO), out},
        .command = command,
        .json = json,
        .quiet = quiet,
        .started_ms = clock_mono_ms(),
    };
}

void printed_report_release(struct printed_report *printed)
{
    progress_free(&printed->progress);
}

/* ---- the plan ---- */

static void print_plan(const struct prefetch *prefetch)
{
    static const char *const heads[] = {"NAME", "SIZE", "STATE"};
    struct table table = {.align = "lrl", .heads = heads};

    for (const struct prefetch_item *item = prefetch->items; item; item = item->hh.next) {
        table_text(&table, item->name);
        if (item->size_bytes < 0)
            table_text(&table, "?");
        else
            table_size(&table, item->size_bytes);
        table_text(&table, item->state == ITEM_PLANNED ? "to fetch" : state_names[item->state]);
    }
    table_print(&table);
}

void printed_report_plan(struct printed_report *printed, const struct prefetch *prefetch)
{
    if (!printed->json && !printed->quiet)
        print_plan(prefetch);
    for (const struct prefetch_item *item = prefetch->items; printed->json && item; item = item->hh.next)
        print_json_line(item_as_json(item));
    for (const struct prefetch_item *item = prefetch->items; item; item = item->hh.next)
        if (item->state == ITEM_FAILED && !item->counted) /* else it was reported while planning */
            print_failed(printed, item);
}

/* ---- the summary ---- */

static void print_state_figures(struct buf *out, const struct prefetch_figures *figures,
                                enum item_state state, const char *what)
{
    if (!figures->count[state])
        return;
    buf_printf(out, "%s%zu %s (", out->len ? ", " : "", figures->count[state], what);
    text_print_size(out, figures->bytes[state]);
    buf_add_char(out, ')');
}

void prefetch_print_summary(const struct prefetch *prefetch, struct buf *out)
{
    struct prefetch_figures figures;

    prefetch_count(prefetch, &figures);
    print_state_figures(out, &figures, ITEM_PLANNED, "to fetch");
    print_state_figures(out, &figures, ITEM_FETCHED, "fetched");
    print_state_figures(out, &figures, ITEM_HELD, "there already");
    if (figures.failed)
        buf_printf(out, "%s%zu failed", out->len ? ", " : "", figures.failed);
    if (!out->len)
        buf_add_text(out, "nothing to fetch");
}

void printed_report_summary(struct printed_report *printed, const struct prefetch *prefetch)
{
    int64_t duration_ms = clock_mono_ms() - printed->started_ms;
    struct buf CLEANUP_BUF text = BUF_INIT;

    progress_free(&printed->progress); /* so that the summary goes below the bars */
    if (printed->json)
        print_json_line(prefetch_summary(prefetch, duration_ms));
    if (printed->json || printed->quiet)
        return;
    prefetch_print_summary(prefetch, &text);
    printf("%s, %" PRId64 ".%" PRId64 " s\n", text.data, duration_ms / 1000, duration_ms / 100 % 10);
}
