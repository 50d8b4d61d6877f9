/* No state. Both pages are parsed, the held one's file items win, and a page in the simple API's JSON form
 * is rendered of the union. It is stored as imported, so with time 0: it is old at once, and where there
 * is an upstream the next request replaces it by that one's page. */
#include "storage/catalog/page_merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest_set.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/page.h"
#include "formats/python/page_render.h"
#include "formats/python/project.h"
#include "storage/catalog/origin.h"
#include "storage/catalog/spaces.h"

#define PAGE_TYPE "application/vnd.pypi.simple.v1+json"
#define HELD_MAX_BYTES ((size_t)1 << 30) /* as much as max_page can be */

void page_imported_attributes(const char *project, struct buf *out)
{
    char *CLEANUP_FREE url = xconcat(PAGE_IMPORTED_BASE, "/simple/", project, "/");
    const struct origin origin = {
        .upstream = (char *)IMPORTED, .url = url, .content_type = (char *)PAGE_TYPE};

    origin_print(&origin, false, out);
}

bool page_entry_imported(const struct entry *entry)
{
    return entry_is_in(entry, SPACE_PAGE) && text_starts(entry->attributes, IMPORTED "\n");
}

static void page_release(struct page **page)
{
    if (*page)
        page_free(*page);
}
#define CLEANUP_PAGE __attribute__((cleanup(page_release)))

/* NULL: not a valid page of the project. The entry may be from a bundle. */
static struct page *parse_page_of_entry(const struct entry *entry, const struct buf *body)
{
    struct origin origin = ORIGIN_INIT;
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    struct page *page = NULL;

    if (!project_name_normalized(entry->key, strlen(entry->key)) ||
        origin_parse(entry->attributes, false, &origin) < 0 ||
        page_parse(body->data, body->len, origin.content_type, origin.url, entry->key, &page, &ignored) < 0)
        page = NULL;
    origin_release(&origin);
    return page;
}

/* NULL: none is held, or it cannot be read. */
static struct page *held_page(struct store *store, const char *project)
{
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct entry_read read;
    struct page *page = NULL;

    if (entry_get(store, SPACE_PAGE, project, &read) < 0)
        return NULL;
    if (read.entry.has_digest && blob_read(store, &read.entry.digest, HELD_MAX_BYTES, &body) == 0)
        page = parse_page_of_entry(&read.entry, &body);
    entry_release(&read);
    return page;
}

static int page_name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool page_names_have(const char *const *names, size_t count, const char *name)
{
    return bsearch(&name, names, count, sizeof(*names), page_name_compare);
}

/* The held page's names are sorted for bsearch(): max_page allows pages of hundreds of thousands of files. */
static void merge_files(const struct page *held, const struct page *imported, struct page *out)
{
    const char **CLEANUP_FREE known = xcalloc(held->file_count, sizeof(*known));

    out->files = arena_alloc(&out->arena, (held->file_count + imported->file_count) * sizeof(*out->files));
    for (size_t i = 0; i < held->file_count; i++) {
        out->files[i] = held->files[i];
        known[i] = held->files[i].filename;
    }
    qsort(known, held->file_count, sizeof(*known), page_name_compare);
    for (size_t i = 0; i < imported->file_count; i++)
        if (!page_names_have(known, held->file_count, imported->files[i].filename))
            out->files[out->file_count++] = imported->files[i];
}

/* A page without the versions member says nothing of them; with one, the list must be complete. So none is
 * made of the imported page alone. */
static void merge_versions(const struct page *held, const struct page *imported, struct page *out)
{
    const char **CLEANUP_FREE known = xcalloc(held->versions.count, sizeof(*known));
    size_t most = held->versions.count + imported->versions.count;

    if (!held->versions.count)
        return;
    out->versions.items = arena_alloc(&out->arena, most * sizeof(*out->versions.items));
    for (size_t i = 0; i < held->versions.count; i++)
        known[i] = out->versions.items[i] = held->versions.items[i];
    qsort(known, held->versions.count, sizeof(*known), page_name_compare);
    for (size_t i = 0; i < imported->versions.count; i++)
        if (!page_names_have(known, held->versions.count, imported->versions.items[i]))
            out->versions.items[out->versions.count++] = imported->versions.items[i];
}

int page_merge_imported(struct store *store, const struct entry *entry, const struct buf *body,
                        struct buf *out)
{
    struct page *CLEANUP_PAGE imported = parse_page_of_entry(entry, body);
    struct page *CLEANUP_PAGE held = imported ? held_page(store, entry->key) : NULL;

    if (!imported)
        return -EBADMSG;
    if (!held)
        return 0;
    /* Borrows the strings of both, and has an arena only for its lists. */
    struct page merged = *held;
    merged.arena = (struct arena)ARENA_INIT;
    merge_files(held, imported, &merged);
    merge_versions(held, imported, &merged);
    page_render_source(&merged, entry->key, out);
    arena_release(&merged.arena);
    return 1;
}
