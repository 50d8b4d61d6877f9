/* One thread, which looks once a second whether a section is due, and runs it. A section was last run at the
 * time of its record in the store (storage/catalog/prefetch_record.h), so that a restart does not begin
 * everything again; a run that could not leave a record is only remembered until the restart.
 *
 * The run is a client of this same server, over HTTP, so it shares the fills of all other clients; it only
 * touches the store for its record. schedule_stop() sets `stop`, which a run looks at between any two
 * steps of its client, and wakes the thread. */
#include "admin/schedule.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "admin/local_url.h"
#include "admin/prefetch/fetch.h"
#include "admin/prefetch/options.h"
#include "admin/prefetch/plan.h"
#include "admin/prefetch_report.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/string_set.h"
#include "proxy/core/proxy.h"
#include "storage/catalog/prefetch_record.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"
#include "upstreams/http_client.h"

#define LOOK_EVERY_MS 1000
#define DAY_S 86400

struct schedule_section {
    char *name;
    int64_t last_s; /* when it last began; 0: never */
    UT_hash_handle hh;
};

struct schedule {
    struct proxy *proxy;
    pthread_t thread;
    int stop_fd; /* an eventfd: readable when the thread must end */
    atomic_bool stop;
    int64_t started_s;
    struct schedule_section *sections; /* used by the thread only */
};

/* ---- when ---- */

/* The time of day of the section, `days` after `day`. Not by adding seconds: a day may have 23 or 25
 * hours. */
static int64_t time_on(const struct prefetch_config *config, const struct tm *day, int64_t days)
{
    struct tm then = {.tm_year = day->tm_year, .tm_mon = day->tm_mon, .tm_isdst = -1};

    then.tm_mday = day->tm_mday + (int)days;
    then.tm_hour = (int)strtol(config->at, NULL, 10);
    then.tm_min = (int)strtol(config->at + 3, NULL, 10);
    return (int64_t)mktime(&then);
}

int64_t schedule_due_s(const struct prefetch_config *config, int64_t last_s, int64_t started_s)
{
    struct tm day;
    time_t since = (time_t)(last_s ? last_s : started_s);

    if (!config->at)
        return last_s ? last_s + config->every_s : started_s;
    localtime_r(&since, &day);
    /* The first of the times at, at + every, at + 2 every, ... that is after the last run. */
    int64_t due_s = time_on(config, &day, 0);
    if (config->every_s % DAY_S == 0)
        return due_s > since ? due_s : time_on(config, &day, config->every_s / DAY_S);
    while (due_s > since && due_s - config->every_s > since)
        due_s -= config->every_s;
    while (due_s <= since)
        due_s += config->every_s;
    return due_s;
}

/* ---- telling the log ---- */

static void log_note(void *name, const char *text)
{
    log_info("prefetch %s: %s", (const char *)name, text);
}

static void log_plan_failure(void *name, const char *text)
{
    log_warn("prefetch %s: %s", (const char *)name, text);
}

static void ignore_total(void *name, size_t items, int64_t bytes)
{
    (void)name, (void)items, (void)bytes;
}

static void ignore_begin(void *name, struct prefetch_item *item)
{
    (void)name, (void)item;
}

static void ignore_progress(void *name, const struct prefetch_item *item, int64_t bytes)
{
    (void)name, (void)item, (void)bytes;
}

static void log_failed_item(void *name, const struct prefetch_item *item)
{
    if (item->state == ITEM_FAILED)
        log_warn("prefetch %s: %s: %s", (const char *)name, item->name, item->reason);
}

static void ignore_tick(void *name)
{
    (void)name;
}

/* ---- the record ---- */

struct need_notes {
    struct buf record;
    struct string_set *names; /* entries in the record */
};

static int note_need(void *arg, const struct prefetch_need *need)
{
    struct need_notes *notes = arg;
    char *CLEANUP_FREE name = entry_name(need->space, need->key);

    if (string_set_add(notes->names, name))
        prefetch_record_add(&notes->record, need);
    return 0;
}

/* Items that could not be fetched have no entry in the store. */
static void note_entries(struct store *store, const json_t *entries, struct need_notes *notes)
{
    struct entry_read read;
    size_t i;
    const json_t *entry;

    json_array_foreach(entries, i, entry)
    {
        struct prefetch_need need = {.space = json_text_member(entry, "space"),
                                     .key = json_text_member(entry, "key"),
                                     .has_digest = false};
        if (entry_get(store, need.space, need.key, &read) != 0)
            continue;
        need.has_digest = read.entry.has_digest;
        need.digest = read.entry.digest;
        entry_release(&read);
        note_need(notes, &need);
    }
}

/* A run that failed in part saw only part of what the section needs: the rest of the old record stays
 * needed. */
static void record_run(const struct schedule *schedule, const char *name, const struct prefetch *prefetch,
                       const struct config *config, bool whole)
{
    json_t *CLEANUP_JSON entries = prefetch_entries(prefetch, config);
    struct need_notes notes = {.record = BUF_INIT, .names = string_set_new()};
    struct store *store = schedule->proxy->store;

    note_entries(store, entries, &notes);
    if (!whole)
        (void)prefetch_record_each(store, name, note_need, &notes);
    int error = prefetch_record_put(store, name, &notes.record, NULL, NULL);
    if (error)
        log_warn(
            "prefetch %s: cannot record what it needs, so its blobs may be evicted although it is pinned: %s",
            name, strerror(-error));
    string_set_free(&notes.names);
    buf_release(&notes.record);
}

/* ---- a run ---- */

static void run_prefetch_choice(struct schedule *schedule, const char *name, struct prefetch_choice *choice,
                                const struct config *config)
{
    const struct prefetch_report report = {log_note,        log_plan_failure, ignore_total, ignore_begin,
                                           ignore_progress, log_failed_item,  ignore_tick,  false,
                                           (void *)name};
    const struct http_client_options options = {.parallel = 0};
    struct buf CLEANUP_BUF url = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF summary = BUF_INIT;
    struct http_client *client = NULL;
    struct prefetch prefetch;

    local_url_print(schedule->proxy->address, &url);
    if (http_client_new(url.data, &options, &client, &error) < 0) {
        log_error("prefetch %s: %s", name, error.data);
        return;
    }
    prefetch_init(&prefetch, &choice->options, client, &report, &schedule->stop);
    bool whole = prefetch_plan(&prefetch) == 0 && prefetch_fetch(&prefetch) == 0 && !prefetch.failures;
    prefetch_print_summary(&prefetch, &summary);
    if (!prefetch_stopped(&prefetch))
        record_run(schedule, name, &prefetch, config, whole);
    log_info("prefetch %s: %s", name, summary.data);
    prefetch_release(&prefetch);
}

static void run_section(struct schedule *schedule, const struct prefetch_config *section,
                        const struct config *config)
{
    struct prefetch_choice choice;
    struct buf CLEANUP_BUF error = BUF_INIT;

    prefetch_choice_init(&choice);
    /* One bad line must not cost the whole night. */
    choice.options.keep_going = true;
    choice.options.files_only = true;
    if (prefetch_choice_of_config(section, &choice, &error) < 0) {
        log_error("prefetch %s: %s", section->name, error.data);
    } else {
        log_info("prefetch %s: started", section->name);
        prefetch_choice_complete(&choice);
        run_prefetch_choice(schedule, section->name, &choice, config);
    }
    prefetch_choice_release(&choice);
}

/* ---- the thread ---- */

static int64_t last_record_s(struct store *store, const char *name)
{
    struct entry_read read;

    if (entry_get(store, SPACE_PREFETCH, name, &read) != 0)
        return 0;
    int64_t at_s = read.entry.confirmed_at_s;
    entry_release(&read);
    return at_s;
}

static struct schedule_section *schedule_section_of(struct schedule *schedule, const char *name)
{
    struct schedule_section *section;

    HASH_FIND_STR(schedule->sections, name, section);
    if (section)
        return section;
    section = xcalloc(1, sizeof(*section));
    section->name = xstrdup(name);
    section->last_s = last_record_s(schedule->proxy->store, name);
    HASH_ADD_KEYPTR(hh, schedule->sections, section->name, strlen(section->name), section);
    return section;
}

/* A time that was noted while the clock was ahead would otherwise be waited for. */
static void cap_time(int64_t *time_s, int64_t now_s)
{
    if (*time_s > now_s)
        *time_s = now_s;
}

static void run_due_sections(struct schedule *schedule, const struct config *config)
{
    for (size_t i = 0; i < config->prefetch_count && !atomic_load(&schedule->stop); i++) {
        const struct prefetch_config *one = &config->prefetches[i];
        struct schedule_section *section = schedule_section_of(schedule, one->name);
        int64_t now_s = clock_wall_s();
        cap_time(&section->last_s, now_s);
        cap_time(&schedule->started_s, now_s);
        if (now_s < schedule_due_s(one, section->last_s, schedule->started_s))
            continue;
        section->last_s = now_s;
        run_section(schedule, one, config);
    }
}

static void *run_schedule(void *arg)
{
    struct schedule *schedule = arg;
    struct pollfd stop = {.fd = schedule->stop_fd, .events = POLLIN};

    pthread_setname_np(pthread_self(), "schedule");
    do {
        struct site *site = site_get(schedule->proxy);
        if (!site->config->server.offline)
            run_due_sections(schedule, site->config);
        site_unref(site);
    } while (poll(&stop, 1, LOOK_EVERY_MS) <= 0);
    return NULL;
}

/* ---- start and stop ---- */

int schedule_check(const struct config *config, struct buf *error)
{
    for (size_t i = 0; i < config->prefetch_count; i++) {
        const struct prefetch_config *one = &config->prefetches[i];
        struct buf CLEANUP_BUF why = BUF_INIT;
        struct prefetch_choice choice;
        prefetch_choice_init(&choice);
        int result = prefetch_choice_of_config(one, &choice, &why);
        prefetch_choice_release(&choice);
        if (result < 0) {
            buf_set(error, "[prefetch \"%s\"]: %s", one->name, why.data);
            return -1;
        }
    }
    return 0;
}

void schedule_start(struct proxy *proxy, struct schedule **out)
{
    struct schedule *schedule = xcalloc(1, sizeof(*schedule));

    schedule->proxy = proxy;
    schedule->started_s = clock_wall_s();
    schedule->stop_fd = eventfd(0, EFD_CLOEXEC);
    CHECK(schedule->stop_fd >= 0);
    CHECK(pthread_create(&schedule->thread, NULL, run_schedule, schedule) == 0);
    *out = schedule;
}

void schedule_stop(struct schedule **schedule_)
{
    struct schedule *schedule = take_ptr(schedule_);
    uint64_t one = 1;
    struct schedule_section *section, *next;

    if (!schedule)
        return;
    atomic_store(&schedule->stop, true);
    CHECK(write(schedule->stop_fd, &one, sizeof(one)) == sizeof(one));
    pthread_join(schedule->thread, NULL);
    HASH_ITER (hh, schedule->sections, section, next) {
        HASH_DEL(schedule->sections, section);
        free(section->name);
        free(section);
    }
    close(schedule->stop_fd);
    free(schedule);
}
