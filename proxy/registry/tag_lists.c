/* Lists: the tags of a repository, as upstreams have them, and the repositories held here. No state. OCI
 * distribution specification 1.1, "Listing Tags"; Docker Registry HTTP API V2, "Catalog". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/tag_list.h"
#include "proxy/core/candidate_list.h"
#include "proxy/document/freshness.h"
#include "proxy/http/respond.h"
#include "proxy/registry/image.h"
#include "proxy/registry/missing.h"
#include "proxy/registry/registry.h"
#include "proxy/registry/source.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

#define TAGS_MAX_BYTES (64 * 1024 * 1024)
/* How many names upstreams are asked for at a time. */
#define UPSTREAM_PAGE "1000"
#define CATALOG_PAGE 1000
/* Names on a page for a client: each list is put together in memory, and a client that reads slowly holds it
 * there. */
#define CLIENT_PAGE_MAX 10000

/* ---- pages, for clients ---- */

/* The part of a list that a client wants: at most ?n= names, after the name ?last=. */
struct list_page {
    uint64_t max;
    const char *last; /* "" for the beginning */
};

/* Returns 0, or -1 after answering a bad n. The specification allows an answer with fewer than n names and a
 * Link. */
static int page_of_request(struct request *request, uint64_t otherwise, struct list_page *out,
                           enum MHD_Result *answered)
{
    const char *n = target_query(&request->target, "n");
    const char *last = target_query(&request->target, "last");

    *out = (struct list_page){.max = otherwise, .last = last ? last : ""};
    if (!n || text_parse_uint(n, strlen(n), &out->max) == 0) {
        if (out->max > CLIENT_PAGE_MAX)
            out->max = CLIENT_PAGE_MAX;
        return 0;
    }
    *answered =
        respond_registry_error(request, MHD_HTTP_BAD_REQUEST, "PAGINATION_NUMBER_INVALID",
                               "n=%.40s: expected how many names the list may have, such as n=100", n);
    return -1;
}

/* The list that is being written. */
struct list_writer {
    struct list_page page;
    struct buf json;
    uint64_t written;
    char *last; /* the name that filled the page; NULL: it is not full */
    bool more;  /* the next one did not fit */
};

/* Names are valid: nothing in them needs escaping. Returns false when the page is full. */
static bool list_writer_add(struct list_writer *writer, const char *name)
{
    if (writer->written == writer->page.max) {
        writer->more = true;
        return false;
    }
    buf_printf(&writer->json, "%s\"%s\"", writer->written ? "," : "", name);
    if (++writer->written == writer->page.max)
        writer->last = xstrdup(name);
    return true;
}

static void list_writer_release(struct list_writer *writer)
{
    buf_release(&writer->json);
    free(writer->last);
}

/* Sends the list. The link to the next page is relative, so that scheme and port stay right where a proxy is
 * before us. */
static enum MHD_Result list_writer_respond(struct request *request, struct list_writer *writer,
                                           const struct image *image)
{
    struct buf CLEANUP_BUF link = BUF_INIT;
    const char *ns = image && image->ns ? image->registry->config->name : NULL;

    buf_add_text(&writer->json, "]}");
    if (writer->more && writer->last) {
        buf_printf(&link, "<%s?n=%" PRIu64 "&last=", request->target.path, writer->page.max);
        text_percent_encode(writer->last, strlen(writer->last), "/", &link);
        if (ns)
            buf_printf(&link, "&ns=%s", ns);
        buf_add_text(&link, ">; rel=\"next\"");
    }
    const struct header headers[] = {
        {REGISTRY_VERSION_HEADER, REGISTRY_VERSION},
        {"Link", link.len ? link.data : NULL},
        {"OCI-Namespace", ns},
    };
    free(writer->last);
    return respond_body(request, "application/json", &writer->json, headers,
                        sizeof(headers) / sizeof(headers[0]));
}

/* ---- tags, from upstreams ---- */

struct tags_content {
    struct shared shared;
    struct tag_list list;
};

static void tags_free(struct shared *value)
{
    tag_list_release(&((struct tags_content *)value)->list);
    free(value);
}

static struct shared *tags_parse(const struct document_source *source, const char *key, int64_t *cost_bytes,
                                 struct buf *error)
{
    struct tag_list list;

    (void)key;
    if (tag_list_parse(source->body.data, source->body.len, &list, error) < 0)
        return NULL;
    struct tags_content *made = xcalloc(1, sizeof(*made));
    shared_init(&made->shared, tags_free);
    made->list = list;
    *cost_bytes = (int64_t)(source->body.len + list.count * sizeof(char *));
    return &made->shared;
}

static void tags_candidates(const struct site *site, const char *key, struct candidate_list *out)
{
    registry_candidates(site, key, "tags/list?n=" UPSTREAM_PAGE, true, out);
}

static const struct document_kind tags_kind = {
    .space = SPACE_TAGS,
    .accept = "application/json",
    .shape = DOCUMENT_PAGED,
    .times = registry_times,
    .max_bytes = TAGS_MAX_BYTES,
    .candidates = tags_candidates,
    .scope = image_key_name,
    .parse = tags_parse,
};

static void begin_tags(struct list_writer *writer, const struct image *image)
{
    buf_printf(&writer->json, "{\"name\":\"%s\",\"tags\":[", image_key_split(image->name).repository);
}

/* The first tag after `last`, in a sorted list. */
static size_t first_tag_after(const struct tag_list *list, const char *last)
{
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->tags[middle], last) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- tags held here ---- */

struct held_tags {
    struct list_writer writer;
    bool any; /* on this page or not */
};

/* Entries come in the order of their keys, "<image name>:<tag>". */
static int add_held_tag(void *arg, const struct entry *entry)
{
    struct held_tags *held = arg;
    const char *tag = image_key_reference(entry->key);

    held->any = true;
    return strcmp(tag, held->writer.page.last) > 0 && !list_writer_add(&held->writer, tag);
}

/* Many mirrors have no lists: the tags that are held are better than nothing. Returns false where none is. */
static bool respond_held_tags(struct request *request, const struct image *image,
                              const struct list_page *page, enum MHD_Result *result)
{
    struct held_tags held = {.writer = {.page = *page, .json = BUF_INIT}};

    begin_tags(&held.writer, image);
    if (entry_list(request->proxy->store, SPACE_TAG, image->name, add_held_tag, &held) < 0 || !held.any) {
        list_writer_release(&held.writer);
        return false;
    }
    request->how = HOW_STALE;
    *result = list_writer_respond(request, &held.writer, image);
    return true;
}

enum MHD_Result registry_tags(struct request *request, const struct image *image)
{
    struct document *document = NULL;
    struct list_page page;
    enum MHD_Result answer;

    if (page_of_request(request, CLIENT_PAGE_MAX, &page, &answer) < 0)
        return answer;
    enum document_result result = document_get(request, &tags_kind, image->name, &document);
    if (result != DOCUMENT_HAVE) {
        if (result != DOCUMENT_WAIT && respond_held_tags(request, image, &page, &answer))
            return answer;
        return registry_respond_missing(request, result, "NAME_UNKNOWN", image->name);
    }
    const struct tag_list *list = &((const struct tags_content *)document->content)->list;
    struct list_writer writer = {.page = page, .json = BUF_INIT};
    begin_tags(&writer, image);
    for (size_t i = first_tag_after(list, page.last);
         i < list->count && list_writer_add(&writer, list->tags[i]); i++)
        ;
    document_unref(document);
    return list_writer_respond(request, &writer, image);
}

/* ---- repositories held here ---- */

static int add_repository(void *arg, const char *image_name)
{
    return !list_writer_add(arg, image_name);
}

enum MHD_Result registry_catalog(struct request *request)
{
    struct list_writer writer = {.json = BUF_INIT};
    enum MHD_Result answer;

    if (page_of_request(request, CATALOG_PAGE, &writer.page, &answer) < 0)
        return answer;
    buf_add_text(&writer.json, "{\"repositories\":[");
    if (entry_scopes(request->proxy->store, SPACE_MANIFEST, writer.page.last, add_repository, &writer) < 0) {
        list_writer_release(&writer);
        return respond_unavailable(request, "the catalog", "the store's index cannot be read");
    }
    return list_writer_respond(request, &writer, NULL);
}
