/* Which packages of lock files a target needs: a breadth-first walk over the graph of each lock file
 * (lock_file.h). An extra or a dependency group is a set of edges of its own, which is walked once. The
 * answers of markers are kept, since they are the same few for thousands of edges. */
#include <stdlib.h>
#include <string.h>

#include "admin/prefetch/lists/lock_file.h"
#include "base/memory.h"
#include "formats/python/marker.h"

#define NOT_ASKED (-1)

struct selection {
    const struct lock_file *lock;
    const struct marker_environment *environment;
    const struct version *python;
    signed char *answers; /* by number of marker */
    bool *reached;        /* nodes */
    bool **done;          /* [node][group]: is or was in the queue */
    struct step {
        size_t node, group;
    } * queue;
    size_t queued;
    struct buf *error;
};

/* ---- conditions ---- */

/* 1, 0, or -1 with a sentence. */
static int marker_applies(struct selection *selection, const struct lock_file_marker *marker)
{
    signed char *answer = &selection->answers[marker->number];
    struct buf CLEANUP_BUF fault = BUF_INIT;

    if (*answer != NOT_ASKED)
        return *answer;
    struct marker CLEANUP_MARKER *parsed = marker_parse(marker->text, strlen(marker->text), &fault);
    int result = parsed ? marker_evaluate(parsed, selection->environment, &fault) : -1;
    /* Not taken for false: a package would be missing, and nobody would know why. */
    if (result < 0) {
        buf_set(selection->error, "%s: %s", selection->lock->path, fault.data);
        return -1;
    }
    *answer = (signed char)result;
    return result;
}

static int any_applies(struct selection *selection, const struct lock_file_markers *markers)
{
    for (size_t i = 0; i < markers->count; i++) {
        int answer = marker_applies(selection, markers->items[i]);
        if (answer)
            return answer;
    }
    return markers->count == 0;
}

static bool lock_file_python_fits(const struct selection *selection, const char *wanted)
{
    struct specifier_set CLEANUP_SPECIFIER_SET set = SPECIFIER_SET_INIT;

    /* A text that cannot be understood (Poetry has operators of its own) excludes nothing. */
    if (!wanted || !selection->python || specifier_set_parse(wanted, strlen(wanted), &set, NULL) < 0)
        return true;
    return specifier_set_contains(&set, selection->python, PRERELEASES_ALLOWED);
}

static int node_applies(struct selection *selection, const struct lock_file_node *node)
{
    return lock_file_python_fits(selection, node->python) ? any_applies(selection, &node->markers) : 0;
}

/* ---- the graph ---- */

static bool extra_wanted(const struct lock_file_edge *edge, const char *extra)
{
    for (size_t i = 0; i < edge->extra_count; i++)
        if (strcmp(edge->extras[i], extra) == 0)
            return true;
    return false;
}

/* A root is wanted with all its groups, anything else with those of the edge. */
static void reach_node(struct selection *selection, size_t node, const struct lock_file_edge *edge)
{
    const struct lock_file_node *target = &selection->lock->nodes[node];

    selection->reached[node] = true;
    for (size_t i = 0; i < target->group_count; i++) {
        const char *extra = target->groups[i].extra;
        if ((edge && extra && !extra_wanted(edge, extra)) || selection->done[node][i])
            continue;
        selection->done[node][i] = true;
        selection->queue[selection->queued++] = (struct step){node, i};
    }
}

/* The first node of a project: nodes are sorted by it. */
static size_t find_project(const struct lock_file *lock, const char *project)
{
    size_t low = 0;
    size_t high = lock->node_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(lock->nodes[middle].project, project) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Returns how many nodes the edge leads to; -1 with a sentence. */
static int follow_to(struct selection *selection, const struct lock_file_edge *edge, bool exactly)
{
    const struct lock_file *lock = selection->lock;
    int found = 0;

    for (size_t i = find_project(lock, edge->project);
         i < lock->node_count && strcmp(lock->nodes[i].project, edge->project) == 0; i++) {
        const struct lock_file_node *node = &lock->nodes[i];
        if (exactly && ((edge->version && node->version && strcmp(edge->version, node->version) != 0) ||
                        (edge->source && node->source && strcmp(edge->source, node->source) != 0)))
            continue;
        found++;
        /* uv may lock a project in several versions ("forks"); an edge that names none means the one for
         * this target. */
        int answer = edge->version && exactly ? 1 : node_applies(selection, node);
        if (answer < 0)
            return -1;
        if (answer)
            reach_node(selection, i, edge);
    }
    return found;
}

static int follow_edge(struct selection *selection, const struct lock_file_edge *edge)
{
    int answer = edge->marker ? marker_applies(selection, edge->marker) : 1;

    if (answer <= 0)
        return answer;
    int found = follow_to(selection, edge, true);
    /* The file lacks the version that the edge names: rather all than none. */
    return found ? (found < 0 ? -1 : 0) : (follow_to(selection, edge, false) < 0 ? -1 : 0);
}

/* Each group of each node is queued at most once, so the queue needs no more space than there are groups. */
static int walk_lock(struct selection *selection)
{
    const struct lock_file *lock = selection->lock;
    size_t groups = 0;

    for (size_t i = 0; i < lock->node_count; i++)
        groups += lock->nodes[i].group_count;
    bool *CLEANUP_FREE flags = xcalloc(groups + 1, sizeof(*flags));
    bool **CLEANUP_FREE done = xcalloc(lock->node_count + 1, sizeof(*done));
    struct step *CLEANUP_FREE queue = xcalloc(groups + 1, sizeof(*queue));
    for (size_t i = 0, at = 0; i < lock->node_count; at += lock->nodes[i].group_count, i++)
        done[i] = flags + at;
    selection->done = done;
    selection->queue = queue;
    for (size_t i = 0; i < lock->node_count; i++)
        if (lock->nodes[i].root)
            reach_node(selection, i, NULL);
    for (size_t at = 0; at < selection->queued; at++) {
        const struct lock_file_group *group = &lock->nodes[queue[at].node].groups[queue[at].group];
        for (size_t i = 0; i < group->edge_count; i++)
            if (follow_edge(selection, &group->edges[i]) < 0)
                return -1;
    }
    return 0;
}

/* ---- locks ---- */

static int check_target(struct selection *selection)
{
    const struct lock_file *lock = selection->lock;

    /* An error, not an empty choice: the lock file itself says that it was not made for this target. */
    if (!lock_file_python_fits(selection, lock->python)) {
        buf_set(selection->error, "%s is for Python %s, not for %s; lock it for that version, too",
                lock->path, lock->python, selection->environment->python_full_version);
        return -1;
    }
    int answer = any_applies(selection, &lock->platforms);
    if (answer == 0)
        buf_set(selection->error,
                "%s is not for this target: none of its environments is %s on %s %s; lock it for that, "
                "too",
                lock->path, selection->environment->python_full_version, selection->environment->sys_platform,
                selection->environment->platform_machine);
    return answer > 0 ? 0 : -1;
}

static int select_of(struct selection *selection, bool *applies)
{
    const struct lock_file *lock = selection->lock;
    bool *CLEANUP_FREE reached = xcalloc(lock->node_count + 1, sizeof(*reached));

    selection->reached = reached;
    selection->queued = 0;
    if (check_target(selection) < 0 || (lock->has_roots && walk_lock(selection) < 0))
        return -1;
    for (size_t i = 0; !lock->has_roots && i < lock->node_count; i++) {
        int answer = node_applies(selection, &lock->nodes[i]);
        if (answer < 0)
            return -1;
        reached[i] = answer;
    }
    for (size_t i = 0; i < lock->node_count; i++)
        if (lock->nodes[i].package != LOCK_NO_PACKAGE)
            applies[lock->nodes[i].package] = reached[i];
    return 0;
}

int wants_select(const struct wants *wants, const struct marker_environment *environment, bool *applies,
                 struct buf *error)
{
    const struct list_locks *locks = wants->locks;
    struct marker_environment any = *environment;
    const char *python = environment->python_full_version;
    struct version version;

    for (size_t i = 0; i < wants->package_count; i++)
        applies[i] = false;
    if (!locks)
        return 0;
    any.any_extra = true; /* a mirror serves everybody: whichever extras somebody installs later */
    signed char *CLEANUP_FREE answers = xmalloc(locks->marker_count + 1);
    memset(answers, NOT_ASKED, locks->marker_count + 1);
    /* If the target does not say its Python in full, requires-python excludes nothing. */
    bool known = python && version_parse(python, strlen(python), &version, NULL) == 0;
    for (size_t i = 0; i < locks->count; i++) {
        struct selection selection = {
            .lock = locks->items[i],
            .environment = &any,
            .python = known ? &version : NULL,
            .answers = answers,
            .error = error,
        };
        if (select_of(&selection, applies) < 0)
            return -1;
    }
    return 0;
}
