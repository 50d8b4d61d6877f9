/* Fetching in advance: what lists and names mean for some targets is found out by asking a Yizhan as its clients would
 * (packages.c, images.c), and then it is asked for all of it (fetch.c). The command
 * (prefetch.c), the server's own sections (schedule.c) and export (export.c) use it.
 *
 *     prefetch_init(&prefetch, &options, client, report)
 *     prefetch_plan(&prefetch)        lists are read, requirements resolved: items
 *     prefetch_fetch(&prefetch)
 *     prefetch_release(&prefetch)
 *
 * One thread, which asks and waits. */
#ifndef ADMIN_PREFETCH_PREFETCH_H
#define ADMIN_PREFETCH_PREFETCH_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "admin/prefetch/lists/list.h"
#include "base/buf.h"
#include "formats/python/python_target.h"

struct http_client;
struct config;
struct page_file;
struct resolve_provider;
struct source;

/* ---- what is wanted ---- */

enum sdist_policy { SDIST_NEVER, SDIST_FALLBACK, SDIST_ALWAYS };

struct prefetch_list {
    const char *path;
    enum list_format format;
};

#define VERSIONS_NEWEST 1
#define VERSIONS_ALL INT64_MAX

/* Strings are borrowed. */
struct prefetch_options {
    const struct prefetch_list *lists;
    size_t list_count;
    const char *const *names; /* list_add_name() */
    size_t name_count;
    const char *const *pythons; /* "3.11" */
    size_t python_count;
    const char *const *platforms; /* of wheels: "linux_x86_64" */
    size_t platform_count;
    const char *const *image_platforms; /* "linux/arm64/v8"; none: that of this machine */
    size_t image_platform_count;
    const char *implementation; /* "cp"; NULL: CPython */
    enum sdist_policy sdist;
    int64_t versions; /* how many of each requirement that is named */
    bool without_deps;
    bool keep_going; /* past what cannot be read or resolved */
    bool files_only; /* lists are files, no pipes */
    bool held_only;  /* nothing is fetched, what is not held counts as missing */
};

/* ---- what it comes to ---- */

enum item_kind { ITEM_FILE, ITEM_MANIFEST, ITEM_BLOB };
enum item_state { ITEM_PLANNED, ITEM_HELD, ITEM_FETCHED, ITEM_FAILED };

struct item {
    enum item_kind kind;
    char *path;         /* where a Yizhan serves it */
    char *name;         /* for people */
    char *image;        /* of manifests and blobs, as it was written: "nginx", "ghcr.io/owner/app" */
    char *reference;    /* a manifest's tag or digest, a blob's digest */
    int64_t size_bytes; /* -1: unknown */
    enum item_state state;
    char *reason; /* why it failed */
    bool counted; /* its failure is one of prefetch->failures already */
    int shown;    /* the report's: what its bar is called; -1: it has none */
    UT_hash_handle hh;
};

/* Told what happens, by calls from prefetch_plan() and prefetch_fetch(). */
struct prefetch_report {
    void (*note)(void *arg, const char *text);
    /* Something that was wanted cannot be had; lines. */
    void (*failure)(void *arg, const char *text);
    /* Before the first item is fetched. */
    void (*total)(void *arg, size_t items, int64_t bytes);
    void (*begin)(void *arg, struct item *item);
    /* How much of it is there; before its begin() where another client fetches it already. */
    void (*progress)(void *arg, const struct item *item, int64_t bytes);
    void (*end)(void *arg, const struct item *item);
    /* Every now and then. */
    void (*tick)(void *arg);
    bool shows_progress;
    void *arg;
};

struct prefetch {
    const struct prefetch_options *options;
    struct http_client *client;
    const struct prefetch_report *report;
    const atomic_bool *stop; /* may be NULL */
    struct wants *wants;     /* one for each list, and one for the names: each is resolved by itself */
    size_t wants_count;
    struct source *source;
    struct item *items; /* by path, in the order of planning */
    size_t failures;    /* that were reported while planning */
};

void prefetch_init(struct prefetch *prefetch, const struct prefetch_options *options,
                   struct http_client *client, const struct prefetch_report *report, const atomic_bool *stop);
void prefetch_release(struct prefetch *prefetch);
/* Finds out the items. Returns 0; -1 when something failed and nothing should be fetched: it was reported. */
int prefetch_plan(struct prefetch *prefetch);
/* Fetches the items. Returns 0; 1 when one failed. */
int prefetch_fetch(struct prefetch *prefetch);
/* Finds out which items are held, without fetching any. */
void prefetch_look(struct prefetch *prefetch);

struct prefetch_figures {
    size_t count[ITEM_FAILED + 1]; /* by state */
    int64_t bytes[ITEM_FAILED + 1];
    size_t unsized; /* of unknown size, which are not in bytes */
    size_t failed;  /* items and what was reported while planning, each once */
};
void prefetch_count(const struct prefetch *prefetch, struct prefetch_figures *out);

/* The names that the store has for all that the plan needs, pages and metadata included: an array of
 * {"space":...,"key":...}. The configuration says what names of images mean. A new reference. */
json_t *prefetch_entries(const struct prefetch *prefetch, const struct config *config);

/* ---- for the parts of it ---- */

bool prefetch_stopped(const struct prefetch *prefetch);
/* What is said then, and of what is not held where nothing else is asked for. */
#define PREFETCH_INTERRUPTED "interrupted; the next run goes on from here"
#define PREFETCH_NOT_HELD "it is not in the store: first `yizhan prefetch` with the same lists and options"
void prefetch_note(struct prefetch *prefetch, const char *format, ...) __attribute__((format(printf, 2, 3)));
void prefetch_fail(struct prefetch *prefetch, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Returns the item of that path, new or not; `created` may be NULL. Takes over nothing. */
struct item *prefetch_item(struct prefetch *prefetch, enum item_kind kind, const char *path, const char *name,
                           int64_t size_bytes, bool *created);
void item_fail(struct item *item, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* packages.c, images.c: add items for what the wants say. */
void prefetch_plan_pypi(struct prefetch *prefetch);
void prefetch_plan_images(struct prefetch *prefetch);
void prefetch_add_file(struct prefetch *prefetch, const struct page_file *file);

/* ---- source.c: pages and metadata, each asked for once ---- */

struct source *source_new(struct prefetch *prefetch);
void source_free(struct source **source);
/* For resolve(). */
const struct resolve_provider *source_provider(struct source *source);
/* What the build of this sdist requires, NULL-terminated; NULL if it was not looked into. */
const char *const *source_build_requires(const struct source *source, const struct page_file *file);
/* Is there metadata of this wheel? Asks if nobody did; a Yizhan reads it out of a wheel that it holds. */
bool source_has_metadata(struct source *source, const char *path, const char *filename);
/* Adds {"space","key"} of all pages and metadata that were found. */
void source_entries(const struct source *source, json_t *out);
/* Asks and waits. The answer is copied. */
struct reply {
    int status; /* 0: none */
    struct buf body;
    struct buf trouble;
    char *content_type;
    char *digest;
    int64_t size_bytes;
    bool stored;
};
#define REPLY_INIT                            \
    {                                         \
        .body = BUF_INIT, .trouble = BUF_INIT \
    }
#define CLEANUP_REPLY __attribute__((cleanup(reply_release)))
struct http_client_request;
void prefetch_ask(struct prefetch *prefetch, const struct http_client_request *request, struct reply *out);
void reply_release(struct reply *reply);

#endif
