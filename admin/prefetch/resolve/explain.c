/* Why no answer exists, in words: one line for each project whose wishes collide, with all of these wishes
 * and the versions that exist. */
#include <string.h>

#include "admin/prefetch/resolve/resolve_private.h"
#include "formats/python/requirement.h"

/* ---- wishes ---- */

void explain_who(const struct wish *wish, struct buf *out)
{
    if (wish->parent)
        buf_printf(out, "%s %s", wish->parent->node->project, wish->parent->version.text);
    else
        buf_add_text(out, wish->origin);
}

/* "werkzeug[async]>=3", without the marker. */
static void print_need(const struct requirement *requirement, struct buf *out)
{
    buf_add_text(out, requirement->project);
    for (size_t i = 0; i < requirement->extra_count; i++)
        buf_printf(out, "%s%s", i ? "," : "[", requirement->extras[i]);
    buf_add_text(out, requirement->extra_count ? "]" : "");
    specifier_set_print(&requirement->specifiers, out);
    if (requirement->url)
        buf_printf(out, " @ %s, by URL, which is not supported", requirement->url);
}

static void print_cause(const struct cause *cause, struct buf *out)
{
    const struct specifier_set *set = &cause->wish->requirement->specifiers;
    bool pins = set->count == 1 && set->items[0].op == SPECIFIER_EQUAL && !set->items[0].wildcard;

    explain_who(cause->wish, out);
    buf_add_text(out, cause->wish->constraint ? " allows only " : pins ? " pins " : " wants ");
    print_need(cause->wish->requirement, out);
    if (cause->alike)
        buf_printf(out, " (as other versions of %s)", cause->wish->parent->node->project);
    if (cause->others)
        buf_printf(out, " (more versions of %s want others)", cause->wish->parent->node->project);
}

/* The wishes of a conflict that speak of one project. */
struct group {
    const struct resolve_search *search;
    const struct conflict *conflict;
    const struct resolve_node *node;
};

static const struct wish *wish_at(const struct group *group, size_t i)
{
    const struct wish *wish = group->conflict->causes[i].wish;

    return wish && wish->node == group->node ? wish : NULL;
}

/* ---- what there is ---- */

static bool wish_takes(const struct wish *wish, const struct release *release)
{
    return specifier_set_contains(&wish->requirement->specifiers, &release->version, PRERELEASES_ALLOWED);
}

static bool all_take(const struct group *group, const struct release *release)
{
    for (size_t i = 0; i < group->conflict->cause_count; i++)
        if (wish_at(group, i) && !wish_takes(wish_at(group, i), release))
            return false;
    return true;
}

static void say_missing_file(const struct resolve_search *search, const struct release *release,
                             struct buf *out)
{
    const char *target = search->request->target->name;

    if (release->trouble == TROUBLE_PYTHON)
        buf_printf(out, "requires Python %s", release->wanted_python);
    else if (release->trouble == TROUBLE_HASH && release->node->hashed.count)
        buf_add_text(out, "has no file with one of the hashes that are listed");
    else if (release->trouble == TROUBLE_HASH)
        buf_add_text(out, "is not listed with a hash, which is required of all");
    /* Of a project with --no-binary only the sdist matters. */
    else if (!release->node->wheels)
        buf_printf(out, "%s, and its wheels may not be used",
                   release->trouble == TROUBLE_SDIST ? "has an sdist, which may not be used"
                                                     : "has no sdist");
    else
        buf_printf(out, "has no wheel for %s%s", target,
                   release->trouble == TROUBLE_SDIST ? ", and its sdist may not be used" : "");
}

/* Appends nothing if the release is fine. */
static void say_trouble(const struct resolve_search *search, const struct release *release, struct buf *out)
{
    if (!release->file)
        say_missing_file(search, release, out);
    else if (release->refusal)
        buf_add_text(out, release->refusal);
    else if (release->yanked)
        buf_add_text(out, "was yanked");
    else if (version_is_prerelease(&release->version) &&
             search->request->prereleases != RESOLVE_PRERELEASES_ALL)
        buf_add_text(out, "is a pre-release");
}

/* At most this many different troubles are reported. */
#define TROUBLES_MAX 3

/* The newest release of each kind of trouble, among those that all wishes allow. */
static void print_troubles(const struct group *group, struct buf *out)
{
    struct buf CLEANUP_BUF last = BUF_INIT;
    size_t told = 0;

    for (size_t i = 0; i < group->node->release_count && told < TROUBLES_MAX; i++) {
        const struct release *release = group->node->releases[i];
        struct buf CLEANUP_BUF trouble = BUF_INIT;
        if (!all_take(group, release))
            continue;
        say_trouble(group->search, release, &trouble);
        /* Neighbours mostly share their trouble: then the newest of them is enough. */
        if (!trouble.len || strcmp(trouble.data, last.data) == 0)
            continue;
        buf_printf(out, "%s%s %s %s", told ? ", " : "; ", group->node->project, release->version.text,
                   trouble.data);
        buf_set(&last, "%s", trouble.data);
        told++;
    }
}

/* Wishes that no version fulfils. */
static void print_unknown_versions(const struct group *group, struct buf *out)
{
    const struct resolve_node *node = group->node;

    for (size_t i = 0; i < group->conflict->cause_count; i++) {
        const struct wish *wish = wish_at(group, i);
        bool known = false;
        for (size_t k = 0; wish && !known && k < node->release_count; k++)
            known = wish_takes(wish, node->releases[k]);
        if (!wish || wish->requirement->url || known)
            continue;
        buf_printf(out, "; no version of %s is ", node->project);
        specifier_set_print(&wish->requirement->specifiers, out);
        buf_printf(out, ", the newest is %s", node->releases[0]->version.text);
    }
}

static void print_group(const struct group *group, struct buf *out)
{
    const struct resolve_node *node = group->node;
    size_t count = 0;

    for (size_t i = 0; i < group->conflict->cause_count; i++) {
        if (!wish_at(group, i))
            continue;
        buf_add_text(out, count == 0 ? "\n  " : count == 1 ? " but " : ", and ");
        print_cause(&group->conflict->causes[i], out);
        count++;
    }
    if (!count)
        buf_printf(out, "\n  %s", node->project);
    if (!node->loaded) /* its page was not asked for, as for a wish by URL */
        return;
    if (!node->exists) {
        buf_printf(out, ", but there is no project %s", node->project);
    } else if (!node->release_count) {
        buf_printf(out, ", but the page of %s has no file of any version", node->project);
    } else {
        print_unknown_versions(group, out);
        print_troubles(group, out);
    }
}

static const struct resolve_node *node_of(const struct cause *cause)
{
    return cause->wish ? cause->wish->node : cause->release->node;
}

void explain_conflict(const struct resolve_search *search, const struct conflict *conflict, struct buf *out)
{
    for (size_t i = 0; i < conflict->cause_count; i++) {
        struct group group = {search, conflict, node_of(&conflict->causes[i])};
        bool told = false;
        for (size_t k = 0; k < i; k++)
            told = told || node_of(&conflict->causes[k]) == group.node;
        /* A project that was told at an earlier cause had all of its causes there. */
        if (!told)
            print_group(&group, out);
    }
}
