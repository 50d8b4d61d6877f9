/* Each list is resolved by itself for each target, since lists are installed by themselves and may
 * contradict each other; packages of lock files are taken as they are. Then follow the build requirements
 * of the sdists among the files, and of the sdists among those, until no new sdist turns up. */
#include "admin/prefetch/packages.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "admin/prefetch/lists/list.h"
#include "admin/prefetch/options.h"
#include "admin/prefetch/resolve/resolve.h"
#include "admin/prefetch/run.h"
#include "admin/prefetch/source.h"
#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/python/page.h"
#include "formats/python/python_target.h"
#include "formats/python/requirement.h"

/* Builds that are needed for other builds: how deep, and how many. A hostile index could make them
 * endless. */
#define BUILD_DEPTH_MAX 20
#define NESTED_BUILDS_MAX 2000

struct build {
    const struct page_file *sdist; /* on the page in the source, where each file exists once */
    size_t depth;                  /* 1: needed itself, not for another build */
    UT_hash_handle hh;
};

/* Each sdist once, in the order of being found: those that planning adds are planned in the same loop. */
struct builds {
    struct build *all;
    size_t nested;
    size_t depth; /* of the build that is being planned; 0: none */
};

/* One list for one target. */
struct package_plan {
    struct prefetch *prefetch;
    const struct wants *wants;
    const struct python_target *target;
    struct builds *builds;
};

/* ---- requests ---- */

static struct resolve_requirement *as_wanted(const struct list_requirement *list, size_t count)
{
    struct resolve_requirement *out = xcalloc(count + 1, sizeof(*out));

    for (size_t i = 0; i < count; i++)
        out[i] = (struct resolve_requirement){
            .requirement = &list[i].requirement,
            .origin = list[i].origin,
            .hashes = list[i].hashes,
            .hash_count = list[i].hash_count,
        };
    return out;
}

/* A request without requirements; `constraints` must live as long. */
static struct resolve_request request_of(const struct package_plan *plan,
                                         const struct resolve_requirement *constraints)
{
    const struct prefetch_options *options = plan->prefetch->options;

    return (struct resolve_request){
        .constraints = constraints,
        .constraint_count = plan->wants->constraint_count,
        .target = plan->target,
        .provider = source_provider(plan->prefetch->source),
        .formats = {plan->wants->only_binary.items, plan->wants->only_binary.count,
                    plan->wants->no_binary.items, plan->wants->no_binary.count},
        .sdists = options->sdist != SDIST_NEVER,
        .without_deps = options->without_deps,
        .require_hashes = plan->wants->require_hashes,
        .prereleases = plan->wants->prereleases ? RESOLVE_PRERELEASES_ALL : RESOLVE_PRERELEASES_PIP,
    };
}

/* ---- what was resolved ---- */

static void add_package_file(struct prefetch *prefetch, const struct page_file *file)
{
    prefetch_add_item(prefetch, ITEM_FILE, source_file_path(file), file->filename, file->size_bytes, NULL);
}

static void add_build(const struct package_plan *plan, const struct page_file *sdist)
{
    struct build *build;

    HASH_FIND_PTR(plan->builds->all, &sdist, build);
    if (build)
        return;
    build = xcalloc(1, sizeof(*build));
    build->sdist = sdist;
    build->depth = plan->builds->depth + 1;
    plan->builds->nested += build->depth > 1;
    HASH_ADD_PTR(plan->builds->all, sdist, build);
}

/* Takes the answer of resolve() or resolve_session_run(). */
static int take_answer(const struct package_plan *plan, int status, struct resolution *resolution,
                       bool builds)
{
    bool always = plan->prefetch->options->sdist == SDIST_ALWAYS;

    if (status < 0)
        return -1;
    for (size_t i = 0; i < resolution->note_count; i++)
        prefetch_note(plan->prefetch, "%s", resolution->notes[i]);
    for (size_t i = 0; i < resolution->count; i++) {
        const struct resolved *item = &resolution->items[i];
        /* With --sdist always it comes in addition to the file that pip would take. */
        bool sdist_too = item->sdist && item->sdist != item->file && always;
        add_package_file(plan->prefetch, item->file);
        if (sdist_too)
            add_package_file(plan->prefetch, item->sdist);
        if (builds && item->sdist && (sdist_too || item->sdist == item->file))
            add_build(plan, item->sdist);
    }
    resolution_free(resolution);
    return 0;
}

/* builds: plan the build requirements of sdists, too. Returns 0; -1 with the reason in `error`. */
static int plan_request(const struct package_plan *plan, const struct resolve_request *request, bool builds,
                        struct buf *error)
{
    struct resolution *resolution;
    int status = resolve(request, &resolution, error);

    return take_answer(plan, status, resolution, builds);
}

/* A requirement that follows from the list, but is not in it. The parsed form may go before the session:
 * resolve_session_run() keeps nothing of it. */
static int plan_text(const struct package_plan *plan, struct resolve_session *session, const char *text,
                     const char *origin, bool builds, struct buf *error)
{
    struct requirement CLEANUP_REQUIREMENT requirement = {.name = NULL};
    struct resolution *resolution;

    if (requirement_parse(text, strlen(text), &requirement, error) < 0)
        return -1;
    const struct resolve_requirement wanted = {.requirement = &requirement, .origin = origin};
    int status = resolve_session_run(session, &wanted, 1, &resolution, error);
    return take_answer(plan, status, resolution, builds);
}

/* ---- builds ---- */

/* The build requirements of one sdist are resolved together, as pip installs them into one environment. */
static void plan_build(const struct package_plan *plan, const struct page_file *sdist)
{
    const struct resolve_provider *provider = source_provider(plan->prefetch->source);
    struct resolve_request request = request_of(plan, NULL);
    struct buf CLEANUP_BUF error = BUF_INIT;
    size_t count = 0;
    size_t good = 0;

    /* Only for the build requirements; the resolver has asked before, unless dependencies were left out. */
    (void)provider->metadata(provider->arg, "", sdist, &error, &error);
    const char *const *requires = source_build_requires(plan->prefetch->source, sdist);
    while (requires && requires[count])
        count++;
    struct requirement *CLEANUP_FREE parsed = xcalloc(count + 1, sizeof(*parsed));
    struct resolve_requirement *CLEANUP_FREE wanted = xcalloc(count + 1, sizeof(*wanted));
    char *CLEANUP_FREE origin = xasprintf("the build of %s", sdist->filename);
    buf_reset(&error);
    for (size_t i = 0; i < count; i++) {
        if (requirement_parse(requires[i], strlen(requires[i]), &parsed[good], &error) < 0) {
            prefetch_fail(plan->prefetch, "%s: %s", origin, error.data);
            requirement_release(&parsed[good]);
            continue;
        }
        wanted[good] = (struct resolve_requirement){.requirement = &parsed[good], .origin = origin};
        good++;
    }
    request.requirements = wanted;
    request.requirement_count = good;
    /* The demands of the list are for its packages, not for the tools that build them. */
    request.constraint_count = 0;
    request.require_hashes = false;
    request.without_deps = false;
    buf_reset(&error);
    if (good && plan_request(plan, &request, true, &error) < 0)
        prefetch_fail(plan->prefetch, "%s", error.data);
    for (size_t i = 0; i < good; i++)
        requirement_release(&parsed[i]);
}

/* Each build is resolved by itself, since pip builds each sdist in an environment of its own. */
static void plan_builds(const struct package_plan *plan)
{
    struct builds *builds = plan->builds;

    for (struct build *build = builds->all; build && !prefetch_stopped(plan->prefetch);
         build = build->hh.next) {
        builds->depth = build->depth;
        if (build->depth > BUILD_DEPTH_MAX || builds->nested > NESTED_BUILDS_MAX) {
            prefetch_fail(plan->prefetch,
                          "%s is needed to build something that is needed to build something else, and so "
                          "on: more than "
                          "%d deep, or more than %d of them",
                          build->sdist->filename, BUILD_DEPTH_MAX, NESTED_BUILDS_MAX);
            return;
        }
        plan_build(plan, build->sdist);
    }
}

/* ---- requirements ---- */

/* Was every line of the text reported before? */
static bool said_already(const char *text, const char *before)
{
    size_t len;

    for (const char *rest = text, *line; (line = text_next(&rest, '\n', &len));) {
        char *CLEANUP_FREE copy = xstrndup(line, len);
        if (!strstr(before, copy))
            return false;
    }
    return true;
}

/* With --keep-going, when all requirements together have no answer, which was reported: each by itself. */
static void plan_each(const struct package_plan *plan, const struct resolve_request *all, const char *why)
{
    for (size_t i = 0; i < all->requirement_count && !prefetch_stopped(plan->prefetch); i++) {
        struct buf CLEANUP_BUF error = BUF_INIT;
        struct resolve_request one = *all;
        one.requirements = &all->requirements[i];
        one.requirement_count = 1;
        if (plan_request(plan, &one, true, &error) < 0 && !said_already(error.data, why))
            prefetch_fail(plan->prefetch, "%s", error.data);
    }
}

/* The versions of one requirement, for --versions. */
struct versions {
    struct prefetch *prefetch;
    char **items;
    size_t count;
};

static int take_version(void *arg, const char *version)
{
    struct versions *versions = arg;

    versions->items = xrealloc(versions->items, (versions->count + 1) * sizeof(*versions->items));
    versions->items[versions->count++] = xstrdup(version);
    return (int64_t)versions->count >= versions->prefetch->options->versions;
}

/* An old version may depend on files that no longer exist: then it is fetched without its dependencies. */
static void plan_version(const struct package_plan *plan, struct resolve_session *whole,
                         struct resolve_session *alone, const struct requirement *requirement,
                         const char *version)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    struct buf CLEANUP_BUF error = BUF_INIT;

    buf_add_text(&text, requirement->name);
    for (size_t i = 0; i < requirement->extra_count; i++)
        buf_printf(&text, "%c%s", i ? ',' : '[', requirement->extras[i]);
    buf_printf(&text, "%s==%s", requirement->extra_count ? "]" : "", version);
    if (plan_text(plan, whole, text.data, "--versions", true, &error) == 0)
        return;
    prefetch_note(plan->prefetch, "%s is fetched without its dependencies: %s", text.data, error.data);
    if (plan_text(plan, alone, text.data, "--versions", false, &error) < 0)
        prefetch_fail(plan->prefetch, "%s", error.data);
}

static void plan_versions(const struct package_plan *plan, const struct resolve_request *all)
{
    struct resolve_request one = *all;
    /* With dependencies and without. Sessions read each page once for all versions. */
    struct resolve_session *whole = resolve_session_new(&one);

    one.without_deps = true;
    struct resolve_session *alone = resolve_session_new(&one);
    one.without_deps = all->without_deps;
    one.requirement_count = 1;
    for (size_t i = 0; i < all->requirement_count; i++) {
        const struct requirement *requirement = all->requirements[i].requirement;
        struct versions versions = {.prefetch = plan->prefetch};
        struct buf CLEANUP_BUF error = BUF_INIT;
        one.requirements = &all->requirements[i];
        if (resolve_each_version(&one, requirement->project, take_version, &versions, &error) < 0)
            prefetch_fail(plan->prefetch, "%s", error.data);
        for (size_t k = 0; k < versions.count; k++) {
            if (!prefetch_stopped(plan->prefetch))
                plan_version(plan, whole, alone, requirement, versions.items[k]);
            free(versions.items[k]);
        }
        free(versions.items);
    }
    resolve_session_free(&whole);
    resolve_session_free(&alone);
}

static void plan_requirements(const struct package_plan *plan)
{
    const struct wants *wants = plan->wants;
    struct resolve_requirement *CLEANUP_FREE wanted =
        as_wanted(wants->requirements, wants->requirement_count);
    struct resolve_requirement *CLEANUP_FREE constraints =
        as_wanted(wants->constraints, wants->constraint_count);
    struct resolve_request request = request_of(plan, constraints);
    struct buf CLEANUP_BUF error = BUF_INIT;

    request.requirements = wanted;
    request.requirement_count = wants->requirement_count;
    if (plan_request(plan, &request, true, &error) < 0) {
        prefetch_fail(plan->prefetch, "%s", error.data);
        if (plan->prefetch->options->keep_going)
            plan_each(plan, &request, error.data);
    } else if (plan->prefetch->options->versions > 1) {
        plan_versions(plan, &request);
    }
}

/* ---- lock files ---- */

static void append_hashes(struct checksum **out, size_t *count, const struct checksum *hashes,
                          size_t hash_count)
{
    *out = xrealloc(*out, (*count + hash_count + 1) * sizeof(**out));
    if (hash_count)
        memcpy(*out + *count, hashes, hash_count * sizeof(*hashes));
    *count += hash_count;
}

/* The hashes of all its files: resolving then picks the one of these files that suits the target. */
static struct checksum *hashes_of(const struct list_package *package, size_t *count)
{
    struct checksum *out = NULL;

    *count = 0;
    for (size_t i = 0; i < package->file_count; i++)
        append_hashes(&out, count, package->files[i].hashes, package->files[i].hash_count);
    append_hashes(&out, count, package->hashes, package->hash_count);
    return out;
}

static void plan_package(const struct package_plan *plan, const struct list_package *package)
{
    struct requirement CLEANUP_REQUIREMENT requirement = {.name = NULL};
    struct resolve_request request = request_of(plan, NULL);
    struct buf CLEANUP_BUF error = BUF_INIT;
    size_t hash_count;
    struct checksum *CLEANUP_FREE hashes = hashes_of(package, &hash_count);
    const char *version = package->version;
    /* A version that is not valid by PEP 440 is compared as text, by "===". */
    bool proper =
        version && version_parse(version, strlen(version), &(struct version){.pre_kind = 0}, NULL) == 0;
    char *CLEANUP_FREE text = version ? xasprintf("%s%s%s", package->project, proper ? "==" : "===", version)
                                      : xstrdup(package->project);

    if (requirement_parse(text, strlen(text), &requirement, &error) < 0) {
        prefetch_fail(plan->prefetch, "%s: %s", package->origin, error.data);
        return;
    }
    const struct resolve_requirement wanted = {
        .requirement = &requirement, .origin = package->origin, .hashes = hashes, .hash_count = hash_count};
    request.requirements = &wanted;
    request.requirement_count = 1;
    request.constraint_count = 0;
    /* The lock file has the dependencies as packages of its own, chosen together with this one. */
    request.without_deps = true;
    request.require_hashes = hash_count > 0;
    if (plan_request(plan, &request, !plan->prefetch->options->without_deps, &error) < 0)
        prefetch_fail(plan->prefetch, "%s", error.data);
}

static void plan_packages(const struct package_plan *plan)
{
    const struct resolve_provider *provider = source_provider(plan->prefetch->source);
    const struct wants *wants = plan->wants;
    bool *CLEANUP_FREE applies = xcalloc(wants->package_count + 1, sizeof(*applies));
    struct buf CLEANUP_BUF error = BUF_INIT;

    if (wants_select(wants, &plan->target->environment, applies, &error) < 0) {
        prefetch_fail(plan->prefetch, "%s", error.data);
        return;
    }
    /* Asks for all pages before the first one is waited for. */
    for (size_t i = 0; i < wants->package_count; i++)
        if (applies[i])
            provider->coming(provider->arg, &wants->packages[i].project, 1);
    for (size_t i = 0; i < wants->package_count && !prefetch_stopped(plan->prefetch); i++)
        if (applies[i])
            plan_package(plan, &wants->packages[i]);
}

/* ---- targets ---- */

static void plan_target(struct prefetch *prefetch, const struct python_target *target)
{
    for (size_t i = 0; i < prefetch->wants_count && !prefetch_stopped(prefetch); i++) {
        struct builds builds = {.all = NULL};
        struct build *build, *next;
        const struct package_plan plan = {prefetch, &prefetch->wants[i], target, &builds};
        if (plan.wants->requirement_count)
            plan_requirements(&plan);
        if (plan.wants->package_count)
            plan_packages(&plan);
        plan_builds(&plan);
        HASH_ITER (hh, builds.all, build, next) {
            HASH_DEL(builds.all, build);
            free(build);
        }
    }
}

static bool wants_pypi(const struct prefetch *prefetch)
{
    for (size_t i = 0; i < prefetch->wants_count; i++)
        if (prefetch->wants[i].requirement_count || prefetch->wants[i].package_count)
            return true;
    return false;
}

void prefetch_plan_packages(struct prefetch *prefetch)
{
    const struct prefetch_options *options = prefetch->options;
    size_t count = wants_pypi(prefetch) ? options->python_count * options->platform_count : 0;

    if (wants_pypi(prefetch) && !options->python_count)
        prefetch_fail(prefetch,
                      "the versions of Python that the packages are for are not known: name them with "
                      "--python (python = in mirror.conf)");
    for (size_t i = 0; i < count && !prefetch_stopped(prefetch); i++) {
        struct python_target CLEANUP_PYTHON_TARGET target;
        struct buf CLEANUP_BUF error = BUF_INIT;
        if (python_target_init(options->pythons[i / options->platform_count], options->implementation,
                               options->platforms[i % options->platform_count], &target, &error) < 0)
            prefetch_fail(prefetch, "%s", error.data);
        else
            plan_target(prefetch, &target);
    }
}
