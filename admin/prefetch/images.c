/* A tag leads to a digest, an index to the manifests of the wanted platforms, and a manifest to its blobs.
 * The requests are those of docker, in its order, so that a Yizhan holds afterwards exactly what a pull
 * will ask for. */
#include "admin/prefetch/images.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "admin/prefetch/ask.h"
#include "admin/prefetch/lists/list.h"
#include "admin/prefetch/options.h"
#include "admin/prefetch/run.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "formats/oci/manifest.h"
#include "formats/oci/platform.h"
#include "upstreams/http_client.h"

/* The manifest says the size, so a huge one is not even asked for. It only names the platform here. */
#define CONFIG_MAX_BYTES (4 << 20)

/* One image of a list. */
struct wanted_image {
    struct prefetch *prefetch;
    const struct list_image *list;
    char *name; /* "nginx", "ghcr.io/owner/app" */
    char *reference;
    const char *const *platforms;
    size_t platform_count;
    bool strict; /* the platforms were asked for, so an image without an index must be for one of them */
};

/* ---- telling ---- */

static void fail_image(const struct wanted_image *image, const char *what, const struct reply *reply)
{
    static const struct json_limits limits = {16, 1000, 1000};
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    struct buf CLEANUP_BUF trouble = BUF_INIT;
    /* The message of a registry's error (OCI distribution specification, "Error codes"). */
    json_t *CLEANUP_JSON root = json_read_object(reply->body.data, reply->body.len, &limits, &ignored);
    const char *message = json_text_member(json_array_get(json_object_get(root, "errors"), 0), "message");

    if (reply->status == 504)
        buf_add_text(&trouble, PREFETCH_NOT_HELD);
    else if (message)
        buf_add_text(&trouble, message);
    else if (reply->trouble.len)
        buf_add_text(&trouble, reply->trouble.data);
    else if (reply->status == 200)
        buf_add_text(&trouble, "the server does not answer as a Yizhan does: it sends no digest");
    else
        buf_printf(&trouble, "the answer was %d", reply->status);
    prefetch_fail(image->prefetch, "%s: %s%s%s: %s", image->list->origin, image->list->reference,
                  *what ? ", " : "", what, trouble.data);
}

/* ---- items ---- */

static struct prefetch_item *add_image_item(const struct wanted_image *image, enum item_kind kind,
                                            const char *reference, const char *label, int64_t size_bytes)
{
    char *CLEANUP_FREE path =
        xasprintf("/v2/%s/%s/%s", image->name, kind == ITEM_BLOB ? "blobs" : "manifests", reference);
    char *CLEANUP_FREE name = xasprintf("%s %s %.19s", image->list->reference, label, reference);
    bool created;
    struct prefetch_item *item = prefetch_add_item(image->prefetch, kind, path, name, size_bytes, &created);

    if (created) {
        item->image = xstrdup(image->name);
        item->reference = xstrdup(reference);
    }
    return item;
}

/* ---- manifests ---- */

static void ask_registry(const struct wanted_image *image, const char *path, enum http_client_want want,
                         bool held_only, struct reply *out)
{
    const struct http_client_request request = {
        .path = path,
        .accept = manifest_accept,
        .want = want,
        .held_only = held_only,
        .max_bytes = MANIFEST_MAX_BYTES,
    };

    reply_release(out);
    prefetch_ask(image->prefetch, &request, out);
}

/* The digest that a tag points to; NULL after a failure, which was reported. */
static char *resolve_tag(const struct wanted_image *image)
{
    struct reply CLEANUP_REPLY reply = REPLY_INIT;
    struct prefetch_item *item = add_image_item(image, ITEM_MANIFEST, image->reference, "tag", 0);
    struct checksum checksum;

    /* First whether it is held, so that the report can tell; then what the tag means now, since tags move. */
    ask_registry(image, item->path, HTTP_CLIENT_HEAD, true, &reply);
    enum item_state state = reply.status == 200 ? ITEM_HELD : ITEM_FETCHED;
    ask_registry(image, item->path, HTTP_CLIENT_HEAD, false, &reply);
    if (reply.status == 200 && image_digest_parse(reply.digest, strlen(reply.digest), &checksum) == 0) {
        item->state = state;
        return take_ptr(&reply.digest);
    }
    ask_registry(image, item->path, HTTP_CLIENT_BODY, false, &reply); /* whose body has the reason */
    fail_image(image, "", &reply);
    item->counted = true;
    prefetch_item_fail(item, "it cannot be resolved");
    return NULL;
}

/* Asks for a manifest and reads it. -1 after a failure, which was reported. */
static int load_manifest(const struct wanted_image *image, const char *digest, struct manifest *out)
{
    struct reply CLEANUP_REPLY reply = REPLY_INIT;
    struct buf CLEANUP_BUF why = BUF_INIT;
    struct prefetch_item *item = add_image_item(image, ITEM_MANIFEST, digest, "manifest", -1);

    /* First whether it is held, as above. A digest means the same bytes forever: no second look if so. */
    ask_registry(image, item->path, HTTP_CLIENT_BODY, true, &reply);
    enum item_state state = reply.status == 200 ? ITEM_HELD : ITEM_FETCHED;
    if (reply.status != 200)
        ask_registry(image, item->path, HTTP_CLIENT_BODY, false, &reply);
    if (reply.status != 200) {
        fail_image(image, digest, &reply);
        item->counted = true;
        prefetch_item_fail(item, "it cannot be fetched");
        return -1;
    }
    if (manifest_parse(reply.body.data, reply.body.len, reply.content_type, out, &why) < 0) {
        prefetch_fail(image->prefetch, "%s: %s, %s: it %s", image->list->origin, image->list->reference,
                      digest, why.data);
        item->counted = true;
        prefetch_item_fail(item, "it %s", why.data);
        return -1;
    }
    /* Several tags may lead to one manifest: a second look finds it held, but this run has fetched it. */
    if (item->state == ITEM_PLANNED)
        item->state = state;
    item->size_bytes = (int64_t)reply.body.len;
    return 0;
}

/* ---- platforms ---- */

static void fail_platform(const struct wanted_image *image, const char *platform, const char *there)
{
    prefetch_fail(image->prefetch, "%s: %s has no image for %s; it has %s", image->list->origin,
                  image->list->reference, platform, there);
}

/* The platform that the configuration of an image names: "linux/arm64/v8"; NULL: none. */
static char *platform_of_config(const struct wanted_image *image, const struct manifest *manifest)
{
    static const struct json_limits limits = {64, 100000, 1000000};
    struct reply CLEANUP_REPLY reply = REPLY_INIT;
    struct buf CLEANUP_BUF ignored = BUF_INIT;
    char digest[IMAGE_DIGEST_SIZE];

    if (!manifest->descriptor_count || manifest->descriptors[0].size_bytes > CONFIG_MAX_BYTES)
        return NULL;
    image_digest_print(&manifest->descriptors[0].digest, digest);
    char *CLEANUP_FREE path = xasprintf("/v2/%s/blobs/%s", image->name, digest);
    ask_registry(image, path, HTTP_CLIENT_BODY, false, &reply);
    json_t *CLEANUP_JSON root =
        reply.status == 200 ? json_read_object(reply.body.data, reply.body.len, &limits, &ignored) : NULL;
    const char *os = json_text_member(root, "os");
    const char *architecture = json_text_member(root, "architecture");
    const char *variant = json_text_member(root, "variant");
    if (!os || !architecture)
        return NULL;
    return xasprintf("%s/%s%s%s", os, architecture, variant ? "/" : "", variant ? variant : "");
}

/* check: an image without an index is for one platform, which may not be one of those that are wanted. */
static void plan_image_manifest(const struct wanted_image *image, const char *digest, int depth, bool check);

static void plan_platform(const struct wanted_image *image, const struct manifest *index,
                          const char *platform, int depth)
{
    const struct descriptor *best = NULL;
    const struct descriptor *nameless = NULL;
    struct buf CLEANUP_BUF there = BUF_INIT;
    struct wanted_image one = *image;
    int best_rank = -1;
    char digest[IMAGE_DIGEST_SIZE];

    for (size_t i = 0; i < index->descriptor_count; i++) {
        const struct descriptor *entry = &index->descriptors[i];
        int rank =
            entry->is_manifest && entry->platform ? image_platform_rank(platform, entry->platform) : -1;
        if (rank > best_rank) {
            best = entry;
            best_rank = rank;
        }
        if (!nameless && entry->is_manifest && !entry->platform)
            nameless = entry;
        /* "unknown/unknown" is what build tools give attestations, which are not images. */
        if (entry->platform && strcmp(entry->platform, "unknown/unknown") != 0)
            buf_printf(&there, "%s%s", there.len ? ", " : "", entry->platform);
    }
    /* An entry without a platform may be for any: docker and skopeo take the first one. */
    const struct descriptor *child = best ? best : nameless;
    if (!child) {
        fail_platform(image, platform, there.len ? there.data : "none with a name");
        return;
    }
    one.platforms = &platform;
    one.platform_count = 1;
    image_digest_print(&child->digest, digest);
    plan_image_manifest(&one, digest, depth + 1, image->strict && !best);
}

static void plan_image_manifest(const struct wanted_image *image, const char *digest, int depth, bool check)
{
    struct manifest CLEANUP_MANIFEST manifest = {.media_type = NULL};
    char blob_digest[IMAGE_DIGEST_SIZE];

    if (load_manifest(image, digest, &manifest) < 0)
        return;
    if (manifest.kind == MANIFEST_INDEX) {
        /* Each level is another round of requests, which a hostile registry could make many. */
        if (depth >= MANIFEST_MAX_LEVELS)
            prefetch_fail(image->prefetch, "%s: %s: its indexes nest deeper than %d levels",
                          image->list->origin, image->list->reference, MANIFEST_MAX_LEVELS);
        for (size_t i = 0; depth < MANIFEST_MAX_LEVELS && i < image->platform_count; i++)
            plan_platform(image, &manifest, image->platforms[i], depth);
        return;
    }
    char *CLEANUP_FREE own = check ? platform_of_config(image, &manifest) : NULL;
    for (size_t i = 0; own && i < image->platform_count; i++)
        if (image_platform_rank(image->platforms[i], own) < 0)
            fail_platform(image, image->platforms[i], own);
    for (size_t i = 0; i < manifest.descriptor_count; i++) {
        const struct descriptor *blob = &manifest.descriptors[i];
        image_digest_print(&blob->digest, blob_digest);
        if (blob->elsewhere)
            prefetch_note(image->prefetch, "%s: layer %s is not kept in registries: skipped",
                          image->list->reference, blob_digest);
        else
            add_image_item(image, ITEM_BLOB, blob_digest, i ? "layer" : "config", blob->size_bytes);
    }
}

/* ---- images ---- */

static void plan_listed_image(struct prefetch *prefetch, const struct list_image *list)
{
    const struct prefetch_options *options = prefetch->options;
    struct utsname machine;
    const char *here = image_platform_of_machine(uname(&machine) == 0 ? machine.machine : "");
    struct wanted_image image = {
        .prefetch = prefetch,
        .list = list,
        .platforms = options->image_platforms,
        .platform_count = options->image_platform_count,
        .strict = true,
    };

    if (list->platform) {
        image.platforms = &list->platform;
        image.platform_count = 1;
    } else if (!image.platform_count) {
        image.platforms = &here;
        image.platform_count = 1;
        image.strict = false; /* nobody asked for this one: an image for another is still wanted */
    }
    /* A ":" before the last "/" is that of the registry's port, and a digest makes the tag meaningless. */
    const char *text = list->reference;
    const char *at = strchr(text, '@');
    size_t len = at ? (size_t)(at - text) : strlen(text);
    const char *slash = memrchr(text, '/', len);
    const char *last = slash ? slash : text;
    const char *colon = memrchr(last, ':', len - (size_t)(last - text));
    char *CLEANUP_FREE name = image.name = xstrndup(text, colon ? (size_t)(colon - text) : len);
    char *CLEANUP_FREE reference = image.reference =
        at      ? xstrdup(at + 1)
        : colon ? xstrndup(colon + 1, len - (size_t)(colon + 1 - text))
                : xstrdup("latest");
    char *CLEANUP_FREE digest = strchr(reference, ':') ? xstrdup(reference) : resolve_tag(&image);
    (void)name; /* `image` uses it; the variable only frees it */
    if (digest)
        plan_image_manifest(&image, digest, 0, image.strict);
}

void prefetch_plan_images(struct prefetch *prefetch)
{
    for (size_t i = 0; i < prefetch->wants_count; i++)
        for (size_t k = 0; k < prefetch->wants[i].image_count && !prefetch_stopped(prefetch); k++)
            plan_listed_image(prefetch, &prefetch->wants[i].images[k]);
}
