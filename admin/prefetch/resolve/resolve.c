/* The search: chooses a release of one project after the other, newest first, and goes back where that leads
 * to a dead end.
 *
 * State: `levels`, one for each choice, and `trail`, the wishes that the user and then the choices
 * brought. Undoing a choice takes its part off the trail. When a choice collides with an earlier one, of a
 * project that has other releases, that project is deferred: the search resumes before it was chosen, and
 * chooses it later. Each pair of projects does that once, so it ends. Every other dead end blames the
 * choices that led to it, and the search resumes at the last of those (conflict-directed backjumping), not
 * just one choice back: between them there may be hundreds of unrelated projects. */
#include "admin/prefetch/resolve/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "admin/prefetch/resolve/resolve_private.h"
#include "base/check.h"
#include "base/memory.h"
#include "formats/python/requirement.h"

/* One choice. levels[0] is that of level 1. */
struct level {
    struct resolve_node *node;
    struct release **candidates; /* best first */
    size_t count;
    size_t next;
    size_t trail_count; /* before this choice */
    struct conflict conflict;
};

/* ---- undoing ---- */

/* In reverse order, so each edge is the last one of its project. */
static void undo_trail(struct resolve_search *search, size_t count)
{
    while (search->trail.count > count) {
        struct edge *edge = search->trail.items[--search->trail.count];
        struct resolve_node *node = edge->wish->node;
        struct pointers *list = edge->extra ? &node->extras : &node->edges;
        CHECK(list->items[list->count - 1] == edge);
        list->count--;
        free(edge);
    }
}

static void undo_pin(struct resolve_search *search, struct level *level)
{
    undo_trail(search, level->trail_count);
    level->node->pin = NULL;
    level->node->level = 0;
}

static void pop_level(struct resolve_search *search)
{
    struct level *level = search->levels.items[--search->levels.count];

    undo_pin(search, level);
    conflict_release(&level->conflict);
    free(level->candidates);
    free(level);
}

/* ---- wishes ---- */

/* Projects whose wishes must be looked through, since they were just chosen or got an extra. */
struct work {
    struct resolve_search *search;
    struct resolve_node *chooser; /* NULL: the user */
    struct conflict *conflict;
    struct pointers nodes;
};

static void push_edge(struct work *work, const struct wish *wish, const struct edge *because,
                      const char *extra)
{
    struct edge *edge = xcalloc(1, sizeof(*edge));

    *edge = (struct edge){.wish = wish, .because = because, .extra = extra};
    pointers_add(extra ? &wish->node->extras : &wish->node->edges, edge);
    pointers_add(&work->search->trail, edge);
}

/* A project that gets an extra later is looked through again: wishes that hold already are left alone. */
static const struct edge *find_edge(const struct pointers *edges, const struct wish *wish)
{
    for (size_t i = 0; i < edges->count; i++) {
        const struct edge *edge = edges->items[i];
        if (edge->wish == wish)
            return edge;
    }
    return NULL;
}

static bool has_extra(const struct resolve_node *node, const char *extra)
{
    for (size_t i = 0; i < node->extras.count; i++)
        if (strcmp(((const struct edge *)node->extras.items[i])->extra, extra) == 0)
            return true;
    return false;
}

static void want_extras(struct work *work, const struct edge *edge)
{
    const struct requirement *requirement = edge->wish->requirement;
    struct resolve_node *node = edge->wish->node;
    bool more = false;

    for (size_t i = 0; i < requirement->extra_count; i++) {
        if (has_extra(node, requirement->extras[i]))
            continue;
        push_edge(work, edge->wish, edge, requirement->extras[i]);
        more = true;
    }
    if (more && node->pin) /* the extra may bring wishes of the release that did not hold before */
        pointers_add(&work->nodes, node);
}

static bool any_taken(const struct demand *demand)
{
    for (size_t i = 0; i < demand->node->release_count; i++)
        if (demand_takes(demand, demand->node->releases[i]))
            return true;
    return false;
}

static bool found_fault_before(const struct resolve_node *node, const struct resolve_node *chooser)
{
    for (size_t i = 0; i < node->found_fault.count; i++)
        if (node->found_fault.items[i] == chooser)
            return true;
    return false;
}

/* A new edge does not allow the release that was chosen before. */
static void blame_pin(struct work *work, const struct edge *edge, const struct demand *demand)
{
    struct resolve_node *node = edge->wish->node;
    const struct specifier_set *set = &edge->wish->requirement->specifiers;
    bool others = any_taken(demand);

    CHECK(node); /* every wish that has an edge has its project */
    /* Choosing it later can only help if another release fits, and happens once for each chooser. */
    if (node != work->chooser && others && !found_fault_before(node, work->chooser))
        work->conflict->defer = node;
    /* If no release fits, choosing this project again would not help: only the wishes are to blame. */
    if (others)
        conflict_blame_level(work->conflict, node->level);
    if (others && !specifier_set_contains(set, &node->pin->version, PRERELEASES_ALLOWED))
        conflict_blame(work->conflict, edge);
    else
        conflict_blame_node(work->conflict, node);
    conflict_tell(work->conflict, edge->wish, NULL);
    for (size_t i = 0; i < node->edges.count; i++)
        conflict_tell(work->conflict, ((const struct edge *)node->edges.items[i])->wish, NULL);
}

/* 1: the wish is compatible with the others. 0: it is not, see the conflict. -1: the provider failed. */
static int add_wish(struct work *work, const struct wish *wish, const struct edge *because)
{
    struct resolve_node *node = wish->node;
    struct demand demand;

    push_edge(work, wish, because, NULL);
    const struct edge *edge = node->edges.items[node->edges.count - 1];
    if (wish->requirement->url) { /* it rules out the release that has it */
        conflict_blame(work->conflict, edge);
        conflict_tell(work->conflict, wish, NULL);
        return 0;
    }
    if (node_load(work->search, node) < 0)
        return -1;
    demand_init(work->search, node, &demand);
    /* Noticed before the project is chosen: a dead end that is certain need not be walked into. */
    if (!node->pin && !node_possible(node)) {
        conflict_blame_node(work->conflict, node);
        return 0;
    }
    if (node->pin && !demand_takes(&demand, node->pin)) {
        blame_pin(work, edge, &demand);
        return 0;
    }
    want_extras(work, edge);
    return 1;
}

/* Does a wish of the chosen release hold, either without an extra or for the one in *because? */
static bool wish_holds(const struct resolve_search *search, const struct resolve_node *node,
                       const struct wish *wish, const struct edge **because)
{
    *because = NULL;
    if (search_applies(search, wish->requirement, NULL, NULL) > 0)
        return true;
    for (size_t i = 0; i < node->extras.count; i++) {
        *because = node->extras.items[i];
        if (metadata_has_extra(&node->pin->metadata, (*because)->extra) &&
            search_applies(search, wish->requirement, (*because)->extra, NULL) > 0)
            return true;
    }
    return false;
}

/* Adds the wishes of a chosen release that hold and were not added before. All pages are announced before
 * the first one is waited for, so that they are fetched at the same time. */
static int add_wishes(struct work *work, const struct resolve_node *node)
{
    const struct release *release = node->pin;
    size_t count = release->metadata.require_count;
    struct resolve_node **CLEANUP_FREE coming = xcalloc(count + 1, sizeof(*coming));
    bool *CLEANUP_FREE held = xcalloc(count + 1, sizeof(*held));
    const struct edge **CLEANUP_FREE because = xcalloc(count + 1, sizeof(*because));
    size_t coming_count = 0;
    int status = 1;

    for (size_t i = 0; i < count; i++) {
        const struct wish *wish = &release->wishes[i];
        held[i] = !find_edge(&wish->node->edges, wish) && wish_holds(work->search, node, wish, &because[i]);
        if (held[i] && !wish->requirement->url)
            coming[coming_count++] = wish->node;
    }
    nodes_announce(work->search, coming, coming_count);
    for (size_t i = 0; i < count && status > 0; i++)
        if (held[i])
            status = add_wish(work, &release->wishes[i], because[i]);
    return status;
}

/* ---- what to choose next ---- */

/* Compared in this order, as an array of size_t; the smaller one is chosen first. From `unpinned` on the
 * order is pip's. */
struct preference {
    size_t passed_over; /* has no candidates now, which other choices may change */
    size_t deferred;
    size_t unpinned;
    size_t blameless; /* was not part of the last dead end */
    size_t depth;
    size_t order;
    size_t free;
};
#define PREFERENCES (sizeof(struct preference) / sizeof(size_t))

static bool pinned_by(const struct specifier_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].op == SPECIFIER_EQUAL || set->items[i].op == SPECIFIER_ARBITRARY)
            return true;
    return false;
}

static struct preference preference_of(const struct resolve_search *search, struct resolve_node *node)
{
    struct preference out = {
        .passed_over = node->passed_over == search->choices,
        .deferred = node->deferred,
        .unpinned = true,
        .blameless = !search->failures || node->failure != search->failures,
        .depth = SIZE_MAX,
        .order = node->order,
        .free = true,
    };

    for (size_t i = 0; i < node->edges.count; i++) {
        const struct wish *wish = ((const struct edge *)node->edges.items[i])->wish;
        size_t depth = wish->parent ? wish->parent->node->depth + 1 : 1;
        out.depth = depth < out.depth ? depth : out.depth;
        out.unpinned = out.unpinned && !pinned_by(&wish->requirement->specifiers);
        out.free = out.free && !wish->requirement->specifiers.count;
    }
    node->depth = out.depth;
    return out;
}

static int compare_preferences(const struct resolve_node *a, const struct preference *a_preference,
                               const struct resolve_node *b, const struct preference *b_preference)
{
    const size_t *left = (const size_t *)a_preference;
    const size_t *right = (const size_t *)b_preference;

    for (size_t i = 0; i < PREFERENCES; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return strcmp(a->project, b->project);
}

/* The project to choose next; NULL: all are chosen. */
static struct resolve_node *preferred(struct resolve_search *search)
{
    struct resolve_node *best = NULL;
    struct preference best_preference;

    for (struct resolve_node *node = search->nodes; node; node = node->hh.next) {
        if (node->pin || !node->edges.count)
            continue;
        struct preference preference = preference_of(search, node);
        if (best && compare_preferences(best, &best_preference, node, &preference) < 0)
            continue;
        best = node;
        best_preference = preference;
    }
    return best;
}

/* Starts a level for the next project; false: all are chosen. One without candidates is a dead end only if
 * all the others have none either. */
static bool push_level(struct resolve_search *search)
{
    struct resolve_node *node;
    struct demand demand;

    search->choices++;
    while ((node = preferred(search))) {
        struct level *level = xcalloc(1, sizeof(*level));
        level->node = node;
        level->trail_count = search->trail.count;
        level->candidates = xcalloc(node->release_count + 1, sizeof(struct release *));
        demand_init(search, node, &demand);
        for (size_t i = 0; i < node->release_count; i++)
            if (demand_takes(&demand, node->releases[i]))
                level->candidates[level->count++] = node->releases[i];
        if (level->count || node->passed_over == search->choices) {
            pointers_add(&search->levels, level);
            return true;
        }
        node->passed_over = search->choices;
        free(level->candidates);
        free(level);
    }
    return false;
}

/* ---- choosing ---- */

/* 1: chosen. 0: there is a conflict. -1: error. */
static int choose_release(struct resolve_search *search, struct level *level, struct release *release,
                          struct conflict *conflict)
{
    struct work work = {.search = search, .chooser = level->node, .conflict = conflict};

    if (release_load(search, release) < 0)
        return -1;
    /* After loading, which makes a node for each project that the release names. */
    if (HASH_COUNT(search->nodes) > RESOLVE_PROJECTS_MAX) {
        buf_set(search->error, "cannot resolve the requirements: they lead to more than %d projects",
                RESOLVE_PROJECTS_MAX);
        return -1;
    }
    if (release->refusal) {
        conflict_tell(conflict, NULL, release);
        return 0;
    }
    level->node->pin = release;
    level->node->level = search->levels.count;
    pointers_add(&work.nodes, level->node);
    int status = 1;
    while (status > 0 && work.nodes.count)
        status = add_wishes(&work, work.nodes.items[--work.nodes.count]);
    free(work.nodes.items);
    return status;
}

static int __attribute__((format(printf, 3, 4)))
no_answer(struct resolve_search *search, const struct conflict *conflict, const char *format, ...)
{
    va_list args;

    buf_reset(search->error);
    va_start(args, format);
    buf_vprintf(search->error, format, args);
    va_end(args);
    explain_conflict(search, conflict, search->error);
    return -1;
}

static int no_versions(struct resolve_search *search, const struct conflict *conflict)
{
    return no_answer(search, conflict,
                     "no versions fit the requirements for %s:", search->request->target->name);
}

/* Marks the projects of a dead end: they are chosen first from now on, so that the next dead end comes
 * early. */
static void mark_failure(struct resolve_search *search, const struct conflict *conflict)
{
    search->failures++;
    for (size_t i = 0; i < conflict->cause_count; i++) {
        const struct wish *wish = conflict->causes[i].wish;
        if (!wish)
            continue;
        wish->node->failure = search->failures;
        if (wish->parent)
            wish->parent->node->failure = search->failures;
    }
}

/* The last level has no candidates left: goes back to the last one before it that is to blame. */
static int search_go_back(struct resolve_search *search)
{
    struct level *level = search->levels.items[search->levels.count - 1];
    struct conflict conflict = level->conflict;
    int status = 0;

    memset(&level->conflict, 0, sizeof(level->conflict)); /* taken over: pop_level() frees the level */
    conflict_blame_node(&conflict, level->node);
    pop_level(search);
    size_t last = conflict_last_level(&conflict);
    mark_failure(search, &conflict);
    if (!last) {
        status = no_versions(search, &conflict);
    } else {
        while (search->levels.count > last)
            pop_level(search);
        level = search->levels.items[last - 1];
        /* That choice is changed now. Its next dead end is blamed on the levels before it. */
        conflict.levels[last] = false;
        conflict_merge(&level->conflict, &conflict);
        undo_pin(search, level);
    }
    conflict_release(&conflict);
    return status;
}

/* Tries the next candidate of the last level. */
static int search_step(struct resolve_search *search)
{
    struct level *level = search->levels.items[search->levels.count - 1];
    size_t max = search->request->steps_max ? search->request->steps_max : RESOLVE_STEPS_DEFAULT;
    struct conflict conflict = {0};

    if (level->next == level->count)
        return search_go_back(search);
    if (search->steps++ >= max)
        return no_answer(
            search, &level->conflict,
            "gave up resolving the requirements for %s after %zu steps, at %s: pin or constrain some "
            "versions",
            search->request->target->name, max, level->node->project);
    int status = choose_release(search, level, level->candidates[level->next++], &conflict);
    if (status == 0 && conflict.defer) {
        /* The project of an earlier choice is chosen later, after the one of this level. */
        size_t before = conflict.defer->level;
        pointers_add(&conflict.defer->found_fault, level->node);
        conflict.defer->deferred = ++search->deferrals;
        while (search->levels.count >= before)
            pop_level(search);
        status = 1;
    } else if (status == 0) {
        undo_pin(search, level);
        /* The next candidate of this level is tried anyway, so the level itself is not to blame. */
        if (search->levels.count < conflict.level_capacity)
            conflict.levels[search->levels.count] = false;
        conflict_merge(&level->conflict, &conflict);
    }
    conflict_release(&conflict);
    return status;
}

/* ---- beginning ---- */

/* 1: a requirement of the user's holds for the target. */
static int check_wish(struct resolve_search *search, const struct resolve_requirement *wanted,
                      bool constraint)
{
    const struct requirement *requirement = wanted->requirement;
    struct buf CLEANUP_BUF why = BUF_INIT;
    int applies = search_applies(search, requirement, NULL, &why);

    if (applies < 0)
        buf_set(search->error, "%s: the marker of %s cannot be evaluated: %s", wanted->origin,
                requirement->name, why.data);
    else if (applies && requirement->url)
        buf_set(search->error, "%s: %s @ %s is wanted by URL, which is not supported: give a version",
                wanted->origin, requirement->name, requirement->url);
    else if (applies && constraint && requirement->extra_count)
        buf_set(search->error, "%s: the constraint of %s has extras, which only a requirement can have",
                wanted->origin, requirement->name);
    return search->error->len ? -1 : applies;
}

static struct wish *user_wish(struct resolve_search *search, const struct resolve_requirement *wanted,
                              bool constraint)
{
    const char *project = wanted->requirement->project;
    struct wish *wish = arena_alloc(&search->arena, sizeof(*wish));

    *wish = (struct wish){
        .requirement = wanted->requirement,
        .origin = wanted->origin,
        .constraint = constraint,
        .node = search_node(search, project, strlen(project)),
    };
    if (wanted->hash_count) { /* which file is the best depends on them */
        pointers_add(&wish->node->hashed, (void *)wanted);
        node_unload(wish->node);
    }
    return wish;
}

static int read_constraints(struct resolve_search *search)
{
    const struct resolve_request *request = search->request;

    for (size_t i = 0; i < request->constraint_count; i++) {
        int applies = check_wish(search, &request->constraints[i], true);
        if (applies < 0)
            return -1;
        if (!applies)
            continue;
        struct wish *wish = user_wish(search, &request->constraints[i], true);
        pointers_add(&wish->node->constraints, wish);
    }
    return 0;
}

static int read_requirements(struct resolve_search *search, struct pointers *wishes, struct pointers *nodes)
{
    const struct resolve_request *request = search->request;

    for (size_t i = 0; i < request->requirement_count; i++) {
        int applies = check_wish(search, &request->requirements[i], false);
        if (applies < 0)
            return -1;
        if (!applies)
            continue;
        struct wish *wish = user_wish(search, &request->requirements[i], false);
        /* The first of several for one project counts, as the user wrote them. */
        if (wish->node->order == SIZE_MAX)
            wish->node->order = i;
        pointers_add(wishes, wish);
        pointers_add(nodes, wish->node);
    }
    return 0;
}

static int search_begin(struct resolve_search *search)
{
    struct pointers wishes = {NULL, 0, 0};
    struct pointers nodes = {NULL, 0, 0};
    struct conflict conflict = {0};
    struct work work = {.search = search, .conflict = &conflict};
    int status = -1;

    buf_reset(search->error);
    if (read_constraints(search) == 0 && read_requirements(search, &wishes, &nodes) == 0) {
        nodes_announce(search, (struct resolve_node *const *)nodes.items, nodes.count);
        /* Everything that is wrong with the user's own requirements is reported at once. */
        status = 0;
        for (size_t i = 0; i < wishes.count && status >= 0; i++)
            status = add_wish(&work, wishes.items[i], NULL);
        if (status >= 0 && conflict.cause_count)
            status = no_versions(search, &conflict);
    }
    conflict_release(&conflict);
    free(wishes.items);
    free(nodes.items);
    return status < 0 ? -1 : 0;
}

/* ---- the answer ---- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_resolved(const void *a, const void *b)
{
    return strcmp(((const struct resolved *)a)->project, ((const struct resolved *)b)->project);
}

static void __attribute__((format(printf, 3, 4)))
add_note(struct resolution *out, struct pointers *notes, const char *format, ...)
{
    struct buf CLEANUP_BUF text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    pointers_add(notes, arena_strdup(&out->arena, text.data));
}

static void answer_extras(const struct resolve_search *search, const struct resolve_node *node,
                          struct resolved *item, struct resolution *out, struct pointers *notes)
{
    const char **extras = arena_alloc(&out->arena, node->extras.count * sizeof(*extras));

    for (size_t i = 0; i < node->extras.count; i++) {
        const struct edge *edge = node->extras.items[i];
        struct buf CLEANUP_BUF who = BUF_INIT;
        /* Without dependencies no metadata was read: then extras are taken on trust. */
        if (search->request->without_deps || metadata_has_extra(&node->pin->metadata, edge->extra)) {
            extras[item->extra_count++] = arena_strdup(&out->arena, edge->extra);
            continue;
        }
        explain_who(edge->wish, &who);
        add_note(out, notes, "%s %s has no extra \"%s\", which %s wants", item->project, item->version,
                 edge->extra, who.data);
    }
    if (item->extra_count)
        qsort(extras, item->extra_count, sizeof(*extras), compare_texts);
    item->extras = extras;
}

static void answer_node(const struct resolve_search *search, const struct resolve_node *node,
                        struct resolved *item, struct resolution *out, struct pointers *notes)
{
    struct buf CLEANUP_BUF who = BUF_INIT;
    const char *reason = node->pin->file->yanked_reason;

    /* The oldest edge is the first wish that asked for the project. */
    explain_who(((const struct edge *)node->edges.items[0])->wish, &who);
    *item = (struct resolved){
        .project = arena_strdup(&out->arena, node->project),
        .version = arena_strdup(&out->arena, node->pin->version.text),
        .file = node->pin->file,
        .sdist = node->pin->sdist,
        .wanted_by = arena_strdup(&out->arena, who.data),
    };
    answer_extras(search, node, item, out, notes);
    if (node->pin->yanked)
        add_note(out, notes, "%s %s was yanked%s%s, but %s pins it", item->project, item->version,
                 reason && *reason ? ": " : "", reason ? reason : "", item->wanted_by);
}

static struct resolution *make_answer(const struct resolve_search *search)
{
    struct resolution *out = xcalloc(1, sizeof(*out));
    struct pointers notes = {NULL, 0, 0};

    out->arena = (struct arena)ARENA_INIT;
    out->steps = search->steps;
    out->items = arena_alloc(&out->arena, search->levels.count * sizeof(*out->items));
    for (size_t i = 0; i < search->levels.count; i++)
        answer_node(search, ((const struct level *)search->levels.items[i])->node, &out->items[out->count++],
                    out, &notes);
    /* The order of the choices depends on the whole search: items and notes get one of their own. */
    if (out->count)
        qsort(out->items, out->count, sizeof(*out->items), compare_resolved);
    if (notes.count)
        qsort(notes.items, notes.count, sizeof(*notes.items), compare_texts);
    out->notes = (const char *const *)notes.items;
    out->note_count = notes.count;
    return out;
}

void resolution_free(struct resolution *resolution)
{
    if (!resolution)
        return;
    free((void *)resolution->notes);
    arena_release(&resolution->arena);
    free(resolution);
}

/* ---- from one search to the next ---- */

static void forget_choices(struct resolve_search *search)
{
    while (search->levels.count)
        pop_level(search);
    undo_trail(search, 0);
}

static void search_reset(struct resolve_search *search)
{
    forget_choices(search);
    for (struct resolve_node *node = search->nodes; node; node = node->hh.next) {
        if (node->hashed.count) /* the files of its releases were chosen by these hashes */
            node_unload(node);
        node->hashed.count = 0;
        node->constraints.count = 0;
        node->order = SIZE_MAX;
        node->deferred = 0;
        node->found_fault.count = 0;
        node->failure = 0;
        node->passed_over = 0;
    }
    search->steps = 0;
    search->deferrals = 0;
    search->failures = 0;
    search->choices = 0;
}

static void search_release(struct resolve_search *search)
{
    forget_choices(search);
    free(search->levels.items);
    free(search->trail.items);
    for (struct resolve_node *node = search->nodes; node; node = node->hh.next) {
        node_unload(node);
        free(node->constraints.items);
        free(node->hashed.items);
        free(node->edges.items);
        free(node->extras.items);
        free(node->found_fault.items);
    }
    HASH_CLEAR(hh, search->nodes);
    arena_release(&search->arena);
}

static int search_answer(struct resolve_search *search, struct resolution **out)
{
    *out = NULL;
    if (search_begin(search) < 0)
        return -1;
    while (push_level(search)) {
        int status;
        do
            status = search_step(search);
        while (status == 0);
        if (status < 0)
            return -1;
    }
    *out = make_answer(search);
    return 0;
}

int resolve(const struct resolve_request *request, struct resolution **out, struct buf *error)
{
    struct resolve_search search = {.request = request, .arena = ARENA_INIT, .error = error};
    int status = search_answer(&search, out);

    search_release(&search);
    return status;
}

struct resolve_session {
    struct resolve_request request;
    struct resolve_search search;
};

struct resolve_session *resolve_session_new(const struct resolve_request *common)
{
    struct resolve_session *session = xcalloc(1, sizeof(*session));

    session->request = *common;
    session->search = (struct resolve_search){.request = &session->request, .arena = ARENA_INIT};
    return session;
}

int resolve_session_run(struct resolve_session *session, const struct resolve_requirement *requirements,
                        size_t count, struct resolution **out, struct buf *error)
{
    struct resolve_search *search = &session->search;

    session->request.requirements = requirements;
    session->request.requirement_count = count;
    search->error = error;
    int status = search_answer(search, out);
    search_reset(search); /* also after a failure: pages and metadata that were read are kept */
    return status;
}

void resolve_session_free(struct resolve_session **session_)
{
    struct resolve_session *session = take_ptr(session_);

    if (!session)
        return;
    search_release(&session->search);
    free(session);
}

int resolve_each_version(const struct resolve_request *request, const char *project,
                         int (*visit)(void *arg, const char *version), void *arg, struct buf *error)
{
    struct resolve_search search = {.request = request, .arena = ARENA_INIT, .error = error};
    struct demand demand;
    int status = search_begin(&search);

    if (status == 0) {
        const struct resolve_node *node = search_node(&search, project, strlen(project));
        demand_init(&search, node, &demand);
        for (size_t i = 0; i < node->release_count && status == 0; i++)
            if (demand_takes(&demand, node->releases[i]))
                status = visit(arg, node->releases[i]->version.text);
    }
    search_release(&search);
    return status;
}
