/* The simple repository API: project pages and the root list, in HTML and JSON.
 * PEP 503 (HTML), 691 (JSON and negotiation), 700, 714, 708, 740, 792. No state but in documents.
 *
 * There is one URL for each page: names that are not normalised, or lack the slash at the end, are
 * redirected, so that caches before us keep one copy. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "formats/python/page_list.h"
#include "formats/python/page_render.h"
#include "formats/python/project.h"
#include "proxy/core/candidate_list.h"
#include "proxy/document/freshness.h"
#include "proxy/document/rendition.h"
#include "proxy/http/negotiate.h"
#include "proxy/http/respond.h"
#include "proxy/pypi/project_page.h"
#include "proxy/pypi/pypi.h"
#include "storage/catalog/spaces.h"

#define MAX_ACCEPT_LINES 16

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

static struct shared *list_parse_document(const struct document_source *source, const char *key,
                                          int64_t *cost_bytes, struct buf *error)
{
    struct page_list *list;

    (void)key;
    if (page_list_parse(source->body.data, source->body.len, source->origin.content_type, &list, error) < 0)
        return NULL;
    struct list_content *made = xcalloc(1, sizeof(*made));
    shared_init(&made->shared, list_content_free);
    made->list = list;
    *cost_bytes = (int64_t)(list->arena.used_bytes + list->projects.count * sizeof(char *));
    return &made->shared;
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
    .accept = SIMPLE_UPSTREAM_ACCEPT,
    .times = list_times,
    .candidates = list_candidates,
    .parse = list_parse_document,
    .render = list_render,
    .content_type = simple_content_type,
};

/* ---- handlers ---- */

static enum MHD_Result respond_simple(struct request *request, const struct document_kind *kind,
                                      const char *key, const char *what)
{
    const char *lines[MAX_ACCEPT_LINES];
    size_t count = request_header_lines(request, "Accept", lines, MAX_ACCEPT_LINES);
    const char *wanted = target_query(&request->target, "format");
    int format = wanted ? simple_format_by_type(wanted) : simple_format_negotiate(lines, count);

    if (format < 0)
        return respond_error(request, MHD_HTTP_NOT_ACCEPTABLE,
                             "none of the media types asked for can be served; there are %s, %s and %s",
                             simple_format_type(SIMPLE_V1_JSON), simple_format_type(SIMPLE_V1_HTML),
                             simple_format_type(SIMPLE_TEXT_HTML));
    enum document_result result = document_get_kept(request, kind, key);
    if (result != DOCUMENT_HAVE)
        return document_respond_missing(request, result, what);
    count = request_header_lines(request, "Accept-Encoding", lines, MAX_ACCEPT_LINES);
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
    /* The raw segment is compared, so that "%66lask" is redirected too. */
    if (strcmp(project.data, request->target.segments[1].raw) != 0 || !request->target.slash) {
        /* Relative to the path that was asked for, so that a proxy before us keeps its scheme, host and
         * port. */
        buf_printf(&text, "%s%s/", request->target.slash ? "../" : "", project.data);
        return redirect_to(request, text.data);
    }
    buf_printf(&text, "the project %s", project.data);
    return respond_simple(request, &page_kind, project.data, text.data);
}
