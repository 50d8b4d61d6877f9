/* Pages arrive in the background from when the resolver first names them, and the resolver waits for the one
 * it needs; metadata is asked for when it is needed, since only the resolver knows which versions it will
 * try. All of it is kept: the next target wants mostly the same.
 *
 * A page or metadata is ASKED until its answer comes, and from then on FOUND, MISSING (which the resolver
 * can live with) or TROUBLED (which ends resolving). */
#include "admin/prefetch/source.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "admin/prefetch/ask.h"
#include "admin/prefetch/options.h"
#include "admin/prefetch/resolve/resolve.h"
#include "admin/prefetch/run.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/metadata.h"
#include "formats/python/page.h"
#include "formats/python/project.h"
#include "formats/python/sdist.h"
#include "storage/catalog/spaces.h"
#include "upstreams/http_client.h"

#define PAGE_MAX_BYTES ((size_t)256 << 20)
#define SDIST_MAX_BYTES ((size_t)256 << 20)
/* A Yizhan's pages have relative links; page_parse() wants an absolute URL to resolve them against. */
#define ANYWHERE "http://yizhan"

enum found { ASKED, FOUND, MISSING, TROUBLED };

struct source_page {
    char *project;
    enum found found;
    struct page *page;
    struct buf trouble;
    UT_hash_handle hh;
};

struct source_metadata {
    char *path; /* of the file */
    enum found found;
    bool of_sdist;
    struct buf text;
    struct buf trouble;
    char **build_requires; /* of an sdist; ends in NULL */
    UT_hash_handle hh;
};

struct source {
    struct prefetch *prefetch;
    struct source_page *pages;
    struct source_metadata *metadata;
    struct resolve_provider provider;
};

/* ---- pages ---- */

static void take_page(void *arg, const struct http_client_answer *answer)
{
    struct source_page *page = arg;
    char *CLEANUP_FREE url = xasprintf(ANYWHERE "/simple/%s/", page->project);

    if (answer->status == 200)
        page->found = page_parse(answer->body, answer->len, answer->content_type, url, page->project,
                                 &page->page, &page->trouble) < 0
                          ? TROUBLED
                          : FOUND;
    else if (answer->status == 404)
        page->found = MISSING;
    else if (answer->status == 504)
        buf_set(&page->trouble, PREFETCH_NOT_HELD);
    else if (*answer->trouble)
        buf_add_text(&page->trouble, answer->trouble);
    else
        buf_set(&page->trouble, "the answer was %d", answer->status);
    if (page->found == ASKED)
        page->found = TROUBLED;
}

static struct source_page *find_page(struct source *source, const char *project)
{
    struct source_page *page;

    HASH_FIND_STR(source->pages, project, page);
    if (page)
        return page;
    page = xcalloc(1, sizeof(*page));
    page->project = xstrdup(project);
    buf_init(&page->trouble);
    HASH_ADD_KEYPTR(hh, source->pages, page->project, strlen(page->project), page);
    char *CLEANUP_FREE path = xasprintf("/simple/%s/", project);
    const struct http_client_request request = {
        .path = path,
        .accept = "application/vnd.pypi.simple.v1+json", /* unlike HTML it has sizes, for the progress */
        .want = HTTP_CLIENT_BODY,
        .held_only = source->prefetch->options->held_only,
        .max_bytes = PAGE_MAX_BYTES,
    };
    if (source->prefetch->client)
        http_client_ask(source->prefetch->client, &request, take_page, page);
    return page;
}

/* Pages that are coming already cost nothing here: find_page() asks for each once. */
static void on_coming(void *arg, const char *const *projects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)find_page(arg, projects[i]);
}

static enum resolve_supply as_supply(enum found found, const struct buf *trouble, struct buf *error)
{
    if (trouble->len)
        buf_set(error, "%s", trouble->data);
    return found == FOUND ? RESOLVE_HAVE : found == MISSING ? RESOLVE_NONE : RESOLVE_FAILED;
}

static enum resolve_supply on_page(void *arg, const char *project, const struct page **out, struct buf *error)
{
    struct source *source = arg;
    struct source_page *page = find_page(source, project);

    while (page->found == ASKED && prefetch_step(source->prefetch))
        ;
    if (page->found == ASKED) /* the client is gone, so no answer can come */
        buf_set(&page->trouble, "interrupted");
    *out = page->page;
    return as_supply(page->found, &page->trouble, error);
}

/* ---- metadata ---- */

const char *source_file_path(const struct page_file *file)
{
    return text_starts(file->url, ANYWHERE "/") ? file->url + strlen(ANYWHERE) : file->path;
}

/* After 404 and 504 the resolver may take another version. Anything else is trouble that may pass: an
 * older version, chosen because of it, would stay in the plan unnoticed. */
static void note_reply(struct source_metadata *metadata, const struct reply *reply, const char *missing)
{
    if (reply->status == 404 || reply->status == 504) {
        metadata->found = MISSING;
        buf_set(&metadata->trouble, "%s", missing);
        return;
    }
    metadata->found = TROUBLED;
    if (reply->trouble.len)
        buf_set(&metadata->trouble, "%s", reply->trouble.data);
    else
        buf_set(&metadata->trouble, "the answer was %d", reply->status);
}

static bool ask_for_metadata(struct source *source, const char *path, struct reply *out)
{
    char *CLEANUP_FREE metadata_path = xasprintf("%s.metadata", path);
    const struct http_client_request request = {
        .path = metadata_path, .want = HTTP_CLIENT_BODY, .max_bytes = METADATA_MAX_BYTES};

    prefetch_ask(source->prefetch, &request, out);
    return out->status == 200;
}

/* If no upstream has the metadata as a file of its own, a Yizhan can read it out of the wheel once it has
 * that. */
static void load_of_wheel(struct source *source, struct source_metadata *metadata)
{
    const struct http_client_request wheel = {.path = metadata->path, .want = HTTP_CLIENT_TOUCH};
    struct reply CLEANUP_REPLY reply = REPLY_INIT;

    if (!ask_for_metadata(source, metadata->path, &reply) && reply.status == 404) {
        reply_release(&reply); /* prefetch_ask() overwrites it */
        prefetch_ask(source->prefetch, &wheel, &reply);
        if (reply.status == 200) {
            reply_release(&reply);
            (void)ask_for_metadata(source, metadata->path, &reply);
        }
    }
    if (reply.status != 200) {
        note_reply(metadata, &reply, "neither it nor the wheel can be fetched");
        return;
    }
    metadata->found = FOUND;
    buf_add(&metadata->text, reply.body.data, reply.body.len);
}

/* The whole archive is needed: PEP 658 metadata of sdists is hardly ever published, and build requirements
 * never. */
static void load_of_sdist(struct source *source, const char *filename, struct source_metadata *metadata)
{
    const struct http_client_request request = {
        .path = metadata->path, .want = HTTP_CLIENT_BODY, .max_bytes = SDIST_MAX_BYTES};
    struct reply CLEANUP_REPLY reply = REPLY_INIT;
    struct sdist CLEANUP_SDIST sdist = {.metadata = BUF_INIT};
    struct buf CLEANUP_BUF why = BUF_INIT;

    metadata->of_sdist = true;
    prefetch_ask(source->prefetch, &request, &reply);
    if (reply.status != 200) {
        note_reply(metadata, &reply, "the sdist cannot be fetched");
        return;
    }
    /* One that cannot be read is like one without metadata: the resolver may take an older version. */
    if (sdist_read(reply.body.data, reply.body.len, &sdist, &why) < 0) {
        metadata->found = MISSING;
        buf_set(&metadata->trouble, "the sdist %s", why.data);
        return;
    }
    if (!sdist.dependencies_known)
        prefetch_note(source->prefetch,
                      "%s only knows its dependencies once it is built: it is fetched without any", filename);
    metadata->found = FOUND;
    buf_add(&metadata->text, sdist.metadata.data, sdist.metadata.len);
    /* The strings are taken over: `sdist` no longer counts them, so its cleanup leaves them alone. */
    metadata->build_requires = xcalloc(sdist.build_require_count + 1, sizeof(char *));
    if (sdist.build_require_count)
        memcpy(metadata->build_requires, sdist.build_requires, sdist.build_require_count * sizeof(char *));
    sdist.build_require_count = 0;
}

/* With held_only, metadata without its file is of no use: a release is held if its file is. */
static bool file_is_held(struct source *source, const char *path)
{
    const struct http_client_request request = {.path = path, .want = HTTP_CLIENT_HEAD};
    struct reply CLEANUP_REPLY reply = REPLY_INIT;

    prefetch_ask(source->prefetch, &request, &reply);
    return reply.status == 200;
}

static struct source_metadata *source_metadata_of(struct source *source, const char *path,
                                                  const char *filename)
{
    struct source_metadata *metadata;

    HASH_FIND_STR(source->metadata, path, metadata);
    if (metadata)
        return metadata;
    metadata = xcalloc(1, sizeof(*metadata));
    metadata->path = xstrdup(path);
    buf_init(&metadata->text);
    buf_init(&metadata->trouble);
    HASH_ADD_KEYPTR(hh, source->metadata, metadata->path, strlen(metadata->path), metadata);
    if (source->prefetch->options->held_only && !file_is_held(source, path)) {
        metadata->found = MISSING;
        buf_set(&metadata->trouble, PREFETCH_NOT_HELD);
    } else if (filename_is_wheel(filename)) {
        load_of_wheel(source, metadata);
    } else {
        load_of_sdist(source, filename, metadata);
    }
    return metadata;
}

static enum resolve_supply on_metadata(void *arg, const char *project, const struct page_file *file,
                                       struct buf *out, struct buf *error)
{
    const struct source_metadata *metadata = source_metadata_of(arg, source_file_path(file), file->filename);

    (void)project;
    buf_add(out, metadata->text.data, metadata->text.len);
    return as_supply(metadata->found, &metadata->trouble, error);
}

/* ---- all ---- */

struct source *source_new(struct prefetch *prefetch)
{
    struct source *source = xcalloc(1, sizeof(*source));

    source->prefetch = prefetch;
    source->provider = (struct resolve_provider){on_page, on_metadata, on_coming, source};
    return source;
}

void source_free(struct source **source)
{
    struct source *old = take_ptr(source);
    struct source_page *page, *next_page;
    struct source_metadata *metadata, *next_metadata;

    if (!old)
        return;
    HASH_ITER (hh, old->pages, page, next_page) {
        HASH_DEL(old->pages, page);
        free(page->project);
        page_free(page->page);
        buf_release(&page->trouble);
        free(page);
    }
    HASH_ITER (hh, old->metadata, metadata, next_metadata) {
        HASH_DEL(old->metadata, metadata);
        free(metadata->path);
        buf_release(&metadata->text);
        buf_release(&metadata->trouble);
        for (size_t i = 0; metadata->build_requires && metadata->build_requires[i]; i++)
            free(metadata->build_requires[i]);
        free(metadata->build_requires);
        free(metadata);
    }
    free(old);
}

const struct resolve_provider *source_provider(struct source *source)
{
    return &source->provider;
}

const char *const *source_build_requires(const struct source *source, const struct page_file *file)
{
    const struct source_metadata *metadata;

    HASH_FIND_STR(source->metadata, source_file_path(file), metadata);
    return metadata ? (const char *const *)metadata->build_requires : NULL;
}

bool source_has_metadata(struct source *source, const char *path, const char *filename)
{
    return source_metadata_of(source, path, filename)->found == FOUND;
}

void source_entries(const struct source *source, json_t *out)
{
    for (const struct source_page *page = source->pages; page; page = page->hh.next)
        if (page->found == FOUND)
            json_array_append_new(out, json_pack("{s:s, s:s}", "space", SPACE_PAGE, "key", page->project));
    /* Metadata of an sdist was read out of the archive here: the store has no entry for it. */
    for (const struct source_metadata *metadata = source->metadata; metadata; metadata = metadata->hh.next)
        if (metadata->found == FOUND && !metadata->of_sdist)
            json_array_append_new(out,
                                  json_pack("{s:s, s:s}", "space", SPACE_METADATA, "key", metadata->path));
}
