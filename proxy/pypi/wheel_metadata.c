/* Taking METADATA out of wheels, on the jobs thread: unzipping is slow, and a wheel may be hostile. Workers
 * look up what is held, and join the fill of an extraction, which is a fill without a fetch. */
#include "proxy/pypi/wheel_metadata.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/memory.h"
#include "formats/cache_status.h"
#include "formats/python/metadata.h"
#include "formats/python/wheel.h"
#include "proxy/core/jobs.h"
#include "proxy/core/keys.h"
#include "proxy/document/rendition.h"
#include "proxy/pypi/project_page.h"
#include "storage/catalog/pypi_key.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

struct object *wheel_metadata_keep(struct proxy *proxy, const char *key, struct buf *body)
{
    static const struct header headers[] = {
        {"Content-Type", "text/plain; charset=utf-8"},
        {"Cache-Control", FILE_CACHE_CONTROL},
        {CACHE_STATUS_HEADER, CACHE_STATUS_HIT},
    };
    char *CLEANUP_FREE cache_key = memory_key_metadata(key);
    char etag[DIGEST_HEX_SIZE + 2];
    char hex[DIGEST_HEX_SIZE];
    size_t len = body->len;

    digest_hex_of(body->data, len, hex);
    snprintf(etag, sizeof(etag), "\"%s\"", hex);
    struct object *object =
        object_new(buf_take(body), len, etag, headers, sizeof(headers) / sizeof(headers[0]));
    memcache_put(proxy->memcache, cache_key, &object->shared, object_cost_bytes(object));
    return object;
}

struct object *wheel_metadata_held(struct proxy *proxy, const char *key, bool stored_only)
{
    char *CLEANUP_FREE cache_key = memory_key_metadata(key);
    struct object *object = NULL;
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct entry_read read;

    if (!stored_only)
        object = (struct object *)memcache_get(proxy->memcache, cache_key);
    if (object || entry_get(proxy->store, SPACE_METADATA, key, &read) < 0)
        return object;
    if (read.entry.has_digest && blob_read(proxy->store, &read.entry.digest, METADATA_MAX_BYTES, &body) == 0)
        object = wheel_metadata_keep(proxy, key, &body);
    entry_release(&read);
    return object;
}

/* When the metadata is durable, the project's page is rendered again, to advertise it. Not before: a page
 * must not promise a hash that a crash takes away. */
struct stored {
    struct proxy *proxy;
    char *project;
};

static void metadata_on_stored(void *arg, int error)
{
    struct stored *stored = arg;

    if (!error)
        document_outdate(stored->proxy, &page_kind, stored->project);
    free(stored->project);
    free(stored);
}

/* Jobs thread. Returns the answer, or NULL after logging why the wheel has no metadata. */
static struct object *metadata_extract(struct proxy *proxy, const char *key, const char *project, int fd)
{
    struct buf CLEANUP_BUF body = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;
    struct buf CLEANUP_BUF filename = BUF_INIT;

    if (file_key_filename(key, &filename) < 0 || wheel_read_metadata(fd, filename.data, &body, &error) < 0) {
        log_warn("%s: no metadata can be taken out of this wheel: %s", key, error.data);
        return NULL;
    }
    struct entry entry = entry_of_bytes(SPACE_METADATA, key, project, "");
    struct stored *stored = xcalloc(1, sizeof(*stored));
    stored->proxy = proxy;
    stored->project = xstrdup(project);
    int failure = blob_put(proxy->store, body.data, body.len, &entry, 1, metadata_on_stored, stored);
    if (failure) {
        log_warn("metadata of %s: served, but not stored: %s", key, strerror(-failure));
        metadata_on_stored(stored, failure);
    }
    return wheel_metadata_keep(proxy, key, &body);
}

void wheel_metadata_before_commit(struct proxy *proxy, const char *key, const char *scope, int fd)
{
    char *CLEANUP_FREE cache_key = memory_key_metadata(key);
    struct object *object = (struct object *)memcache_get(proxy->memcache, cache_key);

    /* In memory: it has come from an upstream, or a request was faster, and is stored or being stored. */
    if (!object)
        object = metadata_extract(proxy, key, scope, fd);
    object_unref(object);
}

struct extraction {
    struct proxy *proxy;
    struct fill *fill; /* reference; its product is the object */
    char *key;
    char *project;
    int fd;
};

/* Jobs thread. A wheel without METADATA is "not found", but that is not remembered: the next request looks
 * again. */
static void run_extraction(void *arg)
{
    struct extraction *extraction = arg;
    struct object *object =
        metadata_extract(extraction->proxy, extraction->key, extraction->project, extraction->fd);

    fill_end(extraction->fill, object ? FETCH_OK : FETCH_NOT_FOUND,
             object ? NULL : "the wheel has no METADATA", object ? &object->shared : NULL);
    shared_unref(&extraction->fill->shared);
    close(extraction->fd);
    free(extraction->key);
    free(extraction->project);
    free(extraction);
}

struct fill *wheel_metadata_join(struct proxy *proxy, const char *key, const char *project, int fd)
{
    char *CLEANUP_FREE fill_key = fill_key_extraction(key);
    bool created;
    struct fill *fill = fill_join(proxy->fills, fill_key, &created);

    if (!created) {
        close(fd);
        return fill;
    }
    struct extraction *extraction = xcalloc(1, sizeof(*extraction));
    extraction->proxy = proxy;
    extraction->fill = (struct fill *)shared_ref(&fill->shared);
    extraction->key = xstrdup(key);
    extraction->project = xstrdup(project);
    extraction->fd = fd;
    jobs_add(proxy->jobs, JOB_WAITED_FOR, run_extraction, extraction);
    return fill;
}
