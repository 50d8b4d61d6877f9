/* The releases of one project: the best file of each for the target, its requirements, and which of them
 * the wishes allow. */
#include <stdlib.h>
#include <string.h>

#include "admin/prefetch/resolve/resolve_private.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/marker.h"
#include "formats/python/project.h"
#include "formats/python/wheel_tag.h"

/* Worse than any tag. */
#define SDIST_RANK 1000000

void pointers_add(struct pointers *pointers, void *item)
{
    if (pointers->count == pointers->capacity) {
        pointers->capacity = pointers->capacity ? 2 * pointers->capacity : 8;
        pointers->items = xrealloc(pointers->items, pointers->capacity * sizeof(*pointers->items));
    }
    pointers->items[pointers->count++] = item;
}

struct resolve_node *search_node(struct resolve_search *search, const char *project, size_t len)
{
    struct resolve_node *node;

    HASH_FIND(hh, search->nodes, project, len, node);
    if (node)
        return node;
    node = arena_alloc(&search->arena, sizeof(*node));
    node->project = arena_strndup(&search->arena, project, len);
    node->order = SIZE_MAX;
    HASH_ADD_KEYPTR(hh, search->nodes, node->project, len, node);
    return node;
}

void nodes_announce(struct resolve_search *search, struct resolve_node *const *nodes, size_t count)
{
    const struct resolve_provider *provider = search->request->provider;
    struct pointers names = {NULL, 0, 0};

    for (size_t i = 0; i < count; i++) {
        if (nodes[i]->announced)
            continue;
        nodes[i]->announced = true;
        pointers_add(&names, (void *)nodes[i]->project);
    }
    if (names.count && provider->coming)
        provider->coming(provider->arg, (const char *const *)names.items, names.count);
    free(names.items);
}

/* ---- files ---- */

/* One file, as its name and the page describe it. */
struct offer {
    const struct page_file *file;
    struct version version;
    struct wheel_name wheel;
    bool is_wheel;
    int rank;
    enum trouble trouble;
};

/* Names of projects may have dashes, so the version begins after the dash before which the text is this
 * project's name. */
static bool read_sdist(const struct resolve_node *node, struct offer *offer)
{
    /* The archives that pip builds. */
    static const char *const suffixes[] = {".tar.gz", ".zip",      ".tar.bz2", ".tgz",
                                           ".tar.xz", ".tar.lzma", ".tar",     ".tbz"};
    const char *filename = offer->file->filename;
    size_t len = 0;

    for (size_t i = 0; !len && i < sizeof(suffixes) / sizeof(*suffixes); i++)
        if (text_ends(filename, suffixes[i]))
            len = strlen(filename) - strlen(suffixes[i]);
    for (size_t i = 1; i + 1 < len; i++) {
        struct buf CLEANUP_BUF name = BUF_INIT;
        if (filename[i] != '-')
            continue;
        project_normalize(filename, i, &name);
        if (strcmp(name.data, node->project) == 0)
            return version_parse(filename + i + 1, len - i - 1, &offer->version, NULL) == 0;
    }
    return false;
}

/* Does requires-python, of a page or of metadata, allow the target's Python? As in pip, one that cannot be
 * read does. */
static bool target_python_fits(const struct resolve_search *search, const char *requires_python)
{
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;

    if (!requires_python || specifier_set_parse(requires_python, strlen(requires_python), &set, NULL) < 0)
        return true;
    return specifier_set_contains(&set, &search->request->target->python, PRERELEASES_ALLOWED);
}

static bool has_hash(const struct page_file *file, const struct resolve_requirement *wanted)
{
    for (size_t i = 0; i < wanted->hash_count; i++) {
        const struct checksum *own = page_file_hash(file, wanted->hashes[i].kind);
        if (own && checksum_equal(own, &wanted->hashes[i]))
            return true;
    }
    return false;
}

static bool hashes_fit(const struct resolve_search *search, const struct resolve_node *node,
                       const struct page_file *file)
{
    for (size_t i = 0; i < node->hashed.count; i++)
        if (!has_hash(file, node->hashed.items[i]))
            return false;
    /* With require_hashes a project that nobody gave a hash for has no file that fits. */
    return node->hashed.count || !search->request->require_hashes;
}

/* False: no version of this project can be read from the file's name. */
static bool read_offer(const struct resolve_search *search, const struct resolve_node *node,
                       const struct page_file *file, struct offer *offer)
{
    offer->file = file;
    offer->is_wheel = filename_is_wheel(file->filename);
    if (offer->is_wheel) {
        if (wheel_name_parse(file->filename, &offer->wheel, NULL) < 0 ||
            strcmp(offer->wheel.project, node->project) != 0)
            return false;
        offer->version = offer->wheel.version;
    } else if (!read_sdist(node, offer)) {
        return false;
    }
    offer->rank =
        offer->is_wheel ? wheel_tags_rank(search->request->target->tags, &offer->wheel) : SDIST_RANK;
    if (offer->is_wheel && !node->wheels)
        offer->trouble = TROUBLE_BINARY;
    else if (offer->rank < 0)
        offer->trouble = TROUBLE_WHEEL;
    else if (!offer->is_wheel && !node->sdists)
        offer->trouble = TROUBLE_SDIST;
    else if (!target_python_fits(search, file->requires_python))
        offer->trouble = TROUBLE_PYTHON;
    else
        offer->trouble = hashes_fit(search, node, file) ? TROUBLE_NONE : TROUBLE_HASH;
    return true;
}

/* ---- releases ---- */

/* Is an offer without trouble better than the file of the release? Of equal ones the last on the page
 * wins, as in pip. */
static bool offer_is_better(const struct offer *offer, const struct release *release)
{
    if (!release->file || offer->file->yanked != release->yanked)
        return !release->file || release->yanked;
    if (offer->rank != release->rank)
        return offer->rank < release->rank;
    return !release->wheel || wheel_name_compare_builds(&offer->wheel, release->wheel) >= 0;
}

static void take_offer(struct resolve_search *search, struct release *release, const struct offer *offer)
{
    if (!release->sdist && !offer->is_wheel && target_python_fits(search, offer->file->requires_python) &&
        hashes_fit(search, release->node, offer->file))
        release->sdist = offer->file;
    /* Kept for the explanation, as long as there is no file that fits. */
    if (offer->trouble != TROUBLE_NONE) {
        if (!release->file && offer->trouble > release->trouble) {
            release->trouble = offer->trouble;
            release->wanted_python = offer->file->requires_python;
        }
        return;
    }
    if (!offer_is_better(offer, release))
        return;
    release->file = offer->file;
    release->yanked = offer->file->yanked;
    release->rank = offer->rank;
    release->trouble = TROUBLE_NONE;
    release->wheel = NULL;
    if (offer->is_wheel) {
        release->wheel = arena_alloc(&search->arena, sizeof(*release->wheel));
        *release->wheel = offer->wheel;
    }
}

/* Equal versions, such as 1.0 and 1.0.0, become neighbours. */
static int newest_first(const void *a, const void *b)
{
    const struct release *const *left = a;
    const struct release *const *right = b;

    return version_compare(&(*right)->version, &(*left)->version, VERSION_WHOLE);
}

/* While a page is read: releases by version as file names spell it. */
struct spelling {
    struct release *release;
    UT_hash_handle hh;
};

static struct release *release_of(struct resolve_search *search, struct resolve_node *node,
                                  const struct version *version, struct spelling **spellings,
                                  struct pointers *releases)
{
    struct spelling *found;

    HASH_FIND_STR(*spellings, version->text, found);
    if (found)
        return found->release;
    struct release *release = arena_alloc(&search->arena, sizeof(*release));
    release->node = node;
    release->version = *version;
    found = arena_alloc(&search->arena, sizeof(*found));
    found->release = release;
    HASH_ADD_KEYPTR(hh, *spellings, release->version.text, strlen(release->version.text), found);
    pointers_add(releases, release);
    return release;
}

/* The better of two releases of equal versions that are spelled differently ("1.0", "1.0.0"), with an sdist
 * if either has one. */
static struct release *merge_releases(struct release *a, struct release *b)
{
    bool second;

    if (!a->file != !b->file)
        second = b->file;
    else if (!a->file)
        second = b->trouble > a->trouble;
    else
        second = a->yanked != b->yanked ? a->yanked : b->rank < a->rank;
    struct release *winner = second ? b : a;
    if (!winner->sdist)
        winner->sdist = second ? a->sdist : b->sdist;
    return winner;
}

static void sort_releases(struct resolve_search *search, struct resolve_node *node, struct pointers *releases)
{
    size_t kept = 0;

    if (!releases->count)
        return;
    qsort(releases->items, releases->count, sizeof(*releases->items), newest_first);
    node->releases = arena_alloc(&search->arena, releases->count * sizeof(*node->releases));
    for (size_t i = 0; i < releases->count; i++) {
        struct release *release = releases->items[i];
        struct release **last = kept ? &node->releases[kept - 1] : NULL;
        if (last && version_compare(&(*last)->version, &release->version, VERSION_WHOLE) == 0)
            *last = merge_releases(*last, release);
        else
            node->releases[kept++] = release;
    }
    node->release_count = kept;
}

static bool names_have(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The project's own entries come before ":all:", and decide alone. */
static void allow_formats(const struct resolve_search *search, struct resolve_node *node)
{
    const struct resolve_formats *formats = &search->request->formats;
    const char *const names[] = {node->project, ":all:"};

    node->wheels = true;
    node->sdists = search->request->sdists;
    for (size_t i = 0; i < 2; i++) {
        bool only_binary = names_have(formats->only_binary, formats->only_binary_count, names[i]);
        bool no_binary = names_have(formats->no_binary, formats->no_binary_count, names[i]);
        if (only_binary)
            node->sdists = false;
        else if (no_binary)
            node->wheels = false;
        if (only_binary || no_binary)
            return;
    }
}

static void read_releases(struct resolve_search *search, struct resolve_node *node, const struct page *page)
{
    struct pointers releases = {NULL, 0, 0};
    struct spelling *spellings = NULL;
    /* One for all files of the page, and not on the stack: its versions and names are arrays. */
    struct offer *CLEANUP_FREE offer = xmalloc(sizeof(*offer));

    for (size_t i = 0; i < page->file_count; i++)
        if (read_offer(search, node, &page->files[i], offer))
            take_offer(search, release_of(search, node, &offer->version, &spellings, &releases), offer);
    HASH_CLEAR(hh, spellings);
    sort_releases(search, node, &releases);
    free(releases.items);
}

int node_load(struct resolve_search *search, struct resolve_node *node)
{
    const struct resolve_provider *provider = search->request->provider;
    struct buf CLEANUP_BUF why = BUF_INIT;
    const struct page *page = NULL;

    if (node->loaded)
        return 0;
    nodes_announce(search, &node, 1);
    enum resolve_supply supply = provider->page(provider->arg, node->project, &page, &why);
    if (supply == RESOLVE_FAILED) {
        buf_set(search->error, "cannot get the page of %s: %s", node->project, why.data);
        return -1;
    }
    node->loaded = true;
    node->exists = supply == RESOLVE_HAVE;
    allow_formats(search, node);
    if (node->exists)
        read_releases(search, node, page);
    return 0;
}

/* ---- metadata ---- */

static void __attribute__((format(printf, 3, 4)))
refuse_release(struct resolve_search *search, struct release *release, const char *format, ...)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    release->refusal = arena_strdup(&search->arena, text.data);
}

int search_applies(const struct resolve_search *search, const struct requirement *requirement,
                   const char *extra, struct buf *error)
{
    struct marker_environment environment = search->request->target->environment;

    environment.extra = extra; /* a copy: the environment of the target is shared */
    return requirement->marker ? marker_evaluate(requirement->marker, &environment, error) : 1;
}

static void check_metadata(struct resolve_search *search, struct release *release)
{
    const struct metadata *metadata = &release->metadata;
    struct buf CLEANUP_BUF why = BUF_INIT;

    if (strcmp(metadata->project, release->node->project) != 0 ||
        version_compare(&metadata->version, &release->version, VERSION_WHOLE) != 0)
        refuse_release(search, release, "has the metadata of %s %s", metadata->name, metadata->version.text);
    else if (!target_python_fits(search, metadata->requires_python))
        refuse_release(search, release, "requires Python %s", metadata->requires_python);
    /* A bad marker rules out the release now: in wish_holds() its requirement would just not hold. */
    for (size_t i = 0; i < metadata->require_count && !release->refusal; i++)
        if (search_applies(search, &metadata->requires[i], NULL, &why) < 0)
            refuse_release(search, release, "has a requirement that cannot be evaluated: %s", why.data);
}

int release_load(struct resolve_search *search, struct release *release)
{
    const struct resolve_provider *provider = search->request->provider;
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct buf CLEANUP_BUF why = BUF_INIT;

    if (release->loaded)
        return 0;
    CHECK(release->file);
    if (search->request->without_deps) {
        release->loaded = true;
        return 0;
    }
    enum resolve_supply supply =
        provider->metadata(provider->arg, release->node->project, release->file, &text, &why);
    if (supply == RESOLVE_FAILED) {
        buf_set(search->error, "cannot get the metadata of %s: %s", release->file->filename, why.data);
        return -1;
    }
    release->loaded = true;
    if (supply == RESOLVE_NONE)
        refuse_release(search, release, "has no metadata: %s", why.data);
    else if (metadata_parse(text.data, text.len, &release->metadata, &why) < 0)
        refuse_release(search, release, "has unusable metadata: %s", why.data);
    else
        check_metadata(search, release);
    if (release->refusal)
        return 0;
    const struct metadata *metadata = &release->metadata;
    release->wishes = arena_alloc(&search->arena, metadata->require_count * sizeof(*release->wishes));
    for (size_t i = 0; i < metadata->require_count; i++) {
        const char *project = metadata->requires[i].project;
        release->wishes[i] = (struct wish){
            .requirement = &metadata->requires[i],
            .parent = release,
            .node = search_node(search, project, strlen(project)),
        };
    }
    return 0;
}

void node_unload(struct resolve_node *node)
{
    for (size_t i = 0; i < node->release_count; i++)
        metadata_release(&node->releases[i]->metadata);
    /* The releases themselves stay in the arena until the search ends. */
    node->release_count = 0;
    node->loaded = false;
}

/* ---- what is wanted of a project ---- */

/* Constraints first, then edges; NULL at the end. */
static const struct specifier_set *specifiers_at(const struct resolve_node *node, size_t i)
{
    const struct wish *wish;

    if (i < node->constraints.count)
        wish = node->constraints.items[i];
    else if (i - node->constraints.count < node->edges.count)
        wish = ((const struct edge *)node->edges.items[i - node->constraints.count])->wish;
    else
        return NULL;
    return &wish->requirement->specifiers;
}

bool node_matches(const struct resolve_node *node, const struct version *version)
{
    const struct specifier_set *set;

    for (size_t i = 0; (set = specifiers_at(node, i)); i++)
        if (!specifier_set_contains(set, version, PRERELEASES_ALLOWED))
            return false;
    return true;
}

bool node_possible(const struct resolve_node *node)
{
    for (size_t i = 0; i < node->release_count; i++)
        if (node->releases[i]->file && node_matches(node, &node->releases[i]->version))
            return true;
    return false;
}

/* PEP 592: "==" or "===", without a wildcard. */
static bool set_pins(const struct specifier_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].op == SPECIFIER_ARBITRARY ||
            (set->items[i].op == SPECIFIER_EQUAL && !set->items[i].wildcard))
            return true;
    return false;
}

/* Is there a final release, among all of them or those that match? */
static bool has_final(const struct resolve_node *node, bool matching)
{
    for (size_t i = 0; i < node->release_count; i++) {
        const struct release *release = node->releases[i];
        if (release->file && !version_is_prerelease(&release->version) &&
            (!matching || node_matches(node, &release->version)))
            return true;
    }
    return false;
}

static bool all_yanked(const struct demand *demand)
{
    const struct resolve_node *node = demand->node;

    for (size_t i = 0; i < node->release_count; i++) {
        const struct release *release = node->releases[i];
        if (release->file && !release->yanked && node_matches(node, &release->version) &&
            (demand->prereleases || !version_is_prerelease(&release->version)))
            return false;
    }
    return true;
}

void demand_init(const struct resolve_search *search, const struct resolve_node *node, struct demand *out)
{
    enum resolve_prereleases policy = search->request->prereleases;
    const struct specifier_set *set;
    bool pinned = false;
    bool any = false;

    *out = (struct demand){.node = node, .prereleases = policy == RESOLVE_PRERELEASES_ALL};
    for (size_t i = 0; (set = specifiers_at(node, i)); i++) {
        any = any || set->count;
        pinned = pinned || set_pins(set);
        out->prereleases = out->prereleases || specifier_set_names_prerelease(set);
    }
    /* pip allows pre-releases of a project without final ones only when no wish names versions, PEP 440
     * also when none matches. */
    if (!out->prereleases && (policy == RESOLVE_PRERELEASES_IF_NEEDED || !any))
        out->prereleases = !has_final(node, any);
    /* After `prereleases`, on which it depends. */
    out->yanked = pinned && all_yanked(out);
}

bool demand_takes(const struct demand *demand, const struct release *release)
{
    return release->file && (demand->yanked || !release->yanked) &&
           (demand->prereleases || !version_is_prerelease(&release->version)) &&
           node_matches(demand->node, &release->version);
}
