/* Which blobs an image has: put by manifests on the jobs thread, looked up by workers. Memory is looked at
 * first, because the index is written some time after the manifest was served, and its client asks for the
 * layers at once. */
#include "proxy/registry/blob_reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "formats/oci/image.h"
#include "proxy/core/candidate_list.h"
#include "proxy/core/keys.h"
#include "proxy/registry/source.h"
#include "storage/catalog/image_entries.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/spaces.h"
#include "storage/store.h"

/* The form in memory; the entry has the same in its size. */
struct reference {
    struct shared shared;
    int64_t size_bytes; /* -1 unknown */
};

static void reference_free(struct shared *value)
{
    free(value);
}

static struct shared *reference_new(int64_t size_bytes)
{
    struct reference *reference = xcalloc(1, sizeof(*reference));

    shared_init(&reference->shared, reference_free);
    reference->size_bytes = size_bytes;
    return &reference->shared;
}

void blob_reference_put(struct proxy *proxy, const char *image_name, const struct descriptor *blob)
{
    struct entry_read held;
    char digest[IMAGE_DIGEST_SIZE];

    image_digest_print(&blob->digest, digest);
    char *CLEANUP_FREE key = image_key_of_digest(image_name, digest);
    char *CLEANUP_FREE in_memory = memory_key_reference(key);
    struct shared *reference = reference_new(blob->size_bytes);
    memcache_put(proxy->memcache, in_memory, reference, 64);
    shared_unref(reference);
    /* Not again: a manifest that comes again would otherwise be a write of the index for every layer, and
     * would wipe out the digest that a sha512 was found to be. */
    if (entry_get(proxy->store, SPACE_BLOB, key, &held) == 0) {
        entry_release(&held);
        return;
    }
    struct entry entry = image_reference_entry(image_name, key, &blob->digest, blob->size_bytes);
    entry_put(proxy->store, &entry);
}

void blob_reference_find(struct proxy *proxy, const char *key, const struct checksum *digest,
                         struct blob_reference *out)
{
    char *CLEANUP_FREE in_memory = memory_key_reference(key);
    struct entry_read read;
    struct reference *reference = (struct reference *)memcache_get(proxy->memcache, in_memory);

    *out = (struct blob_reference){.size_bytes = -1};
    if (reference) {
        out->referred = true;
        out->size_bytes = reference->size_bytes;
        shared_unref(&reference->shared);
    }
    /* Blobs are named by SHA-256 in the store. A sha512 names one only by the entry that its first fetch has
     * left. */
    out->has_blob = digest->kind == HASH_SHA256;
    if (out->has_blob)
        memcpy(out->blob.bytes, digest->bytes, sizeof(out->blob.bytes));
    if ((out->referred && out->has_blob) || entry_get(proxy->store, SPACE_BLOB, key, &read) < 0)
        return;
    out->referred = true;
    out->size_bytes = read.entry.size_bytes;
    if (read.entry.has_digest && !out->has_blob) {
        out->has_blob = true;
        out->blob = read.entry.digest;
    }
    entry_release(&read);
}

/* ---- asking the upstreams ----
 *
 * As a document of which only the head is asked for, under the rules of documents for waiting and for
 * "nowhere". Nothing is stored of it but the reference. */

static void confirmation_candidates(const struct site *site, const char *key, struct candidate_list *out)
{
    char *CLEANUP_FREE path = xasprintf("blobs/%s", image_key_reference(key));

    registry_candidates(site, key, path, false, out);
}

static struct shared *confirmation_parse(const struct document_source *source, const char *key,
                                         int64_t *cost_bytes, struct buf *error)
{
    const char *digest = image_key_reference(key);

    if (*source->origin.digest && strcmp(source->origin.digest, digest) != 0) {
        buf_set(error, "it is about the digest \"%.100s\"", source->origin.digest);
        return NULL;
    }
    *cost_bytes = 64;
    return reference_new(source->origin.size_bytes);
}

static void confirmation_storing(struct proxy *proxy, const char *key, const struct shared *content)
{
    const char *text = image_key_reference(key);
    struct descriptor blob = {.size_bytes = ((const struct reference *)content)->size_bytes};
    struct buf CLEANUP_BUF name = BUF_INIT;

    if (image_digest_parse(text, strlen(text), &blob.digest) < 0)
        return;
    image_key_name(key, &name);
    blob_reference_put(proxy, name.data, &blob);
}

static const struct document_kind confirmation_kind = {
    .space = SPACE_BLOB_HEAD, /* in memory only: not a space of the store */
    .shape = DOCUMENT_HEAD,
    .memory_only = true,
    .times = registry_immutable_times,
    .max_bytes = -1, /* HEAD has no body to limit: a layer may be of any size */
    .candidates = confirmation_candidates,
    .parse = confirmation_parse,
    .storing = confirmation_storing,
};

enum document_result blob_reference_confirm(struct request *request, const char *key,
                                            struct blob_reference *reference)
{
    struct document *document = NULL;
    enum document_result result = document_get(request, &confirmation_kind, key, &document);

    if (result != DOCUMENT_HAVE)
        return result;
    reference->referred = true;
    reference->size_bytes = ((const struct reference *)document->content)->size_bytes;
    document_unref(document);
    return result;
}
