/* State: struct image_units, from begin() to end(), used by one thread. The parts of manifests, which cannot
 * change, are kept from one question to the next until they are too many; which manifests a repository has
 * can change, and lives for one question.
 *
 * The question: a blob is the least recently used; which others go with it? In each repository that names it:
 *
 *     find_dying()       the manifests that need the blob, by themselves or through an index. One that was
 *                        used later than the blob stops all: its image is still wanted
 *     add_with_parts()   everything those need
 *     unit_choose_part() of that, the parts that no manifest needs that stays, in any repository
 *
 * A use of a manifest is noted for all its parts (proxy/registry/manifest.c), so an image's blobs have
 * about the same time of last use, and the first of them to have its turn takes the whole image along. */
#include "storage/catalog/image_unit.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/digest_set.h"
#include "base/memory.h"
#include "formats/oci/manifest.h"
#include "storage/catalog/image_key.h"
#include "storage/catalog/image_parts.h"
#include "storage/catalog/spaces.h"
#include "storage/upkeep.h"

/* Parts kept from one question to the next. */
#define KEPT_PARTS_MAX 200000
/* The manifests inside each other, and their layers. */
#define UNIT_DEPTH_MAX (MANIFEST_MAX_LEVELS + 1)

/* The digests that a manifest names, and its own. */
struct part_list {
    UT_hash_handle hh;
    struct digest manifest;
    struct digest_set *parts;
    bool read;
};

/* The manifests of a repository that are held. */
struct repository {
    struct repository *next;
    char *name;
    struct digest *manifests;
    const struct part_list **lists; /* of each of them */
    size_t count;
    size_t parts;
    bool too_many;
};

struct image_units {
    struct store *store;
    struct part_list *kept;
    size_t kept_parts;
    /* One question's: */
    struct repository *repositories;
    struct digest_set *dying; /* manifests */
    struct digest_set *parts; /* of those */
    struct digest_set *out;
};

/* ---- what manifests name ---- */

static const struct part_list *parts_of(struct image_units *units, const struct digest *manifest)
{
    struct part_list *list;

    HASH_FIND(hh, units->kept, manifest, sizeof(*manifest), list);
    if (!list) {
        list = xcalloc(1, sizeof(*list));
        list->manifest = *manifest;
        list->parts = digest_set_new();
        HASH_ADD(hh, units->kept, manifest, sizeof(list->manifest), list);
    }
    if (!list->read) {
        list->read = image_walk_children(units->store, manifest, image_part_add, list->parts);
        units->kept_parts += digest_set_count(list->parts);
    }
    return list;
}

static void forget_parts(struct image_units *units)
{
    struct part_list *list;
    struct part_list *next;

    HASH_ITER (hh, units->kept, list, next) {
        HASH_DEL(units->kept, list);
        digest_set_free(&list->parts);
        free(list);
    }
    units->kept_parts = 0;
}

/* ---- repositories ---- */

static int repository_add(void *arg, const struct entry *entry)
{
    struct repository *repository = arg;

    if (!entry->has_digest)
        return 0;
    if (repository->count == IMAGE_UNIT_MANIFESTS_MAX) {
        repository->too_many = true;
        return 1;
    }
    repository->manifests[repository->count++] = entry->digest;
    return 0;
}

static const struct repository *repository_of(struct image_units *units, const char *name)
{
    struct repository *repository = units->repositories;

    while (repository && strcmp(repository->name, name) != 0)
        repository = repository->next;
    if (repository)
        return repository;
    repository = xcalloc(1, sizeof(*repository));
    repository->name = xstrdup(name);
    repository->manifests = xcalloc(IMAGE_UNIT_MANIFESTS_MAX, sizeof(*repository->manifests));
    repository->lists = xcalloc(IMAGE_UNIT_MANIFESTS_MAX, sizeof(*repository->lists));
    repository->next = units->repositories;
    units->repositories = repository;
    (void)entry_list(units->store, SPACE_MANIFEST, name, repository_add, repository);
    for (size_t i = 0; !repository->too_many && i < repository->count; i++) {
        repository->lists[i] = parts_of(units, &repository->manifests[i]);
        repository->parts += digest_set_count(repository->lists[i]->parts);
        repository->too_many = repository->parts > IMAGE_UNIT_PARTS_MAX;
    }
    return repository;
}

static void forget_repositories(struct image_units *units)
{
    while (units->repositories) {
        struct repository *repository = units->repositories;
        units->repositories = repository->next;
        free(repository->manifests);
        free(repository->lists);
        free(repository->name);
        free(repository);
    }
}

/* ---- which repositories have a blob ---- */

struct image_names {
    char **items;
    size_t count;
    bool others; /* something else than an image has it too */
};

/* Entries come in the order of space and key, so those of one image in one space are neighbours; an image
 * may still be listed twice, as manifest and as blob. Tags name a manifest, and do not keep it. */
static int names_add(void *arg, const struct entry *entry)
{
    struct image_names *names = arg;

    if (!entry_is_in(entry, SPACE_MANIFEST) && !entry_is_in(entry, SPACE_BLOB)) {
        names->others |= !entry_is_in(entry, SPACE_TAG);
        return 0;
    }
    if (names->count && strcmp(names->items[names->count - 1], entry->scope) == 0)
        return 0;
    names->items = xrealloc(names->items, (names->count + 1) * sizeof(*names->items));
    names->items[names->count++] = xstrdup(entry->scope);
    return 0;
}

static void names_of(struct store *store, const struct digest *digest, struct image_names *out)
{
    *out = (struct image_names){.count = 0};
    (void)entry_list_naming(store, digest, names_add, out);
}

static void names_release(struct image_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

/* ---- the unit ---- */

/* For one question, in one repository. */
struct unit_search {
    struct image_units *units;
    const struct repository *repository;
    struct digest_set *seen; /* manifests whose own needs are being looked for, or were */
    int64_t used_at_s;
    int depth;
};

static void add_with_parts(void *arg, const struct digest *digest);

/* The parts that the manifest names, and those of the manifests of this repository among them. */
static void add_parts_of(const struct unit_search *search, const struct part_list *list)
{
    struct unit_search deeper = *search;

    deeper.depth++;
    if (deeper.depth <= UNIT_DEPTH_MAX)
        digest_set_each(list->parts, add_with_parts, &deeper);
}

static void add_with_parts(void *arg, const struct digest *digest)
{
    const struct unit_search *search = arg;
    struct image_units *units = search->units;
    struct blob_row row;

    if (digest_set_has(units->parts, digest) || blob_look(units->store, digest, &row) != 0)
        return;
    digest_set_add(units->parts, digest);
    for (size_t i = 0; i < search->repository->count; i++)
        if (digest_equal(&search->repository->lists[i]->manifest, digest))
            add_parts_of(search, search->repository->lists[i]);
}

/* Adds the manifests that need the blob, by themselves or by another one, to `dying`; false when one of
 * them was used later. `seen` keeps indexes that name each other from multiplying the work. */
static bool find_dying(const struct unit_search *search, const struct digest *digest)
{
    struct image_units *units = search->units;
    struct unit_search deeper = *search;
    struct blob_row row;
    bool goes = true;

    deeper.depth++;
    for (size_t i = 0; goes && i < search->repository->count; i++) {
        const struct part_list *list = search->repository->lists[i];
        if (!digest_set_has(list->parts, digest) ||
            (search->depth && digest_equal(&list->manifest, digest)) ||
            blob_look(units->store, &list->manifest, &row) != 0)
            continue;
        if (row.used_at_s > search->used_at_s)
            return false;
        if (!digest_set_add(search->seen, &list->manifest))
            continue;
        digest_set_add(units->dying, &list->manifest);
        add_parts_of(search, list);
        if (deeper.depth <= UNIT_DEPTH_MAX)
            goes = find_dying(&deeper, &list->manifest);
    }
    return goes;
}

/* Adds the part to the unit unless somebody else needs it: a manifest that stays, of this image or another,
 * or an entry that has nothing to do with images (a file of a package may have the same bytes as a layer).
 * Where a repository has too many manifests to look at, one might. */
static void unit_choose_part(void *arg, const struct digest *digest)
{
    struct image_units *units = arg;
    struct image_names names;
    struct blob_row row;

    names_of(units->store, digest, &names);
    bool needed = names.others;
    for (size_t name = 0; !needed && name < names.count; name++) {
        const struct repository *repository = repository_of(units, names.items[name]);
        needed = repository->too_many;
        for (size_t i = 0; !needed && i < repository->count; i++) {
            const struct part_list *list = repository->lists[i];
            needed = !digest_set_has(units->dying, &list->manifest) && digest_set_has(list->parts, digest) &&
                     blob_look(units->store, &list->manifest, &row) == 0;
        }
    }
    names_release(&names);
    if (!needed)
        digest_set_add(units->out, digest);
}

static bool find_unit(struct image_units *units, const struct image_names *names, const struct digest *digest,
                      int64_t used_at_s)
{
    for (size_t i = 0; i < names->count; i++) {
        struct digest_set *CLEANUP_DIGEST_SET seen = digest_set_new();
        struct unit_search search = {units, repository_of(units, names->items[i]), seen, used_at_s, 0};
        if (search.repository->too_many)
            return true;
        if (!find_dying(&search, digest))
            return false;
    }
    digest_set_each(units->parts, unit_choose_part, units);
    return true;
}

static bool image_units_add(void *arg, const struct digest *digest, int64_t used_at_s, struct digest_set *out)
{
    struct image_units *units = arg;
    struct image_names names;

    if (units->kept_parts > KEPT_PARTS_MAX)
        forget_parts(units);
    names_of(units->store, digest, &names);
    units->dying = digest_set_new();
    units->parts = digest_set_new();
    units->out = out;
    bool goes = find_unit(units, &names, digest, used_at_s);
    digest_set_free(&units->dying);
    digest_set_free(&units->parts);
    names_release(&names);
    forget_repositories(units);
    return goes;
}

static void *image_units_begin(struct store *store)
{
    struct image_units *units = xcalloc(1, sizeof(*units));

    units->store = store;
    return units;
}

static void image_units_end(void *arg)
{
    forget_parts(arg);
    free(arg);
}

const struct store_units image_units = {
    .spaces = {SPACE_MANIFEST, SPACE_BLOB},
    .begin = image_units_begin,
    .end = image_units_end,
    .add = image_units_add,
};
