/* Project pages: parsed as they come, rendered with what the store knows of the project's files. No state.
 * Parsing and rendering run on the jobs thread. */
#include "proxy/pypi/project_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "formats/python/page_render.h"
#include "proxy/core/candidate_list.h"
#include "proxy/http/negotiate.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"
#include "upstreams/upstream.h"

const char *simple_content_type(int format)
{
    return simple_format_type((enum simple_format)format);
}

/* A page that documents can share. */
struct page_content {
    struct shared shared;
    struct page *page;
};

const struct page *document_page(const struct document *document)
{
    return ((const struct page_content *)document->content)->page;
}

static void page_content_free(struct shared *value)
{
    page_free(((struct page_content *)value)->page);
    free(value);
}

static struct shared *page_parse_document(const struct document_source *source, const char *key,
                                          int64_t *cost_bytes, struct buf *error)
{
    struct page *page;

    if (page_parse(source->body.data, source->body.len, source->origin.content_type, source->origin.url, key,
                   &page, error) < 0)
        return NULL;
    struct page_content *made = xcalloc(1, sizeof(*made));
    shared_init(&made->shared, page_content_free);
    made->page = page;
    *cost_bytes = (int64_t)page->arena.used_bytes; /* all strings and files of the page are in its arena */
    return &made->shared;
}

/* Where this upstream keeps its files: from then on a file at the official path can be fetched without its
 * page. */
static void page_learn(struct upstream *upstream, const struct shared *content)
{
    const struct page *page = ((const struct page_content *)content)->page;

    /* The setting in mirror.conf takes precedence over what its pages show. */
    if (page->files_base && !upstream_get_options(upstream)->files_url)
        upstream_set_files_base(upstream, page->files_base);
}

/* The files of a project that the store knows, as the renderer wants them. */
struct known_list {
    struct known_file *files;
    size_t count;
    size_t capacity;
    bool metadata; /* which space is being listed */
};

static int note_known(void *arg, const struct entry *entry)
{
    struct known_list *list = arg;

    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 16;
        list->files = xrealloc(list->files, list->capacity * sizeof(*list->files));
    }
    struct known_file *file = &list->files[list->count++];
    *file = (struct known_file){.path = xstrdup(entry->key), .size_bytes = -1};
    if (!entry->has_digest)
        return 0;
    file->has_metadata = list->metadata;
    file->has_sha256 = !list->metadata;
    if (list->metadata) {
        file->metadata_sha256 = entry->digest;
    } else {
        file->sha256 = entry->digest;
        file->size_bytes = entry->size_bytes;
    }
    return 0;
}

static int known_by_path(const void *a, const void *b)
{
    return strcmp(((const struct known_file *)a)->path, ((const struct known_file *)b)->path);
}

/* Makes one item for each path: files and metadata were listed one after the other. */
static void known_merge(struct known_list *list)
{
    size_t kept = 0;

    qsort(list->files, list->count, sizeof(*list->files), known_by_path);
    for (size_t i = 0; i < list->count; i++) {
        struct known_file *file = &list->files[i];
        if (!kept || known_by_path(&list->files[kept - 1], file) != 0) {
            list->files[kept++] = *file;
            continue;
        }
        struct known_file *into = &list->files[kept - 1];
        if (file->has_sha256) {
            into->has_sha256 = true;
            into->sha256 = file->sha256;
            into->size_bytes = file->size_bytes;
        }
        if (file->has_metadata) {
            into->has_metadata = true;
            into->metadata_sha256 = file->metadata_sha256;
        }
        free((char *)file->path);
    }
    list->count = kept;
}

/* The entries are listed by the project, which is the scope of both spaces. */
static void page_render(struct proxy *proxy, const struct document *document, int format, struct buf *out)
{
    struct known_list known = {0};
    const struct page *page = document_page(document);

    /* A failed look-up is logged by the store; the page is good without its answer. */
    (void)entry_list(proxy->store, SPACE_FILE, document->key, note_known, &known);
    known.metadata = true;
    (void)entry_list(proxy->store, SPACE_METADATA, document->key, note_known, &known);
    if (known.count)
        known_merge(&known);
    if (format == SIMPLE_V1_JSON)
        page_render_json(page, document->key, known.files, known.count, out);
    else
        page_render_html(page, document->key, known.files, known.count, out);
    for (size_t i = 0; i < known.count; i++)
        free((char *)known.files[i].path);
    free(known.files);
}

static void page_candidates(const struct site *site, const char *key, struct candidate_list *out)
{
    for (size_t i = 0; i < site->pypi_count; i++) {
        char *CLEANUP_FREE url = xasprintf("%s%s/", site->config->pypi_upstreams[i].index, key);
        candidate_list_add(out, site->pypi[i], url, NULL);
    }
}

size_t pypi_base_len(const char *index)
{
    size_t len = strlen(index);

    while (len && index[len - 1] == '/')
        len--;
    while (len && index[len - 1] != '/')
        len--;
    return len;
}

struct document_times pypi_times(const struct site *site, const char *key)
{
    const struct pypi_config *config = &site->config->pypi;

    (void)key;
    return (struct document_times){config->ttl_s, config->stale_ttl_s, config->negative_ttl_s};
}

const struct document_kind page_kind = {
    .space = SPACE_PAGE,
    .accept = SIMPLE_UPSTREAM_ACCEPT,
    .times = pypi_times,
    .candidates = page_candidates,
    .parse = page_parse_document,
    .learn = page_learn,
    .render = page_render,
    .content_type = simple_content_type,
};
