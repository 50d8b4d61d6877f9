/* No state. Parsing needs the configuration only for its registries; walking goes by the scopes of entries
 * (projects and image names), and for a tag or manifest by reading manifests (image_parts.h). */
#include "storage/catalog/holding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/digest_set.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/image.h"
#include "formats/python/project.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/image_name.h"
#include "storage/catalog/image_parts.h"
#include "storage/catalog/prefetch_record.h"
#include "storage/catalog/pypi_key.h"
#include "storage/catalog/spaces.h"
#include "storage/upkeep.h"

/* ---- names ---- */

static int holding_parse_project(const char *text, struct holding *out, struct buf *error)
{
    size_t len = strcspn(text, "=<>!~");
    const char *versions = text + len;
    struct buf CLEANUP_BUF name = BUF_INIT;
    struct buf CLEANUP_BUF problem = BUF_INIT;

    while (len && strchr(" \t", text[len - 1]))
        len--;
    if (!project_name_valid(text, len)) {
        buf_set(error,
                "\"pypi:%.300s\" names no project: letters, digits, and \".\", \"_\", \"-\" between them",
                text);
        return -1;
    }
    if (strcmp(versions, "==") == 0) {
        buf_set(error, "\"pypi:%.300s\" lacks the version after \"==\"", text);
        return -1;
    }
    if (version_choice_parse(versions, &out->versions, &problem) < 0) {
        buf_set(error, "\"pypi:%.300s\" means no versions: in \"%.200s\", %s", text, versions, problem.data);
        return -1;
    }
    project_normalize(text, len, &name);
    out->kind = HOLDING_PROJECT;
    out->name = buf_take(&name);
    return 0;
}

static int holding_parse_image(const struct config *config, const char *text, struct holding *out,
                               struct buf *error)
{
    const char *slash = strrchr(text, '/');
    size_t len = (size_t)((slash ? slash : text) - text);
    struct buf CLEANUP_BUF name = BUF_INIT;
    struct checksum ignored;

    len += strcspn(text + len, "@:");
    out->kind = HOLDING_IMAGE;
    out->digest = text[len] == '@';
    out->reference = text[len] ? xstrdup(text + len + 1) : NULL;
    size_t reference_len = out->reference ? strlen(out->reference) : 0;
    if (out->reference && (out->digest ? image_digest_parse(out->reference, reference_len, &ignored) < 0
                                       : !image_tag_valid(out->reference, reference_len))) {
        buf_set(error, "\"docker:%.300s\" names no image: %.200s is not a valid %s", text, out->reference,
                out->digest ? "digest" : "tag");
        return -1;
    }
    struct image_registry registry = image_registry_of(config, text, len, NULL);
    if (!registry.name) {
        buf_set(error,
                "\"docker:%.300s\" names no registry, and none is the default: write it as "
                "docker:docker.io/library/nginx:1.27",
                text);
        return -1;
    }
    image_name_print(registry.name, registry.name_len, text + registry.skip, len - registry.skip, &name);
    size_t repository = registry.name_len + 1;
    if (!image_name_valid(name.data + repository, name.len - repository)) {
        buf_set(error, "\"docker:%.300s\" names no image: write it as docker:docker.io/library/nginx:1.27",
                text);
        return -1;
    }
    out->name = buf_take(&name);
    return 0;
}

int holding_parse(const struct config *config, const char *text, struct holding *out, struct buf *error)
{
    *out = (struct holding)HOLDING_INIT;
    int result = -1;
    const char *list = text + strlen("prefetch:");
    if (text_starts(text, "pypi:")) {
        result = holding_parse_project(text + strlen("pypi:"), out, error);
    } else if (text_starts(text, "docker:")) {
        result = holding_parse_image(config, text + strlen("docker:"), out, error);
    } else if (text_starts(text, "prefetch:") && prefetch_list_valid(list)) {
        out->kind = HOLDING_LIST;
        out->name = xstrdup(list);
        result = 0;
    } else if (text_starts(text, "prefetch:")) {
        buf_set(error,
                "\"%.300s\" names no list: write the name of its [prefetch \"...\"] section, up to 64 "
                "letters, digits, dots, hyphens and underscores",
                text);
    } else {
        buf_set(error, "\"%.300s\" is not of the form pypi:PROJECT, docker:IMAGE or prefetch:LIST", text);
    }
    if (result < 0)
        holding_release(out);
    return result;
}

void holding_release(struct holding *holding)
{
    free(take_ptr(&holding->name));
    version_choice_release(&holding->versions);
    free(take_ptr(&holding->reference));
}

void holding_print(const struct holding *holding, struct buf *out)
{
    static const char *const kinds[] = {
        [HOLDING_PROJECT] = "pypi", [HOLDING_IMAGE] = "docker", [HOLDING_LIST] = "prefetch"};

    buf_printf(out, "%s:%s", kinds[holding->kind], holding->name);
    if (holding->versions.text)
        buf_add_text(out, holding->versions.text);
    if (holding->reference)
        buf_printf(out, "%s%s", holding->digest ? "@" : ":", holding->reference);
}

/* ---- visiting ---- */

/* A visit of the caller's, and which entries it is for. */
struct visitor {
    const struct holding *holding;
    const struct digest_set *wanted;   /* NULL: all */
    const struct digest_set *unwanted; /* NULL: none */
    const char *prefix;                /* of keys */
    int (*visit)(void *arg, const struct entry *entry);
    void *arg;
    int result; /* of the last visit */
};

static int visit_one(struct visitor *visitor, const struct entry *entry)
{
    visitor->result = visitor->visit(visitor->arg, entry);
    return visitor->result;
}

static int visit_key(struct store *store, const char *space, const char *key, struct visitor *visitor)
{
    struct entry_read read;
    int error = entry_get(store, space, key, &read);

    if (error)
        return error == -ENOENT ? 0 : error;
    visit_one(visitor, &read.entry);
    entry_release(&read);
    return visitor->result;
}

/* entry_list() that returns the visit's result. */
static int visit_scope(struct store *store, const char *space,
                       int (*visit)(void *arg, const struct entry *entry), struct visitor *visitor)
{
    int error = entry_list(store, space, visitor->holding->name, visit, visitor);

    return error ? error : visitor->result;
}

/* ---- projects ---- */

static int visit_file(void *arg, const struct entry *entry)
{
    struct visitor *visitor = arg;
    const struct holding *holding = visitor->holding;
    struct buf CLEANUP_BUF filename = BUF_INIT;

    if (holding->versions.text) {
        if (file_key_filename(entry->key, &filename) < 0)
            return 0;
        char *CLEANUP_FREE version = version_of_file(holding->name, filename.data);
        if (!version || !version_choice_has(&holding->versions, version))
            return 0;
    }
    return visit_one(visitor, entry);
}

/* Of SPACE_JSON, whose keys are "flask/3.0.0". */
static int visit_release(void *arg, const struct entry *entry)
{
    struct visitor *visitor = arg;

    if (!text_starts(entry->key, visitor->prefix))
        return 1;
    if (!version_choice_has(&visitor->holding->versions, entry->key + strlen(visitor->prefix)))
        return 0;
    return visit_one(visitor, entry);
}

/* Page and JSON of the project are about all versions, so they belong to the project only; a release's
 * JSON and files belong to both. */
static int each_of_project(struct store *store, struct visitor *visitor)
{
    const struct holding *holding = visitor->holding;
    struct buf CLEANUP_BUF below = BUF_INIT;
    int result = 0;

    if (!holding->versions.text) {
        result = visit_key(store, SPACE_PAGE, holding->name, visitor);
        if (!result)
            result = visit_key(store, SPACE_JSON, holding->name, visitor);
    }
    json_key_print(holding->name, "", &below);
    visitor->prefix = below.data;
    if (!result)
        result = entry_walk(store, SPACE_JSON, below.data, visit_release, visitor);
    result = result < 0 ? result : visitor->result;
    if (!result)
        result = visit_scope(store, SPACE_FILE, visit_file, visitor);
    if (!result)
        result = visit_scope(store, SPACE_METADATA, visit_file, visitor);
    return result;
}

/* ---- images ---- */

static int visit_part(void *arg, const struct entry *entry)
{
    struct visitor *visitor = arg;

    if (visitor->wanted && (!entry->has_digest || !digest_set_has(visitor->wanted, &entry->digest)))
        return 0;
    if (visitor->unwanted && entry->has_digest && digest_set_has(visitor->unwanted, &entry->digest))
        return 0;
    return visit_one(visitor, entry);
}

static int visit_spaces(struct store *store, struct visitor *visitor, const char *const *spaces, size_t count)
{
    int result = 0;

    for (size_t i = 0; !result && i < count; i++)
        result = visit_scope(store, spaces[i], visit_part, visitor);
    return result;
}

char *holding_image_key(const struct holding *holding)
{
    return (holding->digest ? image_key_of_digest : image_key_of_tag)(holding->name, holding->reference);
}

/* The manifest that the holding's tag or digest means. Returns 0, -ENOENT or -EIO. */
static int find_root(struct store *store, const struct holding *holding, struct digest *out)
{
    char *CLEANUP_FREE key = holding_image_key(holding);
    struct entry_read read;
    int error = entry_get(store, holding->digest ? SPACE_MANIFEST : SPACE_TAG, key, &read);

    if (error)
        return error;
    *out = read.entry.digest;
    error = read.entry.has_digest ? 0 : -ENOENT;
    entry_release(&read);
    return error;
}

/* The parts that stay: those of other tags of the image, and of manifests that were asked for by digest
 * alone. */
struct others {
    struct store *store;
    const struct holding *holding;
    const struct digest *root;
    const struct digest_set *parts; /* of the root */
    struct digest_set *needed;
    char *key;
};

static int add_other_tag(void *arg, const struct entry *entry)
{
    struct others *others = arg;

    if (entry->has_digest && strcmp(entry->key, others->key) != 0 &&
        !(others->holding->digest && digest_equal(&entry->digest, others->root)))
        image_walk(others->store, &entry->digest, image_part_add, others->needed);
    return 0;
}

static int add_other_manifest(void *arg, const struct entry *entry)
{
    struct others *others = arg;

    if (entry->has_digest && !digest_set_has(others->parts, &entry->digest))
        image_walk(others->store, &entry->digest, image_part_add, others->needed);
    return 0;
}

/* The tags that name the root: the one that was asked for, or where a manifest was, all that name it. */
static int visit_tags(struct store *store, struct visitor *visitor, const struct digest *root)
{
    struct digest_set *CLEANUP_DIGEST_SET roots = digest_set_new();

    if (!visitor->holding->digest) {
        char *CLEANUP_FREE key = holding_image_key(visitor->holding);
        return visit_key(store, SPACE_TAG, key, visitor);
    }
    digest_set_add(roots, root);
    struct visitor tags = *visitor;
    tags.wanted = roots;
    tags.unwanted = NULL;
    return visit_scope(store, SPACE_TAG, visit_part, &tags);
}

/* Only entries in the image's own scope: another image may share the bytes, under names of its own. The
 * parts of a tag or manifest are known only as far as its manifests are held. */
static int each_of_image(struct store *store, struct visitor *visitor, bool own)
{
    static const char *const all[] = {SPACE_TAG, SPACE_MANIFEST, SPACE_BLOB, SPACE_TAGS, SPACE_REFERRERS};
    static const char *const parts[] = {SPACE_MANIFEST, SPACE_BLOB};
    struct digest_set *CLEANUP_DIGEST_SET wanted = digest_set_new();
    struct digest_set *CLEANUP_DIGEST_SET needed = digest_set_new();
    struct digest root;

    if (!visitor->holding->reference)
        return visit_spaces(store, visitor, all, sizeof(all) / sizeof(all[0]));
    int error = find_root(store, visitor->holding, &root);
    if (error)
        return error == -ENOENT ? 0 : error;
    image_walk(store, &root, image_part_add, wanted);
    visitor->wanted = wanted;
    if (own) {
        /* A tag that is purged leaves what another tag needs, and a manifest that no tag of it leads to,
         * since somebody may have pulled that by its digest. A manifest that is purged takes the tags that
         * name it along. */
        char *CLEANUP_FREE key = holding_image_key(visitor->holding);
        struct others others = {store, visitor->holding, &root, wanted, needed, key};
        error = entry_list(store, SPACE_TAG, visitor->holding->name, add_other_tag, &others);
        if (!error)
            error = entry_list(store, SPACE_MANIFEST, visitor->holding->name, add_other_manifest, &others);
        visitor->unwanted = needed;
    }
    if (!error)
        error = visit_tags(store, visitor, &root);
    return error ? error : visit_spaces(store, visitor, parts, sizeof(parts) / sizeof(parts[0]));
}

/* ---- all kinds ---- */

static int holding_visit(struct store *store, const struct holding *holding, bool own,
                         int (*visit)(void *arg, const struct entry *entry), void *arg)
{
    struct visitor visitor = {.holding = holding, .visit = visit, .arg = arg};

    switch (holding->kind) {
    case HOLDING_PROJECT:
        return each_of_project(store, &visitor);
    case HOLDING_IMAGE:
        return each_of_image(store, &visitor, own);
    case HOLDING_LIST:
        break;
    }
    return visit_key(store, SPACE_PREFETCH, holding->name, &visitor);
}

int holding_each(struct store *store, const struct holding *holding,
                 int (*visit)(void *arg, const struct entry *entry), void *arg)
{
    return holding_visit(store, holding, false, visit, arg);
}

int holding_each_exclusive(struct store *store, const struct holding *holding,
                           int (*visit)(void *arg, const struct entry *entry), void *arg)
{
    return holding_visit(store, holding, true, visit, arg);
}

static int collect_entry(void *arg, const struct entry *entry)
{
    if (entry->has_digest)
        digest_set_add(arg, &entry->digest);
    return 0;
}

struct collecting {
    struct store *store;
    struct digest_set *out;
};

/* Both the blob that was noted and the one that the entry names now; of a tag that has moved since, the
 * new image's parts, too. */
static int collect_need(void *arg, const struct prefetch_need *need)
{
    const struct collecting *collecting = arg;
    struct entry_read read;

    if (need->has_digest)
        digest_set_add(collecting->out, &need->digest);
    if (entry_get(collecting->store, need->space, need->key, &read) != 0)
        return 0;
    if (read.entry.has_digest && digest_set_add(collecting->out, &read.entry.digest) &&
        strcmp(need->space, SPACE_TAG) == 0)
        image_walk(collecting->store, &read.entry.digest, image_part_add, collecting->out);
    entry_release(&read);
    return 0;
}

void holding_collect(struct store *store, const struct holding *holding, struct digest_set *out)
{
    struct collecting collecting = {store, out};

    (void)holding_each(store, holding, collect_entry, out);
    if (holding->kind == HOLDING_LIST)
        (void)prefetch_record_each(store, holding->name, collect_need, &collecting);
}

/* ---- pins ---- */

int holding_check_pins(const struct config *config, struct buf *error)
{
    const struct string_list *pins = &config->storage.pins;

    for (size_t i = 0; i < pins->count; i++) {
        struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
        struct buf CLEANUP_BUF problem = BUF_INIT;
        if (holding_parse(config, pins->items[i], &holding, &problem) < 0) {
            buf_set(error, "[storage] pin: %s", problem.data);
            return -1;
        }
    }
    return 0;
}

void holding_collect_pins(struct store *store, const struct config *config, struct digest_set *out)
{
    const struct string_list *pins = &config->storage.pins;

    for (size_t i = 0; i < pins->count; i++) {
        struct holding CLEANUP_HOLDING holding = HOLDING_INIT;
        struct buf CLEANUP_BUF ignored = BUF_INIT;
        if (holding_parse(config, pins->items[i], &holding, &ignored) == 0)
            holding_collect(store, &holding, out);
    }
}
