/* One run of prefetching: what was found to be needed (items), what is told on the way (notes, failures,
 * progress), and whether to stop. The parts of prefetching share it; plan.h begins and ends it. */
#ifndef ADMIN_PREFETCH_RUN_H
#define ADMIN_PREFETCH_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

struct http_client;
struct prefetch_options;
struct source;
struct wants;

/* ---- items ---- */

enum item_kind { ITEM_FILE, ITEM_MANIFEST, ITEM_BLOB };
enum item_state { ITEM_PLANNED, ITEM_HELD, ITEM_FETCHED, ITEM_FAILED };

struct prefetch_item {
    enum item_kind kind;
    char *path;         /* where a Yizhan serves it */
    char *name;         /* for people */
    char *image;        /* of manifests and blobs, as it was written: "nginx", "ghcr.io/owner/app" */
    char *reference;    /* a manifest's tag or digest, a blob's digest */
    int64_t size_bytes; /* -1: unknown */
    enum item_state state;
    char *reason; /* why it failed */
    bool counted; /* its failure is one of prefetch->failures already */
    int shown;    /* the report's: the id of its bar; -1: it has none */
    UT_hash_handle hh;
};

/* ---- telling ---- */

/* Told what happens, by calls from prefetch_plan() and prefetch_fetch(). */
struct prefetch_report {
    void (*note)(void *arg, const char *text);
    /* Something that was wanted cannot be fetched; may have several lines. */
    void (*failure)(void *arg, const char *text);
    /* Before the first item is fetched. */
    void (*total)(void *arg, size_t items, int64_t bytes);
    void (*begin)(void *arg, struct prefetch_item *item);
    /* How much of it has come; before its begin() if another client is fetching it already. */
    void (*progress)(void *arg, const struct prefetch_item *item, int64_t bytes);
    void (*end)(void *arg, const struct prefetch_item *item);
    /* Several times a second. */
    void (*tick)(void *arg);
    bool shows_progress;
    void *arg;
};

/* One thread, which asks and waits; only `stop` is set by others. */
struct prefetch {
    const struct prefetch_options *options;
    struct http_client *client; /* NULL: given up, since requests without an answer were still under way */
    const struct prefetch_report *report;
    const atomic_bool *stop; /* may be NULL */
    struct wants *wants;     /* one for each list, and one for the names: each is resolved by itself */
    size_t wants_count;
    struct source *source;
    struct prefetch_item *items; /* by path, in the order of planning */
    size_t failures;             /* reported while planning */
};

/* Why items fail then, and those that are not held where nothing may be fetched. */
#define PREFETCH_INTERRUPTED "interrupted; the next run continues from here"
#define PREFETCH_NOT_HELD "it is not in the store: first `yizhan prefetch` with the same lists and options"

bool prefetch_stopped(const struct prefetch *prefetch);
void prefetch_note(struct prefetch *prefetch, const char *format, ...) __attribute__((format(printf, 2, 3)));
void prefetch_fail(struct prefetch *prefetch, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns the item of that path, new or not; `created` may be NULL. Strings are copied. */
struct prefetch_item *prefetch_add_item(struct prefetch *prefetch, enum item_kind kind, const char *path,
                                        const char *name, int64_t size_bytes, bool *created);
void prefetch_item_fail(struct prefetch_item *item, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void prefetch_items_free(struct prefetch *prefetch);

struct prefetch_figures {
    size_t count[ITEM_FAILED + 1]; /* by state */
    int64_t bytes[ITEM_FAILED + 1];
    size_t unsized; /* items of unknown size, which are not in bytes */
    size_t failed;  /* items that failed and failures of planning, each once */
};
void prefetch_count(const struct prefetch *prefetch, struct prefetch_figures *out);

#endif
