/* No state: what was read of the repositories lives for one call. */
#include "proxy/image_unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest_set.h"
#include "base/memory.h"
#include "proxy/image_parts.h"
#include "proxy/registry.h"
#include "storage/keep.h"

struct part_list {
    struct digest manifest;
    struct digest_set *parts; /* itself included */
};

/* The manifests of a repository that are held. */
struct repository {
    struct repository *next;
    char *name;
    struct part_list *manifests;
    size_t count;
    bool too_many;
};

struct unit {
    struct store *store;
    struct repository *repositories; /* read so far */
    struct digest_set *dying;        /* manifests */
    struct digest_set *out;
};

/* ---- repositories ---- */

static int add_manifest(void *arg, const struct entry *entry)
{
    struct repository *repository = arg;

    if (!entry->has_digest)
        return 0;
    if (repository->count == IMAGE_UNIT_MANIFESTS_MAX) {
        repository->too_many = true;
        return 1;
    }
    repository->manifests[repository->count++].manifest = entry->digest;
    return 0;
}

static void add_part(void *set, const struct digest *digest)
{
    digest_set_add(set, digest);
}

static const struct repository *repository_of(struct unit *unit, const char *name)
{
    struct repository *repository = unit->repositories;

    while (repository && strcmp(repository->name, name) != 0)
        repository = repository->next;
    if (repository)
        return repository;
    repository = xcalloc(1, sizeof(*repository));
    repository->name = xstrdup(name);
    repository->manifests = xcalloc(IMAGE_UNIT_MANIFESTS_MAX, sizeof(*repository->manifests));
    repository->next = unit->repositories;
    unit->repositories = repository;
    (void)entry_list(unit->store, SPACE_MANIFEST, name, add_manifest, repository);
    for (size_t i = 0; !repository->too_many && i < repository->count; i++) {
        struct part_list *list = &repository->manifests[i];
        list->parts = digest_set_new();
        image_each_part_of(unit->store, &list->manifest, add_part, list->parts);
    }
    return repository;
}

static void forget_repositories(struct unit *unit)
{
    while (unit->repositories) {
        struct repository *repository = unit->repositories;
        unit->repositories = repository->next;
        for (size_t i = 0; i < repository->count; i++)
            digest_set_free(&repository->manifests[i].parts);
        free(repository->manifests);
        free(repository->name);
        free(repository);
    }
}

/* ---- which repositories have a blob ---- */

struct names {
    char **items;
    size_t count;
    bool others; /* something else than an image has it too */
};

static int add_name(void *arg, const struct entry *entry)
{
    struct names *names = arg;

    if (strcmp(entry->space, SPACE_MANIFEST) != 0 && strcmp(entry->space, SPACE_BLOB) != 0) {
        names->others |= strcmp(entry->space, SPACE_TAG) != 0;
        return 0;
    }
    if (names->count && strcmp(names->items[names->count - 1], entry->scope) == 0)
        return 0;
    names->items = xrealloc(names->items, (names->count + 1) * sizeof(*names->items));
    names->items[names->count++] = xstrdup(entry->scope);
    return 0;
}

static void names_of(struct store *store, const struct digest *digest, struct names *out)
{
    *out = (struct names){.count = 0};
    (void)entry_of_blob(store, digest, add_name, out);
}

static void forget_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

/* ---- the unit ---- */

static void add_if_held(void *arg, const struct digest *digest)
{
    struct unit *unit = arg;
    struct blob_row row;

    if (blob_look(unit->store, digest, &row) == 0)
        digest_set_add(unit->out, digest);
}

/* Those that need the blob: false when one of them was used later. */
static bool find_dying(struct unit *unit, const struct repository *repository, const struct digest *digest,
                       int64_t used_at_s)
{
    struct blob_row row;

    for (size_t i = 0; i < repository->count; i++) {
        const struct part_list *list = &repository->manifests[i];
        if (!digest_set_has(list->parts, digest) || blob_look(unit->store, &list->manifest, &row) != 0)
            continue;
        if (row.used_at_s > used_at_s)
            return false;
        digest_set_add(unit->dying, &list->manifest);
        digest_set_each(list->parts, add_if_held, unit);
    }
    return true;
}

static bool needed_in(struct unit *unit, const struct repository *repository, const struct digest *digest)
{
    struct blob_row row;

    if (repository->too_many)
        return true;
    for (size_t i = 0; i < repository->count; i++) {
        const struct part_list *list = &repository->manifests[i];
        if (!digest_set_has(unit->dying, &list->manifest) && digest_set_has(list->parts, digest) &&
            blob_look(unit->store, &list->manifest, &row) == 0)
            return true;
    }
    return false;
}

struct choice {
    struct unit *unit;
    struct digest_set *out;
};

static void choose(void *arg, const struct digest *digest)
{
    struct choice *choice = arg;
    struct names names;

    names_of(choice->unit->store, digest, &names);
    bool needed = names.others;
    for (size_t i = 0; !needed && i < names.count; i++)
        needed = needed_in(choice->unit, repository_of(choice->unit, names.items[i]), digest);
    forget_names(&names);
    if (!needed)
        digest_set_add(choice->out, digest);
}

bool image_unit_of(struct store *store, const struct digest *digest, int64_t used_at_s,
                   struct digest_set *out)
{
    struct names names;

    names_of(store, digest, &names);
    if (!names.count)
        return true;
    struct digest_set *CLEANUP_DIGEST_SET dying = digest_set_new();
    struct digest_set *CLEANUP_DIGEST_SET parts = digest_set_new();
    struct unit unit = {.store = store, .dying = dying, .out = parts};
    bool goes = true;
    bool alone = false;
    for (size_t i = 0; goes && !alone && i < names.count; i++) {
        const struct repository *repository = repository_of(&unit, names.items[i]);
        alone = repository->too_many;
        goes = alone || find_dying(&unit, repository, digest, used_at_s);
    }
    struct choice choice = {&unit, out};
    if (goes && !alone)
        digest_set_each(parts, choose, &choice);
    forget_names(&names);
    forget_repositories(&unit);
    return goes;
}
