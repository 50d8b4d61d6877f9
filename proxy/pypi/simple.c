/* The simple repository API: project pages and the root list, in HTML and JSON.
 * PEP 503 (HTML), 691 (JSON and negotiation), 700, 714, 708, 740, 792. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "formats/python/page.h"
#include "formats/python/page_render.h"
#include "formats/python/project.h"
#include "proxy/core/candidate_list.h"
#include "proxy/http/negotiate.h"
#include "proxy/http/respond.h"
#include "proxy/pypi/pypi.h"
#include "storage/store.h"
#include "upstreams/upstream.h"

/* JSON first: it says more. A mirror that has only HTML answers with that. */
#define UPSTREAM_ACCEPT \
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

#define MAX_ACCEPT_LINES 16

static const char *content_type(int format)
{
    return simple_format_type((enum simple_format)format);
}

/* ---- pages ---- */

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

static int page_parse_document(const struct document_source *source, const char *key, struct shared **content,
                               int64_t *cost_bytes, struct buf *error)
{
    struct page *page;

    if (page_parse(source->body.data, source->body.len, source->origin.content_type, source->origin.url, key,
                   &page, error) < 0)
        return -1;
    struct page_content *made = xcalloc(1, sizeof(*made));
    shared_init(&made->shared, page_content_free);
    made->page = page;
    *content = &made->shared;
    *cost_bytes = (int64_t)page->arena.used_bytes;
    return 0;
}

static void page_learn(struct upstream *upstream, const struct shared *content)
{
    const struct page *page = ((const struct page_content *)content)->page;

    /* What mirror.conf says by hand stands. */
    if (page->files_base && !upstream_get_options(upstream)->files_url)
        upstream_set_files_base(upstream, page->files_base);
}

/* What the store has of a project's files, as the renderer wants it. */
struct known_list {
    struct known_file *files;
    size_t count;
    size_t room;
    bool metadata; /* which space is being listed */
};

static struct known_file *known_add(struct known_list *list, const char *path)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 16;
        list->files = xrealloc(list->files, list->room * sizeof(*list->files));
    }
    struct known_file *file = &list->files[list->count++];
    *file = (struct known_file){.path = xstrdup(path), .size_bytes = -1};
    return file;
}

static int note_known(void *arg, const struct entry *entry)
{
    struct known_list *list = arg;
    struct known_file *file = known_add(list, entry->key);

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

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct known_file *)a)->path, ((const struct known_file *)b)->path);
}

/* One item a path: what is known of a file and of its metadata comes from two lists. */
static void known_merge(struct known_list *list)
{
    size_t kept = 0;

    qsort(list->files, list->count, sizeof(*list->files), by_path);
    for (size_t i = 0; i < list->count; i++) {
        struct known_file *file = &list->files[i];
        if (!kept || by_path(&list->files[kept - 1], file) != 0) {
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

static void page_render(struct proxy *proxy, const struct document *document, int format, struct buf *out)
{
    struct known_list known = {0};
    const struct page *page = document_page(document);

    /* A failed look-up is logged by the store; the page is good without what we know. */
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

struct document_times pypi_times(const struct site *site, const char *key)
{
    const struct pypi_config *config = &site->config->pypi;

    (void)key;
    return (struct document_times){config->ttl_s, config->stale_ttl_s, config->negative_ttl_s};
}

int64_t pypi_max_bytes(const struct site *site)
{
    return site->config->pypi.max_page_bytes;
}

const struct document_kind page_kind = {
    .space = SPACE_PAGE,
    .accept = UPSTREAM_ACCEPT,
    .times = pypi_times,
    .max_bytes = pypi_max_bytes,
    .candidates = page_candidates,
    .parse = page_parse_document,
    .learn = page_learn,
    .render = page_render,
    .content_type = content_type,
};

/* ---- the root list ---- */

struct list_content {
    struct shared shared;
    struct page_list *list;
};

static void list_content_free(struct shared *value)
{
    page_list_free(((struct list_content *)value)->list);
    free(value);
}

static int list_parse_document(const struct document_source *source, const char *key, struct shared **content,
                               int64_t *cost_bytes, struct buf *error)
{
    struct page_list *list;

    (void)key;
    if (page_list_parse(source->body.data, source->body.len, source->origin.content_type, &list, error) < 0)
        return -1;
    struct list_content *made = xcalloc(1, sizeof(*made));
    shared_init(&made->shared, list_content_free);
    made->list = list;
    *content = &made->shared;
    *cost_bytes = (int64_t)(list->arena.used_bytes + list->projects.count * sizeof(char *));
    return 0;
}

static void list_render(struct proxy *proxy, const struct document *document, int format, struct buf *out)
{
    const struct page_list *list = ((const struct list_content *)document->content)->list;

    (void)proxy;
    if (format == SIMPLE_V1_JSON)
        list_render_json(list, out);
    else
        list_render_html(list, out);
}

static void list_candidates(const struct site *site, const char *key, struct candidate_list *out)
{
    (void)key;
    for (size_t i = 0; i < site->pypi_count; i++)
        candidate_list_add(out, site->pypi[i], site->config->pypi_upstreams[i].index, NULL);
}

static struct document_times list_times(const struct site *site, const char *key)
{
    struct document_times times = pypi_times(site, key);

    times.ttl_s = site->config->pypi.list_ttl_s;
    return times;
}

static const struct document_kind list_kind = {
    .space = SPACE_PROJECTS,
    .accept = UPSTREAM_ACCEPT,
    .times = list_times,
    .max_bytes = pypi_max_bytes,
    .candidates = list_candidates,
    .parse = list_parse_document,
    .render = list_render,
    .content_type = content_type,
};

/* ---- handlers ---- */

/* An enum simple_format, or -1 after answering 406. */
static int negotiate(struct request *request, enum MHD_Result *answered)
{
    const char *lines[MAX_ACCEPT_LINES];
    const char *wanted = target_query(&request->target, "format");
    int format;

    if (wanted) {
        format = simple_format_by_type(wanted);
    } else {
        size_t count = request_header_lines(request, "Accept", lines, MAX_ACCEPT_LINES);
        format = simple_format_negotiate(lines, count);
    }
    if (format < 0)
        *answered = respond_error(request, MHD_HTTP_NOT_ACCEPTABLE,
                                  "none of the media types asked for can be served; there are %s, %s and %s",
                                  content_type(SIMPLE_V1_JSON), content_type(SIMPLE_V1_HTML),
                                  content_type(SIMPLE_TEXT_HTML));
    return format;
}

static enum MHD_Result respond_simple(struct request *request, const struct document_kind *kind,
                                      const char *key, const char *what)
{
    const char *lines[MAX_ACCEPT_LINES];
    enum MHD_Result answered;
    int format = negotiate(request, &answered);

    if (format < 0)
        return answered;
    enum document_result result = document_get_kept(request, kind, key);
    if (result == DOCUMENT_WAIT)
        return MHD_YES;
    if (result != DOCUMENT_HAVE)
        return document_respond_missing(request, result, what);
    size_t count = request_header_lines(request, "Accept-Encoding", lines, MAX_ACCEPT_LINES);
    return document_respond(request, document_kept(request), format, negotiate_gzip(lines, count));
}

static enum MHD_Result redirect_to(struct request *request, const char *path)
{
    struct buf CLEANUP_BUF location = BUF_INIT;

    buf_add_text(&location, path);
    if (request->target.query)
        buf_printf(&location, "?%s", request->target.query);
    return respond_redirect(request, location.data);
}

enum MHD_Result pypi_simple_list(struct request *request)
{
    if (!request->target.slash)
        return redirect_to(request, "simple/");
    return respond_simple(request, &list_kind, KEY_OF_PROJECTS, "the list of projects");
}

enum MHD_Result pypi_simple_project(struct request *request)
{
    const char *name = request->target.segments[1].text;
    struct buf CLEANUP_BUF project = BUF_INIT;
    struct buf CLEANUP_BUF text = BUF_INIT;

    if (!project_name_valid(name, strlen(name)))
        return respond_error(request, MHD_HTTP_BAD_REQUEST,
                             "\"%.80s\" is not a project name: letters, digits, and . _ - between them",
                             name);
    project_normalize(name, strlen(name), &project);
    if (strcmp(project.data, request->target.segments[1].raw) != 0 || !request->target.slash) {
        /* Relative to the path that was asked for, so that a proxy before us keeps its scheme, host and
         * port. */
        buf_printf(&text, "%s%s/", request->target.slash ? "../" : "", project.data);
        return redirect_to(request, text.data);
    }
    buf_printf(&text, "the project %s", project.data);
    return respond_simple(request, &page_kind, project.data, text.data);
}
