/* The legacy JSON API: passed through from the upstream, with the URLs of files rewritten to ours. Its
 * clients expect absolute URLs, so the base is put in for each request, by public_url or the Host header. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/memory.h"
#include "proxy/pypi.h"
#include "proxy/respond.h"
#include "upstreams/page.h"
#include "upstreams/project.h"

#define VERSION_MAX_BYTES 128

/* In the text that is kept, a mark stands for the base: the SHA-256 of the body as it came, which that body
 * cannot contain. */
struct json_content {
    struct shared shared;
    char mark[DIGEST_HEX_SIZE];
    struct buf text;
};

static void json_content_free(struct shared *value)
{
    buf_release(&((struct json_content *)value)->text);
    free(value);
}

/* ---- rewriting ---- */

/* The name the document is about: the key is "<project>" or "<project>/<version>". */
static char *project_of(const char *key)
{
    return xstrndup(key, strcspn(key, "/"));
}

static void rewrite_file(json_t *file, const char *mark, const char *project, const char *page_url)
{
    const char *url = json_string_value(json_object_get(file, "url"));
    const char *filename = json_string_value(json_object_get(file, "filename"));
    const char *sha256 = json_string_value(json_object_get(json_object_get(file, "digests"), "sha256"));
    struct checksum checksum;
    struct buf CLEANUP_BUF path = BUF_INIT;

    if (!url || !filename)
        return;
    bool hashed = sha256 && checksum_parse(HASH_SHA256, sha256, strlen(sha256), &checksum) == 0;
    if (page_file_path(page_url, url, filename, hashed ? &checksum : NULL, project, &path) < 0)
        return;
    json_object_set_new(file, "url", json_sprintf("%s%s", mark, path.data));
}

static void rewrite_files(json_t *files, const char *mark, const char *project, const char *page_url)
{
    json_t *file;
    size_t i;

    json_array_foreach(files, i, file) rewrite_file(file, mark, project, page_url);
}

static int json_parse(const struct document_source *source, const char *key, struct shared **content,
                      int64_t *cost_bytes, struct buf *error)
{
    char *CLEANUP_FREE project = project_of(key);
    char mark[DIGEST_HEX_SIZE];
    struct digest digest;
    json_error_t fault;
    const char *version;
    json_t *files;
    json_t *root = json_loadb(source->body.data, source->body.len, JSON_REJECT_DUPLICATES, &fault);

    if (!root || !json_is_object(json_object_get(root, "info"))) {
        buf_set(error, "it is no JSON of a project (%s)", root ? "there is no \"info\"" : fault.text);
        json_decref(root);
        return -1;
    }
    digest_of(source->body.data, source->body.len, &digest);
    digest_hex(&digest, mark);
    rewrite_files(json_object_get(root, "urls"), mark, project, source->url);
    json_object_foreach(json_object_get(root, "releases"), version, files)
        rewrite_files(files, mark, project, source->url);
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!text) {
        buf_set(error, "it has text that is not UTF-8");
        return -1;
    }
    struct json_content *made = xcalloc(1, sizeof(*made));
    shared_init(&made->shared, json_content_free);
    memcpy(made->mark, mark, sizeof(mark));
    buf_init(&made->text);
    buf_add_text(&made->text, text);
    free(text);
    *content = &made->shared;
    *cost_bytes = (int64_t)made->text.cap;
    return 0;
}

/* Appends the text with the base in place of the mark. */
static void expand(const struct json_content *content, const char *base, struct buf *out)
{
    const char *text = content->text.data;
    const char *found;

    while ((found = strstr(text, content->mark))) {
        buf_add(out, text, (size_t)(found - text));
        buf_add_text(out, base);
        text = found + strlen(content->mark);
    }
    buf_add_text(out, text);
}

/* ---- the document ---- */

/* "https://host/pypi/" beside "https://host/simple/". */
static bool json_url(const struct site *site, size_t i, const char *key, struct buf *out)
{
    const struct pypi_upstream_config *config = &site->config->pypi_upstreams[i];

    if (config->json) {
        buf_printf(out, "%s%s/json", config->json, key);
        return true;
    }
    size_t len = strlen(config->index) - 1;
    while (len && config->index[len - 1] != '/')
        len--;
    buf_printf(out, "%.*spypi/%s/json", (int)len, config->index, key);
    return true;
}

static int64_t json_ttl_s(const struct config *config)
{
    return config->pypi.ttl_s;
}

static const struct document_kind json_kind = {
    .space = "json",
    .accept = "application/json",
    .ttl_s = json_ttl_s,
    .url = json_url,
    .parse = json_parse,
};

/* ---- answering ---- */

/* "http://host:port" for the links; hosts with anything but host characters are not repeated. */
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

static enum MHD_Result respond_json(struct request *request)
{
    const struct json_content *content = (const struct json_content *)request->document->content;
    struct buf CLEANUP_BUF base = BUF_INIT;
    struct buf body = BUF_INIT;
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];
    char etag[DIGEST_HEX_SIZE + 2];
    char cache_control[64];

    print_base(request, &base);
    expand(content, base.data, &body);
    digest_of(body.data, body.len, &digest);
    digest_hex(&digest, hex);
    snprintf(etag, sizeof(etag), "\"%.40s\"", hex);
    snprintf(cache_control, sizeof(cache_control), "public, max-age=%lld",
             (long long)request->document->max_age_s);
    const struct header headers[] = {
        {"Content-Type", "application/json"},
        {"Cache-Control", cache_control},
        {"Vary", "Host"},
    };
    size_t len = body.len;
    struct object *object =
        object_new(buf_take(&body), len, etag, headers, sizeof(headers) / sizeof(headers[0]));
    enum MHD_Result result = respond_object(request, object);
    object_unref(object);
    return result;
}

/* A version goes into an upstream's URL: PEP 440 characters only. */
static bool version_valid(const char *version)
{
    size_t len = strlen(version);

    return len && len <= VERSION_MAX_BYTES &&
           strspn(version, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+!") == len;
}

enum MHD_Result pypi_json(struct request *request)
{
    const struct target *target = &request->target;
    const char *name = target->segments[1].text;
    const char *version = target->segment_count == 4 ? target->segments[2].text : NULL;
    struct buf CLEANUP_BUF key = BUF_INIT;
    struct buf CLEANUP_BUF what = BUF_INIT;

    if (strcmp(target->segments[target->segment_count - 1].text, "json") != 0)
        return respond_error(request, MHD_HTTP_NOT_FOUND,
                             "there is /pypi/<project>/json and /pypi/<project>/<version>/json");
    if (!project_name_valid(name, strlen(name)) || (version && !version_valid(version)))
        return respond_error(request, MHD_HTTP_BAD_REQUEST,
                             "\"%.80s\" is not a project name, or its version is none", name);
    project_normalize(name, strlen(name), &key);
    if (version)
        buf_printf(&key, "/%s", version);
    if (!request->document) {
        enum document_result result = document_get(request, &json_kind, key.data, &request->document);
        buf_printf(&what, "the JSON of %s", key.data);
        if (result == DOCUMENT_WAIT)
            return MHD_YES;
        if (result != DOCUMENT_HAVE)
            return document_respond_missing(request, result, what.data);
    }
    return respond_json(request);
}
