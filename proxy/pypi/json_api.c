/* The legacy JSON API: passed through from the upstream, with the URLs of files rewritten to ours. Its
 * clients expect absolute URLs, so the base is put in for each request, by public_url or the Host header,
 * while the answer is sent: all answers share one text, and a client that reads slowly holds no copy of it.
 *
 * The document is made on the jobs thread; an answer under way (struct expansion) belongs to libmicrohttpd,
 * which reads it on a worker and releases it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"
#include "formats/python/page.h"
#include "formats/python/project.h"
#include "formats/python/version.h"
#include "proxy/core/candidate_list.h"
#include "proxy/document/freshness.h"
#include "proxy/http/respond.h"
#include "proxy/pypi/project_page.h"
#include "proxy/pypi/pypi.h"
#include "storage/catalog/pypi_key.h"
#include "storage/catalog/spaces.h"

/* The largest real projects have a tenth of this. Parsed, a value takes far more memory than its text. */
static const struct json_limits limits = {
    .depth = JSON_PARSER_MAX_DEPTH, .containers = 500000, .values = 2000000};

/* In the text that is kept, a mark takes the place of the base: the SHA-256 of the body as it came, which
 * that body cannot contain. A fixed mark could be forged by an upstream, to put our base where it likes. */
#define MARK_BYTES (DIGEST_HEX_SIZE - 1)

struct json_content {
    struct shared shared;
    char mark[DIGEST_HEX_SIZE];
    struct buf text;
    int64_t marks;              /* how many marks the text has */
    char hash[DIGEST_HEX_SIZE]; /* of the text */
};

static void json_content_free(struct shared *value)
{
    buf_release(&((struct json_content *)value)->text);
    free(value);
}

/* ---- rewriting ---- */

static void rewrite_files(json_t *files, const char *mark, const char *project, const char *page_url)
{
    for (size_t i = 0; i < json_array_size(files); i++) {
        json_t *file = json_array_get(files, i);
        const char *url = json_string_value(json_object_get(file, "url"));
        const char *filename = json_string_value(json_object_get(file, "filename"));
        const char *sha256 = json_string_value(json_object_get(json_object_get(file, "digests"), "sha256"));
        struct checksum checksum;
        struct buf CLEANUP_BUF path = BUF_INIT;
        bool hashed = sha256 && checksum_parse(HASH_SHA256, sha256, strlen(sha256), &checksum) == 0;
        const struct checksum *hash = hashed ? &checksum : NULL;
        if (url && filename && page_file_path(page_url, url, filename, hash, project, &path) == 0)
            json_object_set_new(file, "url", json_sprintf("%s%s", mark, path.data));
    }
}

static struct shared *json_parse(const struct document_source *source, const char *key, int64_t *cost_bytes,
                                 struct buf *error)
{
    char *CLEANUP_FREE project = xstrndup(key, strcspn(key, "/")); /* "<project>" or "<project>/<version>" */
    struct buf CLEANUP_BUF refusal = BUF_INIT;
    char mark[DIGEST_HEX_SIZE];
    json_error_t fault;
    const char *version;
    json_t *files;

    if (json_check_limits(source->body.data, source->body.len, &limits, &refusal) < 0) {
        buf_set(error, "it %s", refusal.data);
        return NULL;
    }
    json_t *root = json_loadb(source->body.data, source->body.len, JSON_REJECT_DUPLICATES, &fault);
    if (!root || !json_is_object(json_object_get(root, "info"))) {
        buf_set(error, "it is not the JSON of a project (%s)", root ? "there is no \"info\"" : fault.text);
        json_decref(root);
        return NULL;
    }
    digest_hex_of(source->body.data, source->body.len, mark);
    rewrite_files(json_object_get(root, "urls"), mark, project, source->origin.url);
    json_object_foreach(json_object_get(root, "releases"), version, files)
        rewrite_files(files, mark, project, source->origin.url);
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!text) {
        buf_set(error, "it has text that is not UTF-8");
        return NULL;
    }
    struct json_content *content = xcalloc(1, sizeof(*content));
    shared_init(&content->shared, json_content_free);
    memcpy(content->mark, mark, sizeof(content->mark));
    buf_init(&content->text);
    buf_add_text(&content->text, text);
    for (const char *found = text; (found = strstr(found, mark)); found += MARK_BYTES)
        content->marks++;
    digest_hex_of(content->text.data, content->text.len, content->hash);
    free(text);
    *cost_bytes = (int64_t)content->text.cap;
    return &content->shared;
}

/* ---- the document ---- */

static void json_candidates(const struct site *site, const char *key, struct candidate_list *out)
{
    for (size_t i = 0; i < site->pypi_count; i++) {
        const struct pypi_upstream_config *config = &site->config->pypi_upstreams[i];
        /* "https://host/pypi/" beside "https://host/simple/", where the configuration names no other. */
        char *CLEANUP_FREE url =
            config->json
                ? xasprintf("%s%s/json", config->json, key)
                : xasprintf("%.*spypi/%s/json", (int)pypi_base_len(config->index), config->index, key);
        candidate_list_add(out, site->pypi[i], url, NULL);
    }
}

static const struct document_kind json_kind = {
    .space = SPACE_JSON,
    .accept = "application/json",
    .times = pypi_times,
    .candidates = json_candidates,
    .parse = json_parse,
};

/* ---- answering ---- */

/* "http://host:port" for the links. A Host header with any other character is not repeated: it could end the
 * JSON string. */
static void print_base(struct request *request, struct buf *out)
{
    const char *host = request_header(request, "Host");
    const char *public_url = request->site->config->server.public_url;

    if (public_url) {
        buf_add_text(out, public_url);
        while (out->len && out->data[out->len - 1] == '/')
            out->data[--out->len] = '\0';
        return;
    }
    if (!host || !*host ||
        host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]")])
        host = request->proxy->address;
    buf_printf(out, "http://%s", host);
}

/* One answer under way: the text with the base in place of the marks. */
struct expansion {
    struct document *document; /* reference */
    struct buf base;
    const char *text; /* what is not sent yet */
    const char *mark; /* the next one, or the end of the text */
    size_t base_sent; /* of the base, when text == mark */
    uint64_t sent_bytes;
};

static const char *text_end(const struct json_content *content)
{
    return content->text.data + content->text.len;
}

static const char *next_mark(const struct json_content *content, const char *text)
{
    const char *found = strstr(text, content->mark);

    return found ? found : text_end(content);
}

static const struct json_content *json_content_of(const struct document *document)
{
    return (const struct json_content *)document->content;
}

static void expansion_free(void *arg)
{
    struct expansion *expansion = arg;

    document_unref(expansion->document);
    buf_release(&expansion->base);
    free(expansion);
}

/* The next piece in one run: of the text, or of the base at a mark. Returns its length, 0 at the end. */
static size_t expansion_run(struct expansion *expansion, char *data, size_t max)
{
    bool at_mark = expansion->text == expansion->mark;
    const char *from = at_mark ? expansion->base.data + expansion->base_sent : expansion->text;
    size_t len =
        at_mark ? expansion->base.len - expansion->base_sent : (size_t)(expansion->mark - expansion->text);

    if (at_mark && expansion->mark == text_end(json_content_of(expansion->document)))
        return 0;
    if (len > max)
        len = max;
    memcpy(data, from, len);
    if (!at_mark) {
        expansion->text += len;
        return len;
    }
    expansion->base_sent += len;
    if (expansion->base_sent == expansion->base.len) {
        expansion->base_sent = 0;
        expansion->text = expansion->mark + MARK_BYTES;
        expansion->mark = next_mark(json_content_of(expansion->document), expansion->text);
    }
    return len;
}

/* libmicrohttpd's content reader. */
static ssize_t expansion_read(void *arg, uint64_t position, char *data, size_t max)
{
    struct expansion *expansion = arg;
    size_t done = 0;
    size_t len;

    CHECK(position == expansion->sent_bytes);
    while (done < max && (len = expansion_run(expansion, data + done, max - done)) > 0)
        done += len;
    expansion->sent_bytes += done;
    return done ? (ssize_t)done : MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result respond_json(struct request *request)
{
    struct document *document = document_kept(request);
    const struct json_content *content = json_content_of(document);
    struct buf base = BUF_INIT;
    struct buf CLEANUP_BUF identity = BUF_INIT;
    char hex[DIGEST_HEX_SIZE];
    char etag[DIGEST_HEX_SIZE + 2];
    char cache_control[64];

    print_base(request, &base);
    buf_printf(&identity, "%s %s", content->hash, base.data);
    digest_hex_of(identity.data, identity.len, hex);
    snprintf(etag, sizeof(etag), "\"%.40s\"", hex);
    snprintf(cache_control, sizeof(cache_control), "public, max-age=%lld", (long long)document->max_age_s);
    const struct header headers[] = {
        {"Content-Type", "application/json"},
        {"Cache-Control", cache_control},
        {"Vary", "Host"},
    };
    struct expansion *expansion = xcalloc(1, sizeof(*expansion));
    expansion->document = (struct document *)shared_ref(&document->shared);
    expansion->base = base;
    expansion->text = content->text.data;
    expansion->mark = next_mark(content, expansion->text);
    const struct made_body body = {
        .size_bytes = (int64_t)content->text.len + content->marks * ((int64_t)base.len - MARK_BYTES),
        .read = expansion_read,
        .release = expansion_free,
        .arg = expansion,
    };
    return respond_made(request, &body, etag, headers, sizeof(headers) / sizeof(headers[0]));
}

enum MHD_Result pypi_json(struct request *request)
{
    const struct target *target = &request->target;
    const char *name = target->segments[1].text;
    const char *version = target->segment_count == 4 ? target->segments[2].text : NULL;
    struct buf CLEANUP_BUF key = BUF_INIT;
    struct buf CLEANUP_BUF project = BUF_INIT;
    struct buf CLEANUP_BUF what = BUF_INIT;
    /* A version goes into an upstream's URL, so it has characters of PEP 440 only. */
    static const char version_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+!";
    bool version_valid = !version || (*version && strlen(version) <= VERSION_MAX_BYTES &&
                                      !version[strspn(version, version_chars)]);

    if (strcmp(target->segments[target->segment_count - 1].text, "json") != 0)
        return respond_error(request, MHD_HTTP_NOT_FOUND,
                             "there is /pypi/<project>/json and /pypi/<project>/<version>/json");
    if (!project_name_valid(name, strlen(name)) || !version_valid)
        return respond_error(request, MHD_HTTP_BAD_REQUEST,
                             "\"%.80s\" is not a project name, or its version is not a version", name);
    project_normalize(name, strlen(name), &project);
    json_key_print(project.data, version, &key);
    enum document_result result = document_get_kept(request, &json_kind, key.data);
    buf_printf(&what, "the JSON of %s", key.data);
    if (result != DOCUMENT_HAVE)
        return document_respond_missing(request, result, what.data);
    return respond_json(request);
}
