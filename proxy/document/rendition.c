/* Renditions of documents: the bodies that clients get, rendered and compressed once, on the jobs thread, and
 * kept in the document under its lock.
 *
 * A rendition belongs to a version of the document: document_outdate() drops all renditions and counts the
 * version up, and a rendering that began before that is thrown away when it ends. */
#include "proxy/document/rendition.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/check.h"
#include "base/digest.h"
#include "base/memory.h"
#include "proxy/core/jobs.h"
#include "proxy/core/keys.h"
#include "proxy/http/respond.h"

/* Up to this size a body is compressed before the first answer, which takes milliseconds. A larger one (the
 * list of all projects) goes out uncompressed until the compression has ended. */
#define COMPRESS_AT_ONCE_BYTES (256 * 1024)
#define GZIP_LEVEL 6

/* One rendering under way. */
struct rendering {
    struct proxy *proxy;
    struct document *document; /* reference */
    struct fill *fill;         /* reference; NULL in the later compression */
    int format;
    int version; /* of the document when it began */
};

static void rendering_free(struct rendering *rendering)
{
    document_unref(rendering->document);
    if (rendering->fill)
        shared_unref(&rendering->fill->shared);
    free(rendering);
}

/* Takes the body over and enters it as an object, or drops it where the document has been outdated in the
 * meantime. A strong ETag names the exact bytes, so the compressed ones get another. */
static void rendition_install(struct rendering *rendering, bool compressed, char *body, size_t len)
{
    struct document *document = rendering->document;
    char *CLEANUP_FREE key = memory_key_document(document->kind->space, document->key);
    int64_t cost_bytes = document->content_bytes;
    char hex[DIGEST_HEX_SIZE];
    char etag[DIGEST_HEX_SIZE + 8];
    char cache_control[64];

    digest_hex_of(body, len, hex);
    snprintf(etag, sizeof(etag), "\"%.40s\"", hex);
    snprintf(cache_control, sizeof(cache_control), "public, max-age=%lld", (long long)document->max_age_s);
    const struct header headers[] = {
        {"Content-Type", document->kind->content_type(rendering->format)},
        {"Content-Encoding", compressed ? "gzip" : NULL},
        {"Vary", "Accept, Accept-Encoding"},
        {"Cache-Control", cache_control},
    };
    struct object *object = object_new(body, len, etag, headers, sizeof(headers) / sizeof(headers[0]));
    struct object *unwanted = object; /* this one, or the one that it replaces; freed outside the lock */
    lock_acquire(&document->lock);
    if (document->version == rendering->version) {
        unwanted = document->renditions[rendering->format][compressed];
        document->renditions[rendering->format][compressed] = object;
    }
    for (int format = 0; format < DOCUMENT_FORMATS; format++)
        for (int i = 0; i < 2; i++)
            if (document->renditions[format][i])
                cost_bytes += object_cost_bytes(document->renditions[format][i]);
    lock_release(&document->lock);
    object_unref(unwanted);
    /* Renditions count for the cache's limit. If the document has left the cache, this does nothing. */
    memcache_recost(rendering->proxy->memcache, key, &document->shared, cost_bytes);
}

/* RFC 1952. zlib writes no time into the header unless told, so the same body gives the same bytes. */
static void rendition_compress(struct rendering *rendering, const char *body, size_t len)
{
    z_stream stream = {0};

    CHECK(deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t bound = deflateBound(&stream, len);
    char *out = xmalloc(bound);
    CHECK(len <= UINT_MAX && bound <= UINT_MAX); /* max_page keeps bodies far below that */
    stream.next_in = (Bytef *)body;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)bound;
    CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    size_t out_len = stream.total_out;
    deflateEnd(&stream);
    rendition_install(rendering, true, xrealloc(out, out_len), out_len);
}

static void rendition_compress_run(void *arg)
{
    struct rendering *rendering = arg;
    struct document *document = rendering->document;

    lock_acquire(&document->lock);
    struct object *object =
        (struct object *)shared_ref((struct shared *)document->renditions[rendering->format][0]);
    lock_release(&document->lock);
    if (object)
        rendition_compress(rendering, object->body, object->body_bytes);
    object_unref(object);
    rendering_free(rendering);
}

static void rendition_run(void *arg)
{
    struct rendering *rendering = arg;
    struct document *document = rendering->document;
    struct buf body = BUF_INIT;

    lock_acquire(&document->lock);
    rendering->version = document->version;
    lock_release(&document->lock);
    document->kind->render(rendering->proxy, document, rendering->format, &body);
    size_t len = body.len;
    bool at_once = len <= COMPRESS_AT_ONCE_BYTES;
    /* The compressed one first, so that nobody finds the plain one alone. */
    if (at_once)
        rendition_compress(rendering, body.data, len);
    rendition_install(rendering, false, buf_take(&body), len);
    fill_end(rendering->fill, FETCH_OK, NULL, NULL);
    if (at_once) {
        rendering_free(rendering);
        return;
    }
    shared_unref(&take_ptr(&rendering->fill)->shared);
    jobs_add(rendering->proxy->jobs, JOB_LATER, rendition_compress_run, rendering);
}

/* Waits for the rendition. Returns false if it is there by now, or the server is stopping. */
static bool rendition_wait(struct request *request, struct document *document, int format)
{
    lock_acquire(&document->lock);
    int version = document->version;
    lock_release(&document->lock);
    char *CLEANUP_FREE key = fill_key_rendition(document, version, format);
    bool created;
    struct fill *fill = fill_join(request->proxy->fills, key, &created);

    if (!fill)
        return false;
    if (created) {
        struct rendering *rendering = xcalloc(1, sizeof(*rendering));
        rendering->proxy = request->proxy;
        rendering->document = (struct document *)shared_ref(&document->shared);
        rendering->fill = (struct fill *)shared_ref(&fill->shared);
        rendering->format = format;
        jobs_add(request->proxy->jobs, JOB_WAITED_FOR, rendition_run, rendering);
    }
    enum request_how how = request->how;
    bool waits = request_wait(request, fill, WAIT_FOR_END);
    request->how = how; /* a wait for the rendering is not a miss */
    return waits;
}

static struct object *rendition_find(struct document *document, int format, bool compressed)
{
    ACQUIRE_LOCK_FOR_CURRENT_SCOPE(&document->lock);
    struct object **renditions = document->renditions[format];
    struct object *object = compressed && renditions[1] ? renditions[1] : renditions[0];

    return (struct object *)shared_ref(object ? &object->shared : NULL);
}

enum MHD_Result document_respond(struct request *request, struct document *document, int format,
                                 bool compressed)
{
    struct object *object;

    /* Up to three times, because a rendition may be outdated before we get hold of it. */
    for (int i = 0; !(object = rendition_find(document, format, compressed)) && i < 3; i++)
        if (rendition_wait(request, document, format))
            return MHD_YES;
    if (!object)
        return respond_error(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                             "the server is stopping or has too much to do; try again later");
    return respond_object(request, object);
}

void document_outdate(struct proxy *proxy, const struct document_kind *kind, const char *key)
{
    char *CLEANUP_FREE memory_key = memory_key_document(kind->space, key);
    struct document *document = (struct document *)memcache_get(proxy->memcache, memory_key);
    struct object *outdated[DOCUMENT_FORMATS][2];

    if (!document)
        return;
    lock_acquire(&document->lock);
    document->version++;
    memcpy(outdated, document->renditions, sizeof(outdated));
    memset(document->renditions, 0, sizeof(document->renditions));
    lock_release(&document->lock);
    for (int format = 0; format < DOCUMENT_FORMATS; format++)
        for (int i = 0; i < 2; i++)
            object_unref(outdated[format][i]);
    document_unref(document);
}
